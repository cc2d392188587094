// Where the records of what a user has built are: in the folder for what programs can make again.

import { isAbsolute, join } from 'node:path';
import { OwnRecords } from '../adapters/disk/own-records.ts';
import type { OwnRecordsOptions } from '../adapters/disk/own-records.ts';
import type { Terminal } from './terminal.ts';

/** Undefined on systems where nothing is noted, and for a user without a home (XDG Base Directory Specification). */
export function openRecords(
  { environment, home }: Pick<Terminal, 'environment' | 'home'>,
  options: Omit<OwnRecordsOptions, 'cacheHome'>,
): OwnRecords | undefined {
  if (process.platform !== 'linux') return undefined;
  const { XDG_CACHE_HOME: named = '' } = environment;
  const cacheHome = isAbsolute(named) ? named : home === undefined ? undefined : join(home, '.cache');
  return cacheHome === undefined ? undefined : new OwnRecords({ ...options, cacheHome });
}
