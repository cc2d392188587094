// Tags that have a meaning of their own, which the name of a branch must not take.

/** Such as `a version`; undefined for a tag like any other. */
export function meaningOfTag(tag: string): string | undefined {
  if (tag === 'latest') return 'what everybody gets who names no tag';
  // `7-fix` and `v8-engine` are names of branches, `7`, `v8` and `1.2-rc.1` are versions.
  if (/^v?\d+(?:(?:\.\d+)+(?:[-+_].*)?)?$/.test(tag)) return 'a version';
  return meaningForImages(tag);
}

/** The same without those that git tags give. */
export function meaningForImages(tag: string): string | undefined {
  if (/^pr-\d+$/.test(tag)) return "a pull request's";
  return /^sha(?:256|512)-/.test(tag) ? 'of signatures or other referrers' : undefined;
}
