// Loaded into a child process with --import: writes what the process has used to the file that USAGE_REPORT names.

import { readFileSync, writeFileSync } from 'node:fs';

/** What a process has used. */
export interface Usage {
  /** The most memory at a time, in bytes. */
  readonly peak: number;
  /** Bytes that it has read and written with system calls, whatever they were for. */
  readonly read: number;
  readonly written: number;
}

process.on('exit', () => {
  const io = readFileSync('/proc/self/io', 'utf8');
  const count = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1]);
  const usage: Usage = {
    peak: process.resourceUsage().maxRSS * 1024,
    read: count('rchar'),
    written: count('wchar'),
  };
  writeFileSync(process.env.USAGE_REPORT ?? '', JSON.stringify(usage));
});
