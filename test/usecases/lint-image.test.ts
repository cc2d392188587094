// Images that are there, checked by the rules of a build: what is read for it, and what is said.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createLayout } from '../../src/adapters/disk/layout.ts';
import { blobOf } from '../../src/core/oci/blob.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { labelsOfImage, lintImages } from '../../src/usecases/lint-image.ts';
import type { LintImageOptions } from '../../src/usecases/lint-image.ts';
import { putBase } from '../support/base-image.ts';
import type { SampleBase, SampleEntry } from '../support/base-image.ts';
import { fileEntry } from '../support/file-entries.ts';
import { temporaryFolder } from '../support/folder.ts';

const hello = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-amd64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;
const labels = {
  [key('binary')]: '/kernel',
  [key('cmdline')]: 'a',
  [key('hypervisor')]: 'qemu',
  [key('unikernelType')]: 'unikraft',
  [key('unikernelVersion')]: '1',
};
const kernel: SampleEntry = { path: 'kernel', content: hello };

function image(more: Partial<SampleBase> = {}, own: Readonly<Record<string, string>> = {}): SampleBase {
  return { layers: [[kernel]], config: { Labels: { ...labels, ...own }, Cmd: ['a'] }, ...more };
}

function without(...names: readonly string[]) {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

/** The errors and the warnings, as `CODE message`. */
async function lint(
  test: TestContext,
  bases: readonly SampleBase[],
  options: Partial<LintImageOptions> = {},
): Promise<[errors: string[], warnings: string[]]> {
  const folder = temporaryFolder(test);
  const layout = await createLayout(join(folder, 'layout'));
  const roots = [];
  for (const base of bases) roots.push(await putBase(layout, base));
  const { errors, warnings } = await lintImages(layout, roots, {
    strict: true,
    container: false,
    folder: join(folder, 'files'),
    ...options,
  });
  const text = ({ code, message }: { code: string; message: string }) => `${code} ${message}`;
  return [errors.map(text), warnings.map(text)];
}

describe('an image that is linted', () => {
  it('has nothing wrong with it where all is there', async (test) => {
    assert.deepEqual(await lint(test, [image()]), [[], []]);
  });

  it('lacks labels, those that urunc needs or all', async (test) => {
    const bare = image({
      config: { Labels: without(key('unikernelVersion'), key('hypervisor')), Cmd: ['a'] },
    });
    const [errors] = await lint(test, [bare]);
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /^LABEL_MISSING missing labels .*hypervisor.*ersion/);
    const [loose] = await lint(test, [bare], { strict: false });
    assert.deepEqual(loose, [`LABEL_MISSING missing label "${key('hypervisor')}"`]);
  });

  it('lacks its binary', async (test) => {
    for (const layers of [[], [[{ path: 'other', content: hello }]], [[kernel], [{ path: '.wh.kernel' }]]])
      assert.deepEqual(await lint(test, [image({ layers })]), [
        [`BINARY_MISSING no layer has a file at "/kernel", which is the unikernel's binary`],
        [],
      ]);
    const { errors } = await (async () => {
      const folder = temporaryFolder(test);
      const layout = await createLayout(join(folder, 'layout'));
      const root = await putBase(layout, image({ layers: [] }));
      return lintImages(layout, [root], { strict: true, container: false, folder });
    })();
    assert.equal(errors[0]?.hint, 'Build the image again with the binary at that path.');
  });

  it('says nothing of a missing binary that no label names', async (test) => {
    const nothing = image({ config: { Labels: without(key('binary')), Cmd: ['a'] }, layers: [] });
    const [errors] = await lint(test, [nothing]);
    assert.deepEqual(
      errors.map((error) => error.split(' ')[0]),
      ['LABEL_MISSING'],
    );
  });

  it('has a label that is doubtful, and one that names a file which is not there', async (test) => {
    const [errors, warnings] = await lint(test, [image({}, { [key('initrd')]: '/initrd' })]);
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, [
      `LABEL_INVALID expected a file of the image in "${key('initrd')}", got "/initrd", which nothing provides`,
    ]);
    const there = image(
      { layers: [[kernel, { path: 'initrd', content: '070701' }]] },
      { [key('initrd')]: '/initrd' },
    );
    assert.deepEqual(await lint(test, [there]), [[], []]);
    const [, doubts] = await lint(test, [image({}, { [key('hypervisor')]: 'unheard-of' })]);
    assert.match(doubts[0] ?? '', /^LABEL_INVALID .*unheard-of/);
  });

  it('is for another kernel than its label says', async (test) => {
    const [errors, warnings] = await lint(test, [image({}, { [key('unikernelType')]: 'linux' })]);
    assert.ok(
      [...errors, ...warnings].some((text) => text.startsWith('BINARY_INVALID')),
      warnings.join(),
    );
  });

  it('starts an init that is there, for Linux', async (test) => {
    const linux = (init: string, files: readonly SampleEntry[], type = 'linux') =>
      image({
        layers: [[kernel, ...files]],
        config: { Labels: { ...labels, [key('unikernelType')]: type }, Entrypoint: [init], Cmd: ['x'] },
      });
    const ofInit = async (base: SampleBase) =>
      (await lint(test, [base]))[1].filter((text) => text.includes('init '));
    const missing = ['BINARY_INVALID expected the init "/init" in the image, which nothing provides'];
    assert.deepEqual(await ofInit(linux('/init', [])), missing);
    assert.deepEqual(await ofInit(linux('/init', [{ path: 'init', content: 'x' }])), []);
    assert.deepEqual(await ofInit(linux('/init', [{ path: 'init', target: 'kernel' }])), []);
    assert.deepEqual(await ofInit(linux('/init', [], 'unikraft')), []);
  });

  it('has no init where it has no words', async (test) => {
    const config = { Labels: { ...labels, [key('unikernelType')]: 'linux' } };
    const [, warnings] = await lint(test, [image({ config })], { strict: false });
    assert.ok(!warnings.some((text) => /init |first word/.test(text)), warnings.join());
  });

  it('has its environment counted with its arguments', async (test) => {
    const config = (size: number) => ({
      Labels: { ...labels, [key('unikernelType')]: 'linux' },
      Entrypoint: ['/init'],
      Env: [`A=${'x'.repeat(size)}`],
    });
    const layers = [[kernel, { path: 'init', content: 'x' }]];
    const count = async (size: number) =>
      (await lint(test, [image({ layers, config: config(size) })]))[1].filter((text) =>
        /at most \d+ bytes/.test(text),
      ).length;
    assert.deepEqual([await count(10), await count(5000)], [0, 1]);
  });

  it('gets its labels from its annotations, and from urunc.json where the binary is in neither', async (test) => {
    assert.deepEqual(await lint(test, [image({ config: { Cmd: ['a'] }, annotations: labels })]), [[], []]);
    const encoded = Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    );
    const json = { path: 'urunc.json', content: JSON.stringify(encoded) };
    assert.deepEqual(await lint(test, [image({ config: { Cmd: ['a'] }, layers: [[kernel, json]] })]), [
      [],
      [],
    ]);
    const [errors] = await lint(test, [image({ config: { Cmd: ['a'] } })]);
    assert.equal(errors.length, 1);
  });

  it('is asked for nothing as an ordinary container image', async (test) => {
    const container = { layers: [], config: { Cmd: ['a'] } };
    assert.deepEqual(await lint(test, [container], { container: true }), [[], []]);
    assert.notDeepEqual(await lint(test, [container]), [[], []]);
  });
});

