// What is said of inputs that an action doesn't have: the runner lists all that it does have, and no more.

import type { Environment } from '../core/environment.ts';
import type { Problem } from '../core/errors.ts';
import { nearest } from '../core/suggest.ts';

/** Inputs of docker/build-push-action and redhat-actions/buildah-build that this action doesn't have. */
const foreign: Readonly<Record<string, string>> = {
  'no-cache': 'Set reuse: false.',
  pull: 'Tags of base images are looked up on each build anyway.',
  outputs: 'Set oci-layout, tar, push or load.',
  attests: 'Set sbom and provenance, and attest to sign them.',
  'cache-from': 'Layers are taken over from the image that is at the tag.',
  'cache-to': 'Layers are taken over from the image that is at the tag.',
  secrets: 'No program runs during a build, so none could use a secret.',
  'secret-files': 'No program runs during a build, so none could use a secret.',
  ssh: 'No program runs during a build, so none could use a key.',
  builder: 'There is no builder to choose.',
  containerfiles: 'Set file.',
  dockerfiles: 'Set file.',
  archs: 'Set platforms, as in linux/amd64,linux/arm64.',
  platform: 'Set platforms.',
  arch: 'Set platforms, as in linux/arm64.',
};

/**
 * A warning for each input that is set and unknown, where there is something to say of it.
 * @param environment the runner's, in which an input is a variable in capitals
 * @param names those that the action has
 */
export function unknownInputs(environment: Environment, names: readonly string[]): Problem[] {
  const known = new Set(names);
  return Object.entries(environment).flatMap(([variable, value]) => {
    const name = /^INPUT_(.+)$/.exec(variable)?.[1]?.toLowerCase();
    if (name === undefined || known.has(name) || (value ?? '') === '') return [];
    const remedy = Object.hasOwn(foreign, name) ? foreign[name] : undefined;
    const close = nearest(name.replaceAll('_', '-'), names);
    const hint = remedy ?? (close === undefined ? undefined : `Did you mean "${close}"?`);
    if (hint === undefined) return [];
    return [{ code: 'INPUT_INVALID', message: `the action has no input "${name}": it had no effect`, hint }];
  });
}
