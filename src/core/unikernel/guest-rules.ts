// The rules for what a guest finds once it runs: its init, its arguments, its rootfs.

import { quote } from '../text.ts';
import { uruncKeys } from './urunc-annotations.ts';
import { isBefore } from './boot-rule.ts';
import type { BootRule, Seen } from './boot-rule.ts';
import { isTrue } from './values.ts';

export const guestRules: readonly BootRule[] = [
  {
    name: 'urunit-kernel',
    level: 'warning',
    at: 'binary',
    finds: (seen: Seen): string | undefined => {
      const version = seen.binary?.linux?.version;
      if (!isLinux(seen) || !hasUrunit(seen) || version === undefined || !isBefore(version, [6, 8]))
        return undefined;
      return `expected Linux 6.8 or later for urunit, got ${quote(version)} in ${quote(seen.label('binary'))}`;
    },
    hint: 'Use a newer kernel: urunit reads its configuration from /sys/firmware/initrd, which older ones lack.',
  },
  {
    name: 'init-path',
    level: 'warning',
    at: 'cmdline',
    finds: (seen: Seen): string | undefined => {
      const [init] = seen.words;
      if (!isLinux(seen) || init === undefined || hasUrunit(seen)) return undefined;
      if (!init.startsWith('/'))
        return `expected an absolute path as the first word for a Linux guest, got ${quote(init)}`;
      // Otherwise the init is in a file that isn't examined.
      const isInRootfs = seen.label('initrd') === '' && seen.label('block') === '';
      return isInRootfs && !seen.provides(init)
        ? `expected the init ${quote(init)} in the image, which nothing provides`
        : undefined;
    },
    hint: 'Begin ENTRYPOINT or CMD with the path of the program that the kernel starts.',
  },
  {
    name: 'long-command-line',
    level: 'warning',
    at: 'cmdline',
    finds: (seen: Seen): string | undefined => {
      if (!isLinux(seen) || hasUrunit(seen) || seen.binary === undefined) return undefined;
      const longest = seen.binary.linux?.longestCommandLine ?? 2047;
      const length = [...seen.words, ...seen.environment].reduce(
        (sum, word) => sum + Buffer.byteLength(word) + 1,
        0,
      );
      return length > longest
        ? `expected at most ${longest} bytes of arguments and environment for the kernel, got ${length}`
        : undefined;
    },
    hint: 'Shorten them, or start urunit, which reads them from a file.',
  },
  {
    name: 'rootfs-on-firecracker',
    level: 'warning',
    at: 'mountRootfs',
    finds: ({ label }: Seen): string | undefined =>
      label('hypervisor') === 'firecracker' && isTrue(label('mountRootfs'))
        ? `"${uruncKeys.mountRootfs}" on firecracker needs containerd's snapshotter devmapper or blockfile`
        : undefined,
    hint: 'Set the node up so, or bring an initrd or a block device in the image.',
  },
];

const isLinux = ({ label }: Seen) => label('unikernelType') === 'linux';

const hasUrunit = ({ words }: Seen) => words[0]?.includes('urunit') === true;
