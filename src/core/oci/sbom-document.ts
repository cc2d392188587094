// SPDX 2.3 documents of images (https://spdx.github.io/spdx-spec/v2.3/): data in, JSON out.
// Written here, since the packages for SPDX on npm handle licence expressions, not documents.

import type { Descriptor } from './descriptor.ts';
import { hexOf } from './digest.ts';
import { encodeJson } from './json.ts';
import { createLicences } from './licence-expression.ts';
import type { DeclaredLicences } from './licence-expression.ts';
import { formatReference } from './reference.ts';
import type { Reference } from './reference.ts';
import {
  describeImage,
  describeOrigin,
  describePart,
  describeUnikernel,
  organization,
  unknown,
} from './sbom-packages.ts';
import type { PackedFile, SbomImage, SbomPackage } from './sbom-packages.ts';

export interface SbomSubject {
  /** The manifest, or the index of several. */
  readonly root: Descriptor;
  readonly images: readonly SbomImage[];
  /** The first one names the packages. */
  readonly references: readonly Reference[];
  /** Seconds since 1970. */
  readonly created: number;
  /** Of bima itself. */
  readonly toolVersion: string;
  /** Who has the document made; undefined where nobody knows. */
  readonly owner?: string | undefined;
}

/** The same subject gives the same bytes. */
export function encodeSbom(subject: SbomSubject): Uint8Array {
  const { root, images, references, created, toolVersion, owner } = subject;
  const [reference] = references;
  const name = reference === undefined ? 'image' : formatReference(reference);
  const licences = createLicences();
  const parts = images.map((image, at) => describeParts(image, at, reference, licences));
  const texts = licences.references();
  return encodeJson({
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    // Unique for what the document is of, and the same each time it is made.
    documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(name)}-${hexOf(root.digest)}`,
    creationInfo: {
      created: formatTime(created),
      creators: [`Tool: bima-${toolVersion}`, ...(owner === undefined ? [] : [organization(owner)])],
    },
    packages: parts.flatMap(({ packages }) => packages),
    files: parts.flatMap(({ files }) => files),
    relationships: [
      ...images.map((_, at) => relate('SPDXRef-DOCUMENT', 'DESCRIBES', imageId(at))),
      ...parts.flatMap(({ relationships }) => relationships),
    ],
    ...(texts.length === 0
      ? {}
      : {
          hasExtractedLicensingInfos: texts.map(({ id, text }) => {
            return { licenseId: id, name: text, extractedText: text };
          }),
        }),
  });
}

interface Parts {
  readonly packages: readonly SbomPackage[];
  readonly files: readonly ReturnType<typeof describeFile>[];
  readonly relationships: readonly Relationship[];
}

/** The image, and all that is in it. */
function describeParts(
  image: SbomImage,
  at: number,
  reference: Reference | undefined,
  licences: DeclaredLicences,
): Parts {
  const own = describeImage(image, imageId(at), reference);
  const files = image.files.map((file, number) => describeFile(file, at, number));
  const unikernel = describeUnikernel(image, `SPDXRef-Unikernel-${at + 1}`);
  const linked = (image.unikernel?.parts ?? []).map((part, number) =>
    describePart(part, `SPDXRef-Part-${at + 1}-${number + 1}`, image.supplier, licences),
  );
  const origins = image.origins.map((origin, number) => {
    const id = `SPDXRef-Origin-${at + 1}-${number + 1}`;
    return { ...origin, described: describeOrigin(origin, id, image.supplier) };
  });
  return {
    packages: [
      own,
      ...(unikernel === undefined ? [] : [unikernel]),
      ...linked,
      ...origins.map(({ described }) => described),
    ],
    files,
    relationships: [
      ...(unikernel === undefined ? [] : [relate(own.SPDXID, 'CONTAINS', unikernel.SPDXID)]),
      ...linked.map(({ SPDXID }) => relate(unikernel?.SPDXID ?? own.SPDXID, 'CONTAINS', SPDXID)),
      ...origins.flatMap(({ role, described: { SPDXID } }) => [
        // Who goes from the image downwards follows no other kinds of relationship.
        relate(own.SPDXID, role === 'base' ? 'CONTAINS' : 'DEPENDS_ON', SPDXID),
        ...(role === 'base' ? [relate(own.SPDXID, 'DESCENDANT_OF', SPDXID)] : []),
      ]),
      ...files.map(({ SPDXID }) => relate(own.SPDXID, 'CONTAINS', SPDXID)),
    ],
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

interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: string;
  readonly relatedSpdxElement: string;
}

function relate(from: string, relationshipType: string, to: string): Relationship {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}

function imageId(at: number): string {
  return `SPDXRef-Image-${at + 1}`;
}

/** SPDX knows whole seconds only. */
function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
