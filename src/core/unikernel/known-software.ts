// What a unikernel is made of, as scanners know it: its framework, and what is linked into it.

import { formatCpe, formatPackageUrl } from '../oci/package-url.ts';
import type { BinaryFacts, LinuxFacts } from './examine-binary.ts';

export interface Software {
  readonly name: string;
  readonly version?: string;
  /** A note on the version. */
  readonly comment?: string;
  /** A package URL. */
  readonly purl: string;
  /** A name of the Common Platform Enumeration. */
  readonly cpe?: string;
  /** As the binary has it, which may be any text. */
  readonly licence?: string;
}

interface Framework {
  /** What its repository is called, in a package URL. */
  readonly path: string;
  /** What its tags have before the version. */
  readonly tagPrefix?: string;
  /** Part, vendor and product. */
  readonly cpe: string;
}

/** By the type that urunc has for them. */
const frameworks: ReadonlyMap<string, Framework> = new Map([
  ['unikraft', { path: 'github/unikraft/unikraft', tagPrefix: 'RELEASE-', cpe: 'a:unikraft:unikraft' }],
  ['mirage', { path: 'github/mirage/mirage', tagPrefix: 'v', cpe: 'a:mirage:mirage' }],
  ['rumprun', { path: 'github/rumpkernel/rumprun', cpe: 'a:rumpkernel:rumprun' }],
  ['hermit', { path: 'github/hermit-os/kernel', tagPrefix: 'v', cpe: 'o:hermit-os:kernel' }],
  ['mewz', { path: 'github/mewz-project/mewz', tagPrefix: 'v', cpe: 'a:mewz-project:mewz' }],
  ['linux', { path: 'generic/linux', cpe: 'o:linux:linux_kernel' }],
  ['freebsd', { path: 'generic/freebsd', cpe: 'o:freebsd:freebsd' }],
]);

export interface UnikernelLabels {
  readonly type: string | undefined;
  readonly version: string | undefined;
}

export interface UnikernelSoftware {
  readonly unikernel: Software;
  /** What is linked into it. */
  readonly parts: readonly Software[];
}

/** @param labels what they say counts where the binary doesn't tell */
export function findSoftware(facts: BinaryFacts, labels: UnikernelLabels): UnikernelSoftware {
  const { unikraft, linux, hermit } = facts;
  const [type, version] = [present(labels.type), present(labels.version)];
  const marked = unikraft !== undefined ? 'unikraft' : linux !== undefined ? 'linux' : undefined;
  const name = type ?? marked ?? (hermit === undefined ? 'unikernel' : 'hermit');
  const found = { unikraft: unikraft?.version, linux: linux?.version, hermit: hermit?.version };
  const own = Object.entries(found).find(([key]) => key === name)?.[1] ?? version;
  const unikernel =
    name === 'linux' && linux !== undefined ? linuxSoftware(linux, own, facts) : frameworkSoftware(name, own);
  // MirageOS is linked with it.
  const below =
    unikraft === undefined || name === 'unikraft' ? [] : [frameworkSoftware('unikraft', unikraft.version)];
  const named = (unikraft?.libraries ?? []).filter((library) => present(library.name) !== undefined);
  const libraries = named.map((library): Software => {
    const { version: given, ...more } = library;
    const ofLibrary = present(given);
    const shown = ofLibrary ?? unikraft?.version;
    return {
      ...more,
      ...(shown === undefined ? {} : { version: shown }),
      ...(ofLibrary !== undefined || shown === undefined
        ? {}
        : { comment: 'The version is that of the Unikraft that it was built with.' }),
      purl: formatPackageUrl(`generic/${library.name}`, shown),
    };
  });
  return { unikernel, parts: [...below, ...libraries] };
}

/** Empty texts say nothing. */
function present(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

function frameworkSoftware(name: string, version: string | undefined): Software {
  const { path = `generic/${name}`, tagPrefix = '', cpe } = frameworks.get(name) ?? {};
  if (version === undefined) return { name, purl: formatPackageUrl(path, undefined) };
  const bare = version.replace(/^v(?=\d)/, '');
  return describeVersion(name, version, formatPackageUrl(path, `${tagPrefix}${bare}`), cpe, bare);
}

/** Debian's kernels say which package they are of; its version begins with that of the sources, which their own lacks. */
function linuxSoftware(
  { version: release, debianVersion }: LinuxFacts,
  version: string | undefined,
  { architecture = 'unknown' }: BinaryFacts,
): Software {
  if (debianVersion === undefined || release === undefined) {
    const framework = frameworkSoftware('linux', version);
    // What follows the numbers is the name of a build.
    const [upstream] = /^\d+(?:\.\d+)+/.exec(version ?? '') ?? [];
    const cpe = upstream === undefined ? undefined : formatCpe('o:linux:linux_kernel', upstream);
    return { ...framework, ...(cpe === undefined ? {} : { cpe }) };
  }
  const purl = formatPackageUrl(`deb/debian/linux-image-${release}`, debianVersion, [['arch', architecture]]);
  const [upstream = debianVersion] = debianVersion.split('-');
  return describeVersion('linux', release, purl, 'o:linux:linux_kernel', upstream);
}

function describeVersion(
  name: string,
  version: string,
  purl: string,
  product: string | undefined,
  upstream: string,
): Software {
  const cpe = product === undefined ? undefined : formatCpe(product, upstream);
  return { name, version, purl, ...(cpe === undefined ? {} : { cpe }) };
}
