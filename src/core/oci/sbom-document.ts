// SPDX 2.3 documents of images (https://spdx.github.io/spdx-spec/v2.3/): data in, JSON out.
// Written here, since the packages for SPDX on npm handle licence expressions, not documents.

import { createHash } from 'node:crypto';
import type { Descriptor } from './descriptor.ts';
import { hexOf } from './digest.ts';
import { encodeJson } from './json.ts';
import type { Platform } from './platform.ts';
import { formatReference } from './reference.ts';
import type { Reference } from './reference.ts';

export interface PackedFile {
  /** From the root of the image, without a leading slash. */
  readonly path: string;
  /** Hexadecimal, as is `sha256`. */
  readonly sha1: string;
  readonly sha256: string;
}

export interface SbomImage {
  readonly manifest: Descriptor;
  readonly platform: Platform;
  /** What its labels say, in want of a tag. */
  readonly version?: string;
  readonly files: readonly PackedFile[];
}

export interface SbomSubject {
  /** The manifest, or the index of several. */
  readonly root: Descriptor;
  readonly images: readonly SbomImage[];
  /** The first one names the packages. */
  readonly references: readonly Reference[];
  /** Seconds since 1970. */
  readonly created: number;
}

const unknown = 'NOASSERTION';

/** The same subject gives the same bytes. */
export function encodeSbom(subject: SbomSubject): Uint8Array {
  const { root, images, references, created } = subject;
  const [reference] = references;
  const name = reference === undefined ? 'image' : formatReference(reference);
  const packages = images.map((image, at) => describePackage(image, at, reference));
  const files = images.map((image, at) => image.files.map((file, number) => describeFile(file, at, number)));
  return encodeJson({
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    // Unique for what the document is of, and the same each time it is made.
    documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(name)}-${hexOf(root.digest)}`,
    creationInfo: { created: formatTime(created), creators: ['Tool: bima'] },
    packages,
    files: files.flat(),
    relationships: [
      ...packages.map(({ SPDXID }) => relate('SPDXRef-DOCUMENT', 'DESCRIBES', SPDXID)),
      ...files.flatMap((list, at) => list.map(({ SPDXID }) => relate(imageId(at), 'CONTAINS', SPDXID))),
    ],
  });
}

function describePackage(image: SbomImage, at: number, reference: Reference | undefined) {
  const { manifest, platform, files } = image;
  const version = reference?.tag ?? image.version;
  return {
    SPDXID: imageId(at),
    name: reference === undefined ? 'image' : `${reference.registry}/${reference.repository}`,
    ...(version === undefined ? {} : { versionInfo: version }),
    downloadLocation: unknown,
    filesAnalyzed: true,
    packageVerificationCode: { packageVerificationCodeValue: verificationCode(files) },
    checksums: [{ algorithm: 'SHA256', checksumValue: hexOf(manifest.digest) }],
    primaryPackagePurpose: 'CONTAINER',
    ...(reference === undefined
      ? {}
      : {
          externalRefs: [
            {
              referenceCategory: 'PACKAGE-MANAGER',
              referenceType: 'purl',
              referenceLocator: packageUrl(reference, manifest, platform),
            },
          ],
        }),
    licenseConcluded: unknown,
    licenseInfoFromFiles: [unknown],
    licenseDeclared: unknown,
    copyrightText: unknown,
  };
}

function describeFile({ path, sha1, sha256 }: PackedFile, at: number, number: number) {
  return {
    SPDXID: `SPDXRef-File-${at + 1}-${number + 1}`,
    fileName: `./${path}`,
    checksums: [
      { algorithm: 'SHA1', checksumValue: sha1 },
      { algorithm: 'SHA256', checksumValue: sha256 },
    ],
    licenseConcluded: unknown,
    licenseInfoInFiles: [unknown],
    copyrightText: unknown,
  };
}

/** SPDX 2.3, 7.9: the SHA-1 of all files' SHA-1s, sorted, one after the other. */
function verificationCode(files: readonly PackedFile[]): string {
  const sums = files.map(({ sha1 }) => sha1).sort();
  return createHash('sha1').update(sums.join('')).digest('hex');
}

/** github.com/package-url/purl-spec, type oci. */
function packageUrl(
  { registry, repository, tag }: Reference,
  manifest: Descriptor,
  { architecture }: Platform,
) {
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  const qualifiers = [
    `arch=${encodeURIComponent(architecture)}`,
    `repository_url=${encodeURIComponent(`${registry}/${repository}`).replaceAll('%2F', '/')}`,
    ...(tag === undefined ? [] : [`tag=${encodeURIComponent(tag)}`]),
  ];
  return `pkg:oci/${name}@${encodeURIComponent(manifest.digest)}?${qualifiers.join('&')}`;
}

function relate(from: string, relationshipType: string, to: string) {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}

function imageId(at: number): string {
  return `SPDXRef-Image-${at + 1}`;
}

/** SPDX knows whole seconds only. */
function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
