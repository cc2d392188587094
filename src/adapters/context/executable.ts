// Whether a file of the context is executable: its bit says so, or, on Windows, which has none, what it begins with.

import { closeSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { isProgram } from '../../core/unikernel/content.ts';
import { absolutePath } from './disk.ts';
import type { Place } from './disk.ts';
import type { FoundFile } from '../../core/files/match.ts';

/** Enough bytes to tell a program from other files. */
const headSize = 4;

export function readExecutable(
  place: Place,
  path: string,
  stats: Pick<Stats, 'mode'>,
  platform: NodeJS.Platform = process.platform,
): Pick<FoundFile, 'executable' | 'isGuessed'> {
  if (platform !== 'win32') return { executable: (stats.mode & 0o111) !== 0 };
  return { executable: isProgram(readHead(absolutePath(place, path))), isGuessed: true };
}

/** The first bytes; empty for a file that can't be read: packing it will report that. */
function readHead(path: string): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const head = new Uint8Array(headSize);
    return head.subarray(0, readSync(file, head, 0, headSize, 0));
  } catch {
    return new Uint8Array();
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
