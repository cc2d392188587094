// `bima completion`: the script of a shell.

import { BimaError } from '../core/errors.ts';
import { nearest } from '../core/suggest.ts';
import type { Options } from './args.ts';
import { completionScript, shells } from './completion.ts';
import { onePositional } from './options.ts';
import type { Terminal } from './terminal.ts';

export function runCompletion(
  positionals: readonly string[],
  _options: Options,
  terminal: Terminal,
): Promise<number> {
  const name = onePositional('completion', positionals, `one of ${shells.join(', ')}`);
  const shell = shells.find((one) => one === name);
  if (shell === undefined) {
    const close = nearest(name, shells);
    throw new BimaError('INPUT_INVALID', `expected one of ${shells.join(', ')}, got "${name}"`, {
      ...(close === undefined ? {} : { hint: `Did you mean "${close}"?` }),
    });
  }
  terminal.stdout(completionScript(shell));
  return Promise.resolve(0);
}
