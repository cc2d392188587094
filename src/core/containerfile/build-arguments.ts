// The values of `--build-arg` and of the input `build-args`.

import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';
import { isVariableName } from './arg.ts';

/**
 * Reads NAME=value, or NAME alone for the value that the environment has, as Docker does: without one there, the default
 * of ARG stays. The last value of a name counts. No error shows a value: it may be a secret.
 * @param place what the texts come from, for errors
 * @throws BimaError INPUT_INVALID
 */
export function parseBuildArguments(
  texts: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  place: string,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    if (!isVariableName(name)) {
      const problem = `expected NAME=value in ${place}, got ${equals === -1 ? 'the' : 'a value for the'} name ${quote(name)}`;
      throw new BimaError('INPUT_INVALID', problem, {
        hint: 'A name has letters, digits and "_", and begins with no digit.',
      });
    }
    const value = equals === -1 ? environment[name] : text.slice(equals + 1);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}
