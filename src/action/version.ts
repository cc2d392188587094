// Versions in the names of git tags (semver.org), as far as their order goes.

/** The three numbers of a version that is no prerelease; undefined for everything else. Build metadata after `+` is ignored. */
export function parseVersion(tag: string): readonly bigint[] | undefined {
  const numbers = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:\+[0-9A-Za-z.-]+)?$/.exec(tag)?.slice(1);
  return numbers?.map(BigInt);
}

/** True when both are versions, and the first is the higher one. */
export function isHigherVersion(tag: string, other: string): boolean {
  const [left, right] = [parseVersion(tag), parseVersion(other)];
  if (left === undefined || right === undefined) return false;
  const index = left.findIndex((number, position) => number !== right[position]);
  return index !== -1 && (left[index] ?? 0n) > (right[index] ?? 0n);
}
