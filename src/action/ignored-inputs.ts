// Inputs that say how an image is built, beside one that says not to build.

import type { Problem } from '../core/errors.ts';
import type { Inputs } from './inputs.ts';

/** A warning for what had no effect: the images of `from-layout` stay as they are, that of `from-image` has no Containerfile. */
export function ignoredInputs(
  inputs: Pick<
    Inputs,
    | 'conversion'
    | 'fromLayout'
    | 'file'
    | 'buildArguments'
    | 'target'
    | 'labels'
    | 'annotations'
    | 'provenance'
    | 'container'
  >,
): Problem[] {
  const { fromLayout, file, buildArguments, target, labels, annotations, container, provenance } = inputs;
  if (inputs.conversion !== undefined) return ignoredBy(inputs);
  if (fromLayout.length === 0) return [];
  const ignored = [
    ...(file === undefined ? [] : ['file']),
    ...(buildArguments.size === 0 ? [] : ['build-args']),
    ...(target === undefined ? [] : ['target']),
    ...(labels.length === 0 ? [] : ['labels']),
    ...(container ? ['container'] : []),
    // Theirs, if they have one, goes along with them.
    ...(provenance ? ['provenance'] : []),
  ];
  // Beside other levels those of manifests are no mistake: docker/metadata-action writes the same for each level.
  const isForManifests = annotations.length > 0 && annotations.every(({ level }) => level === 'manifest');
  if (isForManifests) ignored.push('annotations');
  if (ignored.length === 0) return [];
  const hint = 'Set them where the image is built.';
  return [
    {
      code: 'INPUT_INVALID',
      message: `the images of "from-layout" stay as they are: ${ignored.join(', ')} had no effect`,
      hint: isForManifests ? `${hint} An index takes annotations that start with "index:".` : hint,
    },
  ];
}

/** A conversion reads no Containerfile, and its provenance would be that of one. */
function ignoredBy({
  file,
  buildArguments,
  target,
  container,
  provenance,
}: Pick<Inputs, 'file' | 'buildArguments' | 'target' | 'container' | 'provenance'>): Problem[] {
  const ignored = [
    ...(file === undefined ? [] : ['file']),
    ...(buildArguments.size === 0 ? [] : ['build-args']),
    ...(target === undefined ? [] : ['target']),
    ...(container ? ['container'] : []),
    ...(provenance ? ['provenance'] : []),
  ];
  if (ignored.length === 0) return [];
  const message = `the image of "from-image" needs no Containerfile: ${ignored.join(', ')} had no effect`;
  return [{ code: 'INPUT_INVALID', message, hint: 'Leave them out, or leave out "from-image" to build.' }];
}
