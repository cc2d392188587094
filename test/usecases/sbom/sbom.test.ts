// Bills of materials: what they list is compared with the files themselves.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { BimaError } from '../../../src/core/errors.ts';
import { openLayout } from '../../../src/adapters/disk/layout.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { createSbom } from '../../../src/usecases/sbom/sbom.ts';
import { buildContext } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { baseLayout } from '../../support/base-image.ts';
import { unikraftElf } from '../../support/unikraft-elf.ts';
import { locatorsOf, verifySbom } from '../../support/verify-sbom.ts';
import type { SbomElement } from '../../support/verify-sbom.ts';
import { sampleContext } from '../../support/sample.ts';
import { sampleImage } from '../../support/sample-image.ts';
import type { SampleImage } from '../../support/sample-image.ts';

function sumsOf(content: string | Uint8Array): SbomElement['checksums'] {
  const sum = (algorithm: string) => createHash(algorithm).update(content).digest('hex');
  return [
    { algorithm: 'SHA1', checksumValue: sum('sha1') },
    { algorithm: 'SHA256', checksumValue: sum('sha256') },
  ];
}

type TarEntry = readonly [name: string, content: string | { readonly to: string; readonly hard?: boolean }];

async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of entries) {
    if (name.endsWith('/')) archive.entry({ name, type: 'directory' });
    else if (typeof content === 'string') archive.entry({ name }, content);
    else archive.entry({ name, type: content.hard === true ? 'link' : 'symlink', linkname: content.to });
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An image with these layers; the sample's config names the digests of the gzip bytes, so it is made anew. */
async function imageOf(layers: readonly (readonly TarEntry[])[]): Promise<SampleImage> {
  return sampleImage({ tars: await Promise.all(layers.map(tarOf)) });
}

const options = { references: [], created: 0, toolVersion: '1.2.3' };

describe('a bill of materials', () => {
  it('lists the files of a built image with their checksums', async (test) => {
    const context = sampleContext(test);
    const { layout, image } = await buildContext(test, context);
    const references = [parseReference('ghcr.io/owner/redis:1.2')];
    const written = await createSbom(await openLayout(layout), image.entry as Descriptor, {
      ...options,
      references,
      created: 1_700_000_000,
    });
    const sbom = verifySbom(written);

    const urunc = sbom.files.find(({ fileName }) => fileName === './urunc.json');
    assert.deepEqual(
      sbom.files.filter((file) => file !== urunc).map(({ fileName, checksums }) => [fileName, checksums]),
      [
        ['./conf/redis.conf', sumsOf(readFileSync(join(context, 'redis.conf')))],
        ['./unikernel/test-redis.hvt', sumsOf(readFileSync(join(context, 'test-redis.hvt')))],
      ],
    );
    assert.ok(urunc);
    const [described] = sbom.packages;
    assert.equal(described?.name, 'ghcr.io/owner/redis');
    assert.equal(described.versionInfo, '1.2');
    assert.equal(`sha256:${described.checksums[0]?.checksumValue ?? ''}`, image.entry.digest);
    assert.equal(
      described.externalRefs?.[0]?.referenceLocator,
      `pkg:oci/redis@${image.entry.digest.replace(':', '%3A')}?arch=amd64&repository_url=ghcr.io/owner/redis&tag=1.2`,
    );
    assert.equal(sbom.creationInfo.created, '2023-11-14T22:13:20Z');
    const sha1s = sbom.files.map(({ checksums }) => checksums[0]?.checksumValue ?? '').sort();
    assert.equal(
      described.packageVerificationCode.packageVerificationCodeValue,
      createHash('sha1').update(sha1s.join('')).digest('hex'),
    );
  });

  it('has the same bytes each time, and another namespace for another image or name', async () => {
    const [one, other] = [await imageOf([[['a', '1']]]), await imageOf([[['a', '2']]])];
    const namespaceOf = async (image: SampleImage, name: string) => {
      const bytes = await createSbom(image.source, image.root, {
        ...options,
        references: [parseReference(name)],
      });
      return verifySbom(bytes).documentNamespace;
    };
    const first = await createSbom(one.source, one.root, options);
    assert.deepEqual(first, await createSbom(one.source, one.root, options));
    const namespaces = await Promise.all([
      namespaceOf(one, 'localhost:5000/a:1'),
      namespaceOf(one, 'localhost:5000/a:2'),
      namespaceOf(other, 'localhost:5000/a:1'),
    ]);
    assert.equal(new Set(namespaces).size, 3);
  });

  it('has a package for the unikernel, its libraries, and the images that it is made of', async (test) => {
    const folder = temporaryFolder(test);
    const kernel = unikraftElf();
    const label = (name: string, value: string) => `LABEL com.urunc.unikernel.${name}=${value}`;
    const context = temporaryFolder(test, {
      kernel,
      Containerfile: [
        `FROM oci:${join(folder, 'tools')} AS tools`,
        `FROM oci:${join(folder, 'base')}`,
        'COPY --from=tools /tool /tool',
        'COPY kernel /boot/kernel',
        ...[label('binary', '/boot/kernel'), label('cmdline', 'a'), label('unikernelType', 'unikraft')],
        ...[label('hypervisor', 'qemu'), label('version', '0.16.9')],
      ].join('\n'),
    });
    const vendor = { Labels: { 'org.opencontainers.image.vendor': 'A  Vendor' } };
    await baseLayout(join(folder, 'base'), [{ layers: [[{ path: 'lower', content: '1' }]], config: vendor }]);
    await baseLayout(join(folder, 'tools'), [{ layers: [[{ path: 'tool', content: '2' }]] }]);
    const { layout, image, origins } = await buildContext(test, context);
    const bytes = await createSbom(await openLayout(layout), image.entry as Descriptor, {
      references: [parseReference('ghcr.io/owner/app:1')],
      created: 0,
      toolVersion: '1.2.3',
      owner: 'nubificus',
      origins: new Map([[image.manifest.config.digest as Digest, origins]]),
      folder: join(folder, 'unikernels'),
    });
    const sbom = verifySbom(bytes);
    assert.deepEqual(sbom.creationInfo.creators, ['Tool: bima-1.2.3', 'Organization: nubificus']);
    const [, unikernel, library, base, tools] = sbom.packages;
    assert.deepEqual(
      sbom.packages.map(({ name, versionInfo, supplier }) => [name, versionInfo, supplier]),
      [
        ['ghcr.io/owner/app', '1', 'Organization: A Vendor'],
        ['unikraft', '0.17.0', 'Organization: A Vendor'],
        ['libfoo', '2.0', 'Organization: A Vendor'],
        ['base', origins[0]?.digest, 'Organization: A Vendor'],
        ['tools', origins[1]?.digest, 'Organization: A Vendor'],
      ],
    );
    assert.equal(unikernel?.packageFileName, './boot/kernel');
    assert.deepEqual(unikernel.checksums, sumsOf(kernel).slice(1));
    assert.deepEqual(locatorsOf(unikernel), [
      'pkg:github/unikraft/unikraft@RELEASE-0.17.0',
      'cpe:2.3:a:unikraft:unikraft:0.17.0:*:*:*:*:*:*:*',
    ]);
    assert.equal(library?.licenseDeclared, 'LicenseRef-1');
    assert.equal(sbom.hasExtractedLicensingInfos?.[0]?.extractedText, 'Some licence');
    const relationOf = ({ SPDXID }: SbomElement) =>
      sbom.relationships
        .filter(({ relatedSpdxElement }) => relatedSpdxElement === SPDXID)
        .map(({ spdxElementId, relationshipType }) => `${spdxElementId} ${relationshipType}`);
    assert.ok(base !== undefined && tools !== undefined);
    assert.deepEqual(relationOf(unikernel), ['SPDXRef-Image-1 CONTAINS']);
    assert.deepEqual(relationOf(library), ['SPDXRef-Unikernel-1 CONTAINS']);
    assert.deepEqual(relationOf(base), ['SPDXRef-Image-1 CONTAINS', 'SPDXRef-Image-1 DESCENDANT_OF']);
    assert.deepEqual(relationOf(tools), ['SPDXRef-Image-1 DEPENDS_ON']);
    assert.match(locatorsOf(base)[0] ?? '', /^pkg:oci\/base@sha256%3A[0-9a-f]{64}\?arch=amd64$/);
  });

  it('has the base that another tool has named in the annotations', async () => {
    const annotations = {
      'org.opencontainers.image.base.name': 'docker.io/library/alpine:3.20',
      'org.opencontainers.image.base.digest': `sha256:${'ab'.repeat(32)}`,
    };
    const image = sampleImage({ tars: [await tarOf([['a', '1']])], annotations });
    const { packages } = verifySbom(await createSbom(image.source, image.root, options));
    assert.deepEqual(
      packages.map((each) => [each.name, each.versionInfo, each.supplier, ...locatorsOf(each)]).slice(1),
      [
        [
          'docker.io/library/alpine',
          '3.20',
          'Organization: docker.io',
          `pkg:oci/alpine@sha256%3A${'ab'.repeat(32)}?arch=amd64&repository_url=docker.io/library/alpine&tag=3.20`,
        ],
      ],
    );
  });

  it('says nothing of who hands out what nobody has named', async () => {
    const image = await imageOf([[['a', '1']]]);
    const sbom = verifySbom(await createSbom(image.source, image.root, options));
    assert.equal(sbom.packages[0]?.supplier, 'NOASSERTION');
    assert.deepEqual(sbom.creationInfo.creators, ['Tool: bima-1.2.3']);
  });

  const rootfs: readonly [name: string, layers: TarEntry[][], files: Record<string, string>][] = [
    ['no files', [[['empty/', '']]], {}],
    ['an empty file', [[['a', '']]], { a: '' }],
    ['a file that an upper layer replaces', [[['a', '1']], [['./a', '2']]], { a: '2' }],
    ['a hard link', [[['a', '1']], [['b', { to: 'a', hard: true }]]], { a: '1', b: '1' }],
    [
      'a symbolic link, which is no file',
      [
        [
          ['a', '1'],
          ['b', { to: 'a' }],
        ],
      ],
      { a: '1' },
    ],
    [
      'a file that a link replaces',
      [
        [
          ['a', '1'],
          ['b', '2'],
        ],
        [['a', { to: 'b' }]],
      ],
      { b: '2' },
    ],
    [
      'a whiteout',
      [
        [
          ['d/a', '1'],
          ['d/b', '2'],
        ],
        [['d/.wh.a', '']],
      ],
      { 'd/b': '2' },
    ],
    [
      'a whiteout of a folder',
      [
        [
          ['d/e/a', '1'],
          ['de', '2'],
        ],
        [['.wh.d', '']],
      ],
      { de: '2' },
    ],
    [
      'an opaque folder',
      [
        [['d/a', '1']],
        [
          ['d/b', '2'],
          ['d/.wh..wh..opq', ''],
        ],
      ],
      { 'd/b': '2' },
    ],
    ['a folder that a file replaces', [[['d/e/a', '1']], [['d', '2']]], { d: '2' }],
    [
      'a file that a folder replaces',
      [
        [['d', '1']],
        [
          ['d/', ''],
          ['d/a', '2'],
        ],
      ],
      { 'd/a': '2' },
    ],
    [
      'a file that an upper layer replaces through a link of folders',
      [
        [
          ['bin', { to: 'usr/bin' }],
          ['usr/bin/tool', '1'],
        ],
        [['bin/tool', '2']],
      ],
      { 'usr/bin/tool': '2' },
    ],
    [
      'a file that an upper layer takes away through a link of folders',
      [
        [
          ['bin', { to: 'usr/bin' }],
          ['usr/bin/tool', '1'],
        ],
        [['bin/.wh.tool', '']],
      ],
      {},
    ],
    [
      'a hard link whose target an upper layer replaces',
      [
        [
          ['a', '1'],
          ['b', { to: 'a', hard: true }],
        ],
        [['a', '2']],
      ],
      { a: '2', b: '1' },
    ],
    [
      'a file that is twice in a layer',
      [
        [
          ['a', '1'],
          ['a', '2'],
        ],
      ],
      { a: '2' },
    ],
    [
      'odd names',
      [
        [
          ['a b', '1'],
          ['ä/%2e', '2'],
        ],
      ],
      { 'a b': '1', 'ä/%2e': '2' },
    ],
  ];
  for (const [name, layers, files] of rootfs) {
    it(`tells what a container sees: ${name}`, async () => {
      const image = await imageOf(layers);
      const sbom = verifySbom(await createSbom(image.source, image.root, options));
      assert.deepEqual(
        Object.fromEntries(sbom.files.map(({ fileName, checksums }) => [fileName, checksums])),
        Object.fromEntries(Object.entries(files).map(([path, content]) => [`./${path}`, sumsOf(content)])),
      );
    });
  }

  it('has a package for each image of an index', async () => {
    const tars = [await tarOf([['a', '1']])];
    const image = sampleImage({ tars, architectures: ['amd64', 'arm64'] });
    const sbom = verifySbom(
      await createSbom(image.source, image.root, { ...options, references: [parseReference('r.io/a:1')] }),
    );
    assert.deepEqual(
      sbom.packages.map(({ checksums }) => `sha256:${checksums[0]?.checksumValue ?? ''}`),
      image.manifests.map(({ digest }) => digest),
    );
    assert.equal(sbom.files.length, 2);
  });

  it('is not made of an image whose layer is another than its config says', async () => {
    const tar = await tarOf([['a', '1']]);
    const image = sampleImage({ rawLayers: [gzipSync(tar)] });
    assert.notEqual(digestOf(tar), digestOf(gzipSync(tar)));
    await assert.rejects(
      createSbom(image.source, image.root, options),
      (error) => error instanceof BimaError && error.code === 'DIGEST_MISMATCH',
    );
  });
});
