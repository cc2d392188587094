// The values of `--build-context` and of the input `build-contexts`.

import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';

/**
 * Reads NAME=PLACE: a folder, an image on disk such as `oci:path`, or `docker-image://name` for one in a registry. The
 * last place of a name counts.
 * @param place what the texts come from, for errors
 * @throws BimaError INPUT_INVALID
 */
export function parseBuildContexts(texts: readonly string[], place: string): ReadonlyMap<string, string> {
  const contexts = new Map<string, string>();
  for (const text of texts) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (!/^[a-z0-9][a-z0-9._/:@-]*$/i.test(name) || value === '') {
      throw new BimaError('INPUT_INVALID', `expected NAME=PLACE in ${place}, got ${quote(text)}`, {
        hint: 'PLACE is a folder, an image on disk such as oci:path, or docker-image://name for one in a registry.',
      });
    }
    if (/^(?:https?|git|ssh):\/\/|^git@/i.test(value)) {
      throw new BimaError('INPUT_INVALID', `expected a folder or an image in ${place}, got ${quote(value)}`, {
        hint: 'Clone or download it in a step before, and name the folder.',
      });
    }
    contexts.set(name, value);
  }
  return contexts;
}

/** The place that a FROM or a COPY --from means; undefined for a name without one. */
export function findBuildContext(contexts: ReadonlyMap<string, string>, name: string): string | undefined {
  return contexts.get(name) ?? contexts.get(name.replace(/:latest$/, ''));
}
