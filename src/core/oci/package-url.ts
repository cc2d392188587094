// The two names by which scanners find a package: package URLs (github.com/package-url/purl-spec) and names of the
// Common Platform Enumeration 2.3 (NISTIR 7695, 6.2).

import type { Digest } from './digest.ts';
import type { Reference } from './reference.ts';

/**
 * @param path of the package, with `/` as separator, such as `github/owner/name`
 * @param qualifiers in the order of their names
 */
export function formatPackageUrl(
  path: string,
  version: string | undefined,
  qualifiers: readonly (readonly [key: string, value: string])[] = [],
): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const query = qualifiers.map(
    ([key, value]) => `${key}=${encodeURIComponent(value).replaceAll('%2F', '/')}`,
  );
  return [
    `pkg:${encoded}`,
    version === undefined ? '' : `@${encodeURIComponent(version)}`,
    query.length === 0 ? '' : `?${query.join('&')}`,
  ].join('');
}

/** That of an image in a registry. @param architecture as GOARCH names it */
export function imagePackageUrl(
  { registry, repository, tag }: Reference,
  digest: Digest,
  architecture: string,
): string {
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  return formatPackageUrl(`oci/${name}`, digest, [
    ['arch', architecture],
    ['repository_url', `${registry}/${repository}`],
    ...(tag === undefined ? [] : [['tag', tag] as const]),
  ]);
}

/** @param product such as `o:linux:linux_kernel`. Undefined for a version that has no place in such a name. */
export function formatCpe(product: string, version: string): string | undefined {
  if (!/^[!-~]+$/.test(version)) return undefined;
  const quoted = version.toLowerCase().replaceAll(/[^a-z0-9._-]/g, String.raw`\$&`);
  return `cpe:2.3:${product}:${quoted}:*:*:*:*:*:*:*`;
}
