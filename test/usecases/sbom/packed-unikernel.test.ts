// The unikernel that a bill of materials names: where it is, and what its labels and its base say.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createLayout } from '../../../src/adapters/disk/layout.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { readImage } from '../../../src/core/oci/image.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { readFiles } from '../../../src/usecases/sbom/packed-files.ts';
import { readUnikernel } from '../../../src/usecases/sbom/packed-unikernel.ts';
import { createSbom } from '../../../src/usecases/sbom/sbom.ts';
import type { SbomOptions } from '../../../src/usecases/sbom/sbom.ts';
import { putBase } from '../../support/base-image.ts';
import type { SampleBase } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;
const binary = { [key('binary')]: '/boot/../kernel' };
const kernel = { path: 'kernel', content: hello };

async function imageOf(test: TestContext, base: Partial<SampleBase>) {
  const folder = temporaryFolder(test);
  const layout = await createLayout(join(folder, 'layout'));
  const root = await putBase(layout, { layers: [[kernel]], ...base });
  return { layout, root, image: await readImage(layout, root), folder: join(folder, 'files') };
}

async function unikernelOf(test: TestContext, base: Partial<SampleBase>) {
  const { layout, image, folder } = await imageOf(test, base);
  return readUnikernel(layout, image, folder);
}

/** Without what the binary says of itself. */
async function named(test: TestContext, own: Readonly<Record<string, string>>) {
  // Nothing that is known: only the labels tell.
  const content = Buffer.alloc(600, 0xee);
  const layers = [[{ path: 'kernel', content }]];
  const found = await unikernelOf(test, { layers, config: { Labels: { ...binary, ...own } } });
  return [found?.path, found?.unikernel.name, found?.unikernel.version];
}

describe('the unikernel of an image', () => {
  it('is told by its labels where the binary says nothing', async (test) => {
    const rows: [own: Readonly<Record<string, string>>, name: string, version: string | undefined][] = [
      [{}, 'unikernel', undefined],
      [{ [key('unikernelType')]: 'mirage' }, 'mirage', undefined],
      [{ [key('unikernelType')]: '' }, 'unikernel', undefined],
      [{ [key('unikernelType')]: 'mewz', [key('version')]: '1' }, 'mewz', '1'],
      [
        { [key('unikernelType')]: 'mewz', [key('version')]: '1', [key('unikernelVersion')]: '2' },
        'mewz',
        '2',
      ],
    ];
    for (const [own, name, version] of rows)
      assert.deepEqual(await named(test, own), ['kernel', name, version]);
  });

  it('is named by a label, or else by an annotation', async (test) => {
    assert.equal((await unikernelOf(test, { annotations: binary }))?.path, 'kernel');
    const both = { config: { Labels: binary }, annotations: { [key('binary')]: '/none' } };
    assert.equal((await unikernelOf(test, both))?.path, 'kernel');
  });

  const missing: [name: string, labels: Readonly<Record<string, string>>][] = [
    ['without a label', {}],
    ['with an empty label', { [key('binary')]: '' }],
    ['where the label names the root', { [key('binary')]: '/' }],
    ['without the file', { [key('binary')]: '/none' }],
  ];
  for (const [name, Labels] of missing)
    it(`is none ${name}`, async (test) => {
      assert.equal(await unikernelOf(test, { config: { Labels } }), undefined);
    });

  it('is looked at as thoroughly as it can be', async (test) => {
    const found = await unikernelOf(test, { config: { Labels: binary } });
    assert.equal(found?.path, 'kernel');
    assert.ok(found.unikernel.purl.startsWith('pkg:'));
  });
});

describe('a bill of materials', () => {
  const options: SbomOptions = { references: [], created: 0, toolVersion: '1' };
  const documentOf = async (
    test: TestContext,
    base: Partial<SampleBase>,
    more: Partial<SbomOptions> = {},
  ) => {
    const { layout, root, folder, image } = await imageOf(test, base);
    const bytes = await createSbom(layout, root, {
      ...options,
      ...more,
      ...('folder' in more ? { folder } : {}),
    });
    const document = JSON.parse(Buffer.from(bytes).toString()) as {
      packages: {
        name: string;
        supplier: string;
        versionInfo?: string;
        externalRefs?: { referenceLocator: string }[];
      }[];
    };
    return { ...document, folder, config: image.manifest.config.digest };
  };

  it('has the unikernel where a folder for it is given', async (test) => {
    const base = { config: { Labels: { ...binary, [key('unikernelType')]: 'mirage' } } };
    const without = await documentOf(test, base);
    assert.ok(!without.packages.some(({ name }) => name === 'mirage'));
    assert.ok(!existsSync(without.folder));
    const { packages } = await documentOf(test, base, { folder: 'given' });
    assert.ok(packages.some(({ name }) => name === 'mirage'));
  });

  it('names who hands the image out: its label, or else the owner, or else its repository', async (test) => {
    const reference = parseReference('ghcr.io/space/app:1');
    const labels = { Labels: { 'org.opencontainers.image.vendor': 'Vendor' } };
    const supplier = async (base: Partial<SampleBase>, more: Partial<SbomOptions>) =>
      (await documentOf(test, base, more)).packages[0]?.supplier;
    assert.match((await supplier({ config: labels }, { owner: 'Owner' })) ?? '', /Vendor/);
    assert.match((await supplier({}, { owner: 'Owner', references: [reference] })) ?? '', /Owner/);
    assert.match((await supplier({}, { references: [reference] })) ?? '', /space/);
    assert.equal(await supplier({}, {}), 'NOASSERTION');
  });

  it('has the version of the label, where no tag says one', async (test) => {
    const config = { Labels: { 'org.opencontainers.image.version': '1.2.3' } };
    assert.equal((await documentOf(test, { config })).packages[0]?.versionInfo, '1.2.3');
  });

  const digest: Digest = `sha256:${'1'.repeat(64)}`;
  const annotations = (name: string, of: string = digest) => ({
    'org.opencontainers.image.base.name': name,
    'org.opencontainers.image.base.digest': of,
  });
  const bases: [name: string, annotations: Readonly<Record<string, string>>, is: string | undefined][] = [
    ['a reference', annotations('docker.io/library/alpine:3'), 'pkg:oci/alpine@sha256'],
    ['a name that is no reference', annotations('Bad//Name'), ''],
    ['no name', annotations(''), undefined],
    ['no digest', annotations('alpine', 'latest'), undefined],
    ['nothing', {}, undefined],
  ];
  for (const [name, own, is] of bases)
    it(`has the base that annotations name by ${name}`, async (test) => {
      const { packages } = await documentOf(test, { annotations: own });
      assert.equal(packages.length, is === undefined ? 1 : 2);
      if (is === undefined) return;
      const locators = packages[1]?.externalRefs?.map(({ referenceLocator }) => referenceLocator) ?? [];
      assert.equal(
        locators.some((text) => is !== '' && text.startsWith(is)),
        is !== '',
      );
    });

  it('has the origins that are known in place of those', async (test) => {
    const base = { annotations: annotations('alpine') };
    const { config } = await documentOf(test, base);
    const { packages } = await documentOf(test, base, { origins: new Map([[config, []]]) });
    assert.equal(packages.length, 1);
    const others = await documentOf(test, base, { origins: new Map([[digest, []]]) });
    assert.equal(others.packages.length, 2);
  });

  it('is no more made when it is interrupted', async (test) => {
    const reason = new Error('enough');
    const { layout, image } = await imageOf(test, {});
    await assert.rejects(readFiles(layout, image, AbortSignal.abort(reason)), reason);
  });
});
