// A whole bill of materials (SPDX 2.3): every field, and every relationship.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { ImageOrigin } from '../../../src/core/oci/image-origin.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { encodeSbom } from '../../../src/core/oci/sbom-document.ts';
import type { SbomSubject } from '../../../src/core/oci/sbom-document.ts';
import type { SbomImage } from '../../../src/core/oci/sbom-packages.ts';

const manifest = describeBytes('application/vnd.oci.image.manifest.v1+json', Buffer.from('manifest'));
const hex = manifest.digest.slice('sha256:'.length);
const platform = { os: 'linux', architecture: 'amd64' };
const image: SbomImage = { manifest, platform, files: [], origins: [] };
const origin = (role: ImageOrigin['role'], name: string): ImageOrigin => ({
  ...{ role, name, digest: manifest.digest, platform, labels: new Map() },
});
const least: SbomSubject = {
  root: manifest,
  images: [image],
  references: [],
  created: 0,
  toolVersion: '1.2.3',
};

interface Package {
  readonly SPDXID: string;
  readonly name: string;
  readonly supplier: string;
  readonly licenseDeclared: string;
}

interface Document {
  readonly packages: readonly Package[];
  readonly files: readonly unknown[];
  readonly relationships: readonly Readonly<Record<string, string>>[];
}

const encode = (subject: SbomSubject) => JSON.parse(Buffer.from(encodeSbom(subject)).toString()) as Document;

function related({ relationships }: Document): string[] {
  return relationships.map(({ spdxElementId, relationshipType, relatedSpdxElement, ...rest }) => {
    assert.deepEqual(rest, {});
    const [from, to] = [spdxElementId, relatedSpdxElement].map((id) => id?.replace('SPDXRef-', ''));
    return `${from} ${relationshipType} ${to}`;
  });
}

describe('a bill of materials', () => {
  it('has what each has', () => {
    const { packages, ...document } = encode(least);
    assert.deepEqual(document, {
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: 'image',
      documentNamespace: `https://spdx.org/spdxdocs/image-${hex}`,
      creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: bima-1.2.3'] },
      files: [],
      relationships: [
        {
          spdxElementId: 'SPDXRef-DOCUMENT',
          relationshipType: 'DESCRIBES',
          relatedSpdxElement: 'SPDXRef-Image-1',
        },
      ],
    });
    assert.deepEqual(
      packages.map(({ SPDXID }) => SPDXID),
      ['SPDXRef-Image-1'],
    );
  });

  it('is named after the first reference, and says who has it made and when', () => {
    const references = ['ghcr.io/owner/app:1', 'ghcr.io/owner/app:2'].map(parseReference);
    const { name, documentNamespace, creationInfo, packages } = encode({
      ...{ ...least, references, owner: 'us', created: 1_700_000_000.5 },
    }) as Document & Readonly<Record<string, unknown>>;
    assert.deepEqual(
      [name, documentNamespace, creationInfo],
      [
        'ghcr.io/owner/app:1',
        `https://spdx.org/spdxdocs/ghcr.io%2Fowner%2Fapp%3A1-${hex}`,
        { created: '2023-11-14T22:13:20Z', creators: ['Tool: bima-1.2.3', 'Organization: us'] },
      ],
    );
    assert.equal(packages[0]?.name, 'ghcr.io/owner/app');
  });

  it('describes every file with both sums', () => {
    const files = ['a', 'b/c'].map((path) => ({ path, sha1: `1 ${path}`, sha256: `256 ${path}` }));
    const document = encode({ ...least, images: [image, { ...image, files }] });
    assert.deepEqual(
      document.files,
      files.map(({ path, sha1, sha256 }, at) => ({
        SPDXID: `SPDXRef-File-2-${at + 1}`,
        fileName: `./${path}`,
        checksums: [
          { algorithm: 'SHA1', checksumValue: sha1 },
          { algorithm: 'SHA256', checksumValue: sha256 },
        ],
        licenseConcluded: 'NOASSERTION',
        licenseInfoInFiles: ['NOASSERTION'],
        copyrightText: 'NOASSERTION',
      })),
    );
    assert.deepEqual(related(document), [
      'DOCUMENT DESCRIBES Image-1',
      'DOCUMENT DESCRIBES Image-2',
      'Image-2 CONTAINS File-2-1',
      'Image-2 CONTAINS File-2-2',
    ]);
  });

  it('goes from the image to its unikernel, to what that is linked from, and to other images', () => {
    const software = (name: string, licence?: string) => ({
      ...{ name, purl: `pkg:generic/${name}` },
      ...(licence === undefined ? {} : { licence }),
    });
    const unikernel = {
      path: 'u',
      unikernel: software('unikraft'),
      parts: [software('lwip', 'my own'), software('musl', 'MIT')],
    };
    const origins = [origin('base', 'oci:base'), origin('copied', 'oci:copied')];
    const document = encode({ ...least, images: [{ ...image, unikernel, origins, supplier: 'us' }] });
    assert.deepEqual(
      document.packages.map(({ SPDXID, name, supplier, licenseDeclared }) => [
        ...[SPDXID.replace('SPDXRef-', ''), name, supplier, licenseDeclared],
      ]),
      [
        ['Image-1', 'image', 'Organization: us', 'NOASSERTION'],
        ['Unikernel-1', 'unikraft', 'Organization: us', 'NOASSERTION'],
        ['Part-1-1', 'lwip', 'Organization: us', 'LicenseRef-1'],
        ['Part-1-2', 'musl', 'Organization: us', 'MIT'],
        ['Origin-1-1', 'base', 'Organization: us', 'NOASSERTION'],
        ['Origin-1-2', 'copied', 'Organization: us', 'NOASSERTION'],
      ],
    );
    assert.deepEqual(related(document), [
      'DOCUMENT DESCRIBES Image-1',
      'Image-1 CONTAINS Unikernel-1',
      'Unikernel-1 CONTAINS Part-1-1',
      'Unikernel-1 CONTAINS Part-1-2',
      'Image-1 CONTAINS Origin-1-1',
      'Image-1 DESCENDANT_OF Origin-1-1',
      'Image-1 DEPENDS_ON Origin-1-2',
    ]);
    assert.deepEqual((document as { hasExtractedLicensingInfos?: unknown }).hasExtractedLicensingInfos, [
      { licenseId: 'LicenseRef-1', name: 'my own', extractedText: 'my own' },
    ]);
  });
});
