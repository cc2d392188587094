// The packages of a bill of materials, field by field (SPDX 2.3, section 7).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { ImageOrigin } from '../../../src/core/oci/image-origin.ts';
import { createLicences } from '../../../src/core/oci/licence-expression.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import {
  describeImage,
  describeOrigin,
  describePart,
  describeUnikernel,
  namespaceOf,
  organization,
} from '../../../src/core/oci/sbom-packages.ts';
import type { SbomImage } from '../../../src/core/oci/sbom-packages.ts';

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');
const manifest = describeBytes('application/vnd.oci.image.manifest.v1+json', Buffer.from('manifest'));
const hex = manifest.digest.slice('sha256:'.length);
const encoded = `sha256%3A${hex}`;
const platform = { os: 'linux', architecture: 'arm64' };
const file = (path: string) => ({ path, sha1: sha1(path), sha256: `sha256 of ${path}` });
const image: SbomImage = { manifest, platform, files: [file('b'), file('a')], origins: [] };
const purl = (referenceLocator: string) => ({
  ...{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator },
});
const noAssertions = {
  downloadLocation: 'NOASSERTION',
  licenseConcluded: 'NOASSERTION',
  licenseDeclared: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
};

describe('describeImage', () => {
  const least = {
    ...noAssertions,
    SPDXID: 'SPDXRef-x',
    name: 'image',
    supplier: 'NOASSERTION',
    filesAnalyzed: true,
    // 7.9: the SHA-1 of the files' SHA-1s, sorted, one after the other.
    packageVerificationCode: {
      packageVerificationCodeValue: sha1([sha1('a'), sha1('b')].sort().join('')),
    },
    checksums: [{ algorithm: 'SHA256', checksumValue: hex }],
    primaryPackagePurpose: 'CONTAINER',
    licenseInfoFromFiles: ['NOASSERTION'],
  };

  it('says little of an image without a name', () => {
    assert.deepEqual(describeImage(image, 'SPDXRef-x', undefined), least);
    const named = describeImage({ ...image, version: '1.2', supplier: 'us' }, 'SPDXRef-x', undefined);
    assert.deepEqual(named, { ...least, versionInfo: '1.2', supplier: 'Organization: us' });
  });

  it('gives it the name and the tag of its reference', () => {
    const reference = parseReference('ghcr.io/owner/app:3');
    assert.deepEqual(describeImage({ ...image, version: '1.2' }, 'SPDXRef-x', reference), {
      ...least,
      name: 'ghcr.io/owner/app',
      versionInfo: '3',
      externalRefs: [purl(`pkg:oci/app@${encoded}?arch=arm64&repository_url=ghcr.io/owner/app&tag=3`)],
    });
    const untagged = describeImage({ ...image, version: '1.2' }, 'x', parseReference('ghcr.io/owner/app'));
    assert.equal(untagged.versionInfo, '1.2');
  });

  it('sorts the sums of the files itself', () => {
    const other = describeImage({ ...image, files: [...image.files].reverse() }, 'SPDXRef-x', undefined);
    assert.deepEqual(other, least);
  });
});

describe('describeUnikernel', () => {
  const software = {
    name: 'unikraft',
    version: '0.17',
    comment: 'c',
    purl: 'pkg:generic/unikraft',
    cpe: 'cpe:2.3:x',
  };
  const withUnikernel = (path: string): SbomImage => ({
    ...image,
    supplier: 'us',
    unikernel: { path, unikernel: software, parts: [] },
  });
  const described = {
    ...noAssertions,
    SPDXID: 'SPDXRef-u',
    name: 'unikraft',
    versionInfo: '0.17',
    supplier: 'Organization: us',
    packageFileName: './a',
    checksums: [{ algorithm: 'SHA256', checksumValue: 'sha256 of a' }],
    externalRefs: [
      purl('pkg:generic/unikraft'),
      { referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: 'cpe:2.3:x' },
    ],
    comment: 'c',
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    filesAnalyzed: false,
  };

  it('has what is known of it, and the sum of its file', () => {
    assert.deepEqual(describeUnikernel(withUnikernel('a'), 'SPDXRef-u'), described);
  });

  it('has no sum of a file that is not packed', () => {
    const { packageFileName, checksums } = describeUnikernel(withUnikernel('c'), 'SPDXRef-u') ?? {};
    assert.deepEqual([packageFileName, checksums], ['./c', undefined]);
  });

  it('is nothing where the image has none', () => {
    assert.equal(describeUnikernel(image, 'SPDXRef-u'), undefined);
  });
});

