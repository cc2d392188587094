// urunit's configuration as urunc v0.7 and later write it (urunc, pkg/unikontainers/unikernels/linux.go): environment,
// user and folder of the program, and block devices, of which there are none besides the root here. Pure.

import type { Guest } from './guest.ts';

/** Where urunit finds it in an initrd, relative to the root. */
export const urunitConfigPath = 'urunit.conf';

export function encodeUrunitConfig({ environment, process }: Pick<Guest, 'environment' | 'process'>): string {
  const { uid, gid, folder } = process;
  const lines = [
    ...['UES', ...environment, 'UEE'],
    ...['UCS', `UID:${uid}`, `GID:${gid}`, `WD:${folder}`, 'UCE'],
    ...['UBS', 'UBE'],
  ];
  return `${lines.join('\n')}\n`;
}