describe('several images that are linted', () => {
  it('are told apart by their platforms, also where one is right', async (test) => {
    const broken = (architecture: string) => image({ layers: [], architecture });
    const message = `BINARY_MISSING no layer has a file at "/kernel", which is the unikernel's binary`;
    assert.deepEqual(await lint(test, [broken('amd64'), image(), broken('arm64')]), [
      [`${message} (for linux/amd64)`, `${message} (for linux/arm64)`],
      [],
    ]);
    const doubtful = (architecture: string) => image({ architecture }, { [key('initrd')]: '/initrd' });
    const [, warnings] = await lint(test, [doubtful('amd64'), doubtful('riscv64')]);
    assert.deepEqual(
      warnings.map((text) => /\(for .*\)$/.exec(text)?.[0]),
      ['(for linux/amd64)', '(for linux/riscv64)'],
    );
  });

  it('are looked at once where they are the same, and what is no image is left out', async (test) => {
    const folder = temporaryFolder(test);
    const layout = await createLayout(join(folder, 'layout'));
    const root = await putBase(layout, image({ layers: [] }));
    const config = blobOf('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
    await layout.put(config);
    const artifact = blobOf(
      mediaTypes.manifest,
      encodeJson({ schemaVersion: 2, artifactType: 'a/b', config: config.descriptor, layers: [] }),
    );
    await layout.put(artifact);
    const index = blobOf(
      mediaTypes.index,
      encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [artifact.descriptor, root] }),
    );
    await layout.put(index);
    const { errors } = await lintImages(layout, [root, index.descriptor, root], {
      strict: true,
      container: false,
      folder,
    });
    assert.deepEqual(
      errors.map(({ message }) => message),
      [`no layer has a file at "/kernel", which is the unikernel's binary`],
    );
  });
});

describe('the labels of an image', () => {
  const limit = 4 * 1024 * 1024;
  const json = JSON.stringify({ [key('binary')]: Buffer.from('/a').toString('base64'), own: 'eA==' });
  const read = (content: string, size = content.length) => {
    const asked: string[][] = [];
    const reader = (paths: readonly string[]) => {
      asked.push([...paths]);
      return Promise.resolve(new Map([['urunc.json', fileEntry('urunc.json', content, { size })]]));
    };
    return { asked, reader };
  };

  it('are those of the config where they name a binary: no layer is read', async () => {
    const { asked, reader } = read(json);
    const own = new Map([[key('binary'), '/b']]);
    assert.deepEqual(await labelsOfImage(own, reader), [{ key: key('binary'), value: '/b' }]);
    assert.deepEqual(asked, []);
  });

  it('are those of urunc.json with those of the config above them', async () => {
    const { asked, reader } = read(json);
    assert.deepEqual(await labelsOfImage(new Map([['own', 'y']]), reader), [
      { key: key('binary'), value: '/a' },
      { key: 'own', value: 'x' },
      { key: 'own', value: 'y' },
    ]);
    assert.deepEqual(asked, [['urunc.json']]);
  });

  it('are those of the config alone where urunc.json is missing, or larger than 4 MiB', async () => {
    const own = new Map([['own', 'y']]);
    const alone = [{ key: 'own', value: 'y' }];
    assert.deepEqual(await labelsOfImage(own, () => Promise.resolve(new Map())), alone);
    assert.deepEqual(await labelsOfImage(own, read(json, limit + 1).reader), alone);
    assert.equal((await labelsOfImage(own, read(json, limit).reader)).length, 3);
  });
});
