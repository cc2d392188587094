// The labels of a base image beside those of the build: ours win, and what follows from another label is made anew.

import { uruncKeys, uruncPrefix } from './urunc-annotations.ts';
import type { LabelInput } from './labels.ts';

/**
 * What a base image says of its unikernel: its config's labels, and urunc's own among the manifest's annotations,
 * where no label says it.
 */
export function labelsOfBase(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const urunc = Object.entries(annotations).filter(([key]) => key.startsWith(uruncPrefix));
  return new Map([...urunc, ...Object.entries(labels)]);
}

/**
 * The inherited labels that still hold beside those of the build.
 * @param own of the build, in any order
 * @param hasArguments whether the build has a CMD or an ENTRYPOINT of its own
 */
export function keptLabels(
  inherited: readonly LabelInput[],
  own: readonly LabelInput[],
  hasArguments: boolean,
): readonly LabelInput[] {
  const given = new Set(own.map(({ key }) => key));
  const versions: readonly string[] = [uruncKeys.version, uruncKeys.unikernelVersion];
  const hasVersion = versions.some((key) => given.has(key));
  return inherited.filter(({ key }) => {
    // The two names of the version always say the same.
    if (hasVersion && versions.includes(key)) return false;
    // The guest's command line is that of our own CMD, which a label of the base would contradict.
    return !(hasArguments && key === uruncKeys.cmdline);
  });
}
