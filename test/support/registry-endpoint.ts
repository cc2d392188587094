// The paths of the distribution API, told apart.

export interface Endpoint {
  readonly kind: 'base' | 'uploads' | 'upload' | 'blob' | 'manifest' | 'tags' | 'referrers' | 'unknown';
  /** Empty for the base endpoint and for unknown ones. */
  readonly repository: string;
  /** The digest, the tag or the upload's id. */
  readonly name: string;
}

const name = '([a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*)';

const patterns: readonly (readonly [Endpoint['kind'], RegExp])[] = [
  ['base', /^\/v2\/$/],
  ['uploads', new RegExp(`^/v2/${name}/blobs/uploads/$`)],
  ['upload', new RegExp(`^/v2/${name}/blobs/uploads/([a-z0-9-]+)$`)],
  ['blob', new RegExp(`^/v2/${name}/blobs/(sha256:[0-9a-f]{64})$`)],
  ['manifest', new RegExp(`^/v2/${name}/manifests/(sha256:[0-9a-f]{64}|[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})$`)],
  ['tags', new RegExp(`^/v2/${name}/tags/list$`)],
  ['referrers', new RegExp(`^/v2/${name}/referrers/(sha256:[0-9a-f]{64})$`)],
];

/** @param path without the query; a percent-encoded colon is taken as a colon */
export function parseEndpoint(path: string): Endpoint {
  const plain = path.replaceAll(/%3a/gi, ':');
  for (const [kind, pattern] of patterns) {
    const match = pattern.exec(plain);
    if (match !== null) return { kind, repository: match[1] ?? '', name: match[2] ?? '' };
  }
  return { kind: 'unknown', repository: '', name: '' };
}