describe('describePart', () => {
  const part = { name: 'lwip', purl: 'pkg:generic/lwip' };
  const least = {
    ...noAssertions,
    SPDXID: 'SPDXRef-p',
    name: 'lwip',
    supplier: 'NOASSERTION',
    externalRefs: [purl('pkg:generic/lwip')],
    primaryPackagePurpose: 'LIBRARY',
    filesAnalyzed: false,
  };

  const rows: [licence: string | undefined, declared: string][] = [
    [undefined, 'NOASSERTION'],
    ['', 'NOASSERTION'],
    [' ', 'NOASSERTION'],
    ['MIT', 'MIT'],
    ['my own', 'LicenseRef-1'],
  ];
  for (const [licence, licenseDeclared] of rows)
    it(`declares ${licenseDeclared} for ${JSON.stringify(licence)}`, () => {
      const described = describePart(
        { ...part, ...(licence === undefined ? {} : { licence }) },
        'SPDXRef-p',
        undefined,
        createLicences(),
      );
      assert.deepEqual(described, { ...least, licenseDeclared });
    });
});

describe('describeOrigin', () => {
  const origin: ImageOrigin = {
    role: 'base',
    name: 'x',
    digest: manifest.digest,
    platform,
    labels: new Map(),
  };
  const common = {
    ...noAssertions,
    SPDXID: 'SPDXRef-o',
    checksums: [{ algorithm: 'SHA256', checksumValue: hex }],
    primaryPackagePurpose: 'CONTAINER',
    filesAnalyzed: false,
  };

  it('is the image of a registry', () => {
    const reference = parseReference('ghcr.io/owner/app:3');
    assert.deepEqual(describeOrigin({ ...origin, reference }, 'SPDXRef-o', 'us'), {
      ...common,
      name: 'ghcr.io/owner/app',
      versionInfo: '3',
      supplier: 'Organization: owner',
      externalRefs: [purl(`pkg:oci/app@${encoded}?arch=arm64&repository_url=ghcr.io/owner/app&tag=3`)],
    });
  });

  it("has its labels' version and vendor where they say more", () => {
    const labels = new Map([
      ['org.opencontainers.image.version', '9'],
      ['org.opencontainers.image.vendor', 'its maker'],
    ]);
    const [tagged, untagged] = ['ghcr.io/owner/app:3', 'ghcr.io/owner/app'].map((name) =>
      describeOrigin({ ...origin, labels, reference: parseReference(name) }, 'SPDXRef-o', 'us'),
    );
    assert.equal(tagged?.versionInfo, '3');
    assert.equal(untagged?.versionInfo, '9');
    assert.equal(untagged.supplier, 'Organization: its maker');
  });

  const names: [name: string, called: string][] = [
    ['oci:Layouts/Base:1', 'base'],
    ['oci:a/b/c/base:1', 'base'],
    ['oci-archive:base.tar', 'base.tar'],
    ['docker-archive:base.tar:name:tag', 'base.tar'],
    ['dir:base', 'base'],
    ['folder/base@sha256:1', 'base'],
    ['xoci:base', 'xoci'],
    ['folder/', 'image'],
    ['a\n:b', 'a\n'],
  ];
  for (const [name, called] of names)
    it(`is called ${JSON.stringify(called)} when it is ${JSON.stringify(name)}`, () => {
      const path = encodeURIComponent(called);
      assert.deepEqual(describeOrigin({ ...origin, name }, 'SPDXRef-o', 'us'), {
        ...common,
        name: called,
        versionInfo: manifest.digest,
        supplier: 'Organization: us',
        externalRefs: [purl(`pkg:oci/${path}@${encoded}?arch=arm64`)],
      });
    });
});

describe('namespaceOf', () => {
  const rows: [reference: string, owner: string][] = [
    ['ghcr.io/owner/app', 'owner'],
    ['ghcr.io/owner/group/app', 'owner'],
    ['ghcr.io/app', 'ghcr.io'],
    ['ghcr.io/library/app', 'library'],
    ['redis', 'docker.io'],
    ['nubificus/app', 'nubificus'],
  ];
  for (const [reference, owner] of rows)
    it(`is ${owner} for ${reference}`, () => {
      assert.equal(namespaceOf(parseReference(reference)), owner);
    });
});

describe('organization', () => {
  const rows: [name: string | undefined, text: string][] = [
    ['us', 'Organization: us'],
    ['  a \n\t b ', 'Organization: a b'],
    [' ', 'NOASSERTION'],
    ['', 'NOASSERTION'],
    [undefined, 'NOASSERTION'],
  ];
  for (const [name, text] of rows)
    it(`writes ${JSON.stringify(name)} as ${text}`, () => {
      assert.equal(organization(name), text);
    });
});
