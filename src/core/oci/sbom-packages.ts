// The packages of a bill of materials: images, the unikernels in them and what those are linked from, and the images
// that they are made of (SPDX 2.3, section 7).

import { createHash } from 'node:crypto';
import type { Software, UnikernelSoftware } from '../unikernel/known-software.ts';
import type { Descriptor } from './descriptor.ts';
import { hexOf } from './digest.ts';
import type { ImageOrigin } from './image-origin.ts';
import type { DeclaredLicences } from './licence-expression.ts';
import { formatPackageUrl, imagePackageUrl } from './package-url.ts';
import type { Platform } from './platform.ts';
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
  readonly version?: string | undefined;
  /** Who hands it out. */
  readonly supplier?: string | undefined;
  readonly files: readonly PackedFile[];
  /** What the file that its label names is made of. */
  readonly unikernel?: (UnikernelSoftware & { readonly path: string }) | undefined;
  readonly origins: readonly ImageOrigin[];
}

export const unknown = 'NOASSERTION';

/** A package as SPDX has it. */
export interface SbomPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo?: string;
  readonly supplier: string;
  readonly packageFileName?: string;
  readonly downloadLocation: string;
  readonly filesAnalyzed: boolean;
  readonly packageVerificationCode?: { readonly packageVerificationCodeValue: string };
  readonly checksums?: readonly { readonly algorithm: string; readonly checksumValue: string }[];
  readonly primaryPackagePurpose: 'CONTAINER' | 'OPERATING-SYSTEM' | 'LIBRARY';
  readonly externalRefs?: readonly ExternalRef[];
  readonly comment?: string;
  readonly licenseConcluded: string;
  readonly licenseInfoFromFiles?: readonly string[];
  readonly licenseDeclared: string;
  readonly copyrightText: string;
}

interface ExternalRef {
  readonly referenceCategory: string;
  readonly referenceType: string;
  readonly referenceLocator: string;
}

/** The image itself. */
export function describeImage(
  image: SbomImage,
  SPDXID: string,
  reference: Reference | undefined,
): SbomPackage {
  const { manifest, platform, files, supplier } = image;
  const version = reference?.tag ?? image.version;
  return {
    SPDXID,
    name: reference === undefined ? 'image' : `${reference.registry}/${reference.repository}`,
    ...(version === undefined ? {} : { versionInfo: version }),
    supplier: organization(supplier),
    downloadLocation: unknown,
    filesAnalyzed: true,
    packageVerificationCode: { packageVerificationCodeValue: verificationCode(files) },
    checksums: [{ algorithm: 'SHA256', checksumValue: hexOf(manifest.digest) }],
    primaryPackagePurpose: 'CONTAINER',
    ...(reference === undefined
      ? {}
      : { externalRefs: [purlRef(imagePackageUrl(reference, manifest.digest, platform.architecture))] }),
    licenseConcluded: unknown,
    licenseInfoFromFiles: [unknown],
    licenseDeclared: unknown,
    copyrightText: unknown,
  };
}

/** The unikernel: its owner has built it, and what is linked into it. */
export function describeUnikernel(
  { unikernel, files, supplier }: SbomImage,
  SPDXID: string,
): SbomPackage | undefined {
  if (unikernel === undefined) return undefined;
  const file = files.find(({ path }) => path === unikernel.path);
  return {
    ...describeSoftware(unikernel.unikernel, SPDXID, supplier),
    packageFileName: `./${unikernel.path}`,
    ...(file === undefined ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: file.sha256 }] }),
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    ...withoutFiles,
  };
}

export function describePart(
  part: Software,
  SPDXID: string,
  supplier: string | undefined,
  licences: DeclaredLicences,
): SbomPackage {
  return {
    ...describeSoftware(part, SPDXID, supplier),
    primaryPackagePurpose: 'LIBRARY',
    ...withoutFiles,
    ...(part.licence === undefined || part.licence.trim() === ''
      ? {}
      : { licenseDeclared: licences.expressionOf(part.licence) }),
  };
}

/**
 * An image that this one is built on, or has files of.
 * @param supplier of the image itself, whose own those on disk are
 */
export function describeOrigin(
  origin: ImageOrigin,
  SPDXID: string,
  supplier: string | undefined,
): SbomPackage {
  const { name, reference, digest, platform, labels } = origin;
  const version = reference?.tag ?? labels.get('org.opencontainers.image.version') ?? digest;
  return {
    SPDXID,
    name: reference === undefined ? fileNameOf(name) : `${reference.registry}/${reference.repository}`,
    versionInfo: version,
    supplier: organization(
      labels.get(vendorLabel) ?? (reference === undefined ? supplier : namespaceOf(reference)),
    ),
    checksums: [{ algorithm: 'SHA256', checksumValue: hexOf(digest) }],
    primaryPackagePurpose: 'CONTAINER',
    externalRefs: [
      purlRef(
        reference === undefined
          ? formatPackageUrl(`oci/${fileNameOf(name)}`, digest, [['arch', platform.architecture]])
          : imagePackageUrl(reference, digest, platform.architecture),
      ),
    ],
    ...withoutFiles,
  };
}

/** Who hands an image out, as its maker says (OCI image-spec, annotations.md). */
export const vendorLabel = 'org.opencontainers.image.vendor';

/** Whose images a registry has under a name: `owner` of `ghcr.io/owner/app`, or else the registry's own. */
export function namespaceOf({ registry, repository }: Reference): string {
  const [owner = '', ...rest] = repository.split('/');
  return rest.length === 0 || (registry === 'docker.io' && owner === 'library') ? registry : owner;
}

const withoutFiles = {
  downloadLocation: unknown,
  filesAnalyzed: false,
  licenseConcluded: unknown,
  licenseDeclared: unknown,
  copyrightText: unknown,
};

function describeSoftware(software: Software, SPDXID: string, supplier: string | undefined) {
  const { name, version, comment, purl, cpe } = software;
  return {
    SPDXID,
    name,
    ...(version === undefined ? {} : { versionInfo: version }),
    supplier: organization(supplier),
    externalRefs: [
      purlRef(purl),
      ...(cpe === undefined
        ? []
        : [{ referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: cpe }]),
    ],
    ...(comment === undefined ? {} : { comment }),
  };
}

function purlRef(referenceLocator: string): ExternalRef {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator };
}

/** What SPDX has for an owner of whom nobody knows whether it is a person. */
export function organization(name: string | undefined): string {
  const line = name?.replaceAll(/\s+/g, ' ').trim() ?? '';
  return line === '' ? unknown : `Organization: ${line}`;
}

/** The last part of the path of a layout or an archive, without its transport and its tag. */
function fileNameOf(name: string): string {
  const last = name.split('/').at(-1) ?? name;
  return (
    last
      .replace(/^(?:oci|oci-archive|docker-archive|dir):/, '')
      .replace(/[:@].*$/, '')
      .toLowerCase() || 'image'
  );
}

/** SPDX 2.3, 7.9: the SHA-1 of all files' SHA-1s, sorted, one after the other. */
function verificationCode(files: readonly PackedFile[]): string {
  const sums = files.map(({ sha1 }) => sha1).sort();
  return createHash('sha1').update(sums.join('')).digest('hex');
}
