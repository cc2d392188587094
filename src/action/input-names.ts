// The names of the inputs of both actions, read from their files. The bundler puts the names in place of this file.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Those of the action itself. */
export const inputNames: readonly string[] = readNamesIn('action.yml');

/** Those of the cleanup. */
export const cleanupInputNames: readonly string[] = readNamesIn('cleanup/action.yml');

function readNamesIn(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  const section = text.slice(text.indexOf('\ninputs:\n'), text.indexOf('\noutputs:\n'));
  return [...section.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name = '']) => name);
}
