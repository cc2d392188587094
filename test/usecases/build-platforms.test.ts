// One context for several platforms: what is built, shared and reported.

import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { buildPlatforms } from '../../src/usecases/build-platforms.ts';
import { parseCompression } from '../../src/adapters/layers/compression.ts';
import { examinePlatforms, planPlatforms } from '../../src/usecases/plan/platforms.ts';
import type { PlatformsOptions } from '../../src/usecases/plan/platforms.ts';
import { inspectImages } from '../../src/usecases/inspect.ts';
import { openArchive, writeArchive } from '../../src/adapters/disk/archive.ts';
import { createLayout, openLayout } from '../../src/adapters/disk/layout.ts';
import { publishLayout } from '../../src/adapters/disk/publish.ts';
import { parseAnnotation } from '../../src/core/oci/annotations.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { hexOf } from '../../src/core/oci/digest.ts';
import { parsePlatforms } from '../../src/core/oci/platform.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { createSbom } from '../../src/usecases/sbom/sbom.ts';
import { temporaryFolder } from '../support/folder.ts';
import { elf } from '../support/headers.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const binaries = {
  'kernel-amd64': elf(64, 'little', 62),
  'kernel-arm64': elf(64, 'little', 183),
  'kernel-arm': elf(32, 'little', 40),
  'kernel-riscv64': elf(64, 'little', 243),
};
const containerfile = `ARG VERSION=1.0
FROM scratch
ARG VERSION
COPY kernel-$TARGETARCH /kernel
COPY data /data
LABEL com.urunc.unikernel.binary=/kernel
LABEL com.urunc.unikernel.unikernelType=unikraft
LABEL com.urunc.unikernel.hypervisor=qemu
LABEL com.urunc.unikernel.cmdline="serve $TARGETPLATFORM \${TARGETVARIANT:-plain}"
LABEL com.urunc.unikernel.version=$VERSION
`;

function contextOf(test: TestContext, text = containerfile, without: readonly string[] = []): string {
  const kept = Object.entries(binaries).filter(([name]) => !without.includes(name));
  const files = { ...Object.fromEntries(kept), data: 'd'.repeat(100_000), Containerfile: text };
  return temporaryFolder(test, files);
}

interface Built {
  readonly root: Descriptor;
  /** The layout's folder. */
  readonly folder: string;
  readonly messages: readonly string[];
  /** How many layers were written. */
  readonly writes: number;
}

async function build(
  test: TestContext,
  context: string,
  platforms: readonly string[],
  options: { annotations?: readonly string[] } & Partial<PlatformsOptions> = {},
): Promise<Built> {
  const { annotations = [], ...others } = options;
  const messages: string[] = [];
  const reporter = { ...silentReporter, info: (message: string) => messages.push(message) };
  const planOptions = { context, labels: [], strict: true, platforms: parsePlatforms(platforms), ...others };
  const plans = await planPlatforms(planOptions, {
    ...silentReporter,
    warning: ({ message }) => void messages.push(message),
  });
  const folder = join(temporaryFolder(test), 'layout');
  const layout = await createLayout(join(folder, '../temporary'));
  let writes = 0;
  const counting: typeof layout = {
    ...layout,
    write: (stream) => {
      writes += 1;
      return layout.write(stream);
    },
  };
  const { root } = await buildPlatforms(
    plans,
    counting,
    {
      compression: parseCompression('gzip'),
      annotations: annotations.flatMap((text) => parseAnnotation(text, 'here')),
      annotationEncoding: 'plain',
      created: 0,
    },
    reporter,
  );
  await publishLayout(layout, root, [], folder);
  return { root, folder, messages, writes };
}

function documentOf({ root, folder }: Built): { annotations?: object; manifests: Descriptor[] } {
  const bytes = readFileSync(join(folder, 'blobs/sha256', hexOf(root.digest)), 'utf8');
  return JSON.parse(bytes) as { annotations?: object; manifests: Descriptor[] };
}

const four = ['linux/riscv64,linux/amd64', 'linux/arm/v7', 'linux/arm64/v8'];

describe('several platforms', () => {
  it('become an index in their order, each complete for every urunc', async (test) => {
    const built = await build(test, contextOf(test), four, { buildArguments: new Map([['VERSION', '2']]) });
    const images = verifyLayout(built.folder);
    assert.deepEqual(
      documentOf(built).manifests.map(({ platform }) => platform),
      [
        { os: 'linux', architecture: 'riscv64' },
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: 'arm', variant: 'v7' },
        { os: 'linux', architecture: 'arm64' },
      ],
    );
    const cmdlines = [
      'serve linux/riscv64 plain',
      'serve linux/amd64 plain',
      'serve linux/arm/v7 v7',
      'serve linux/arm64 plain',
    ];
    for (const [index, { config, manifest, tars }] of images.entries()) {
      const labels = config.config.Labels;
      assert.equal(labels['com.urunc.unikernel.cmdline'], cmdlines[index]);
      assert.equal(labels['com.urunc.unikernel.version'], '2');
      assert.deepEqual(manifest.annotations, labels);
      const encoded = Buffer.from(cmdlines[index] ?? '').toString('base64');
      assert.ok(tars.at(-1)?.includes(`"com.urunc.unikernel.cmdline":"${encoded}"`));
      assert.equal(config.history[0]?.created_by, `COPY kernel-${config.architecture} /kernel`);
    }
    assert.equal(images.length, 4);
  });

  it('share the layers that are the same, which are made once', async (test) => {
    const text = containerfile.replace('serve $TARGETPLATFORM ${TARGETVARIANT:-plain}', 'serve');
    const { folder, writes } = await build(test, contextOf(test, text), four);
    const images = verifyLayout(folder);
    const [, shared, uruncJson] =
      images.map(({ manifest }) => manifest.layers.map(({ digest }) => digest))[0] ?? [];
    for (const { manifest } of images) {
      assert.equal(manifest.layers[1]?.digest, shared);
      assert.equal(manifest.layers[2]?.digest, uruncJson);
    }
    assert.equal(writes, 4 + 1 + 1);
    // Four binaries, four configs, four manifests, two shared layers, and the index.
    assert.equal(readdirSync(join(folder, 'blobs/sha256')).length, 15);
  });

  it('do not share layers of other modes, owners or files', async (test) => {
    const text = containerfile.replace('COPY data /data', 'COPY --chown=$OWNER data /data');
    const withOwner = text.replace(
      'ARG VERSION\nCOPY',
      'ARG VERSION\nARG OWNER=${TARGETVARIANT:+7}\nARG OWNER=${OWNER:-0}\nCOPY',
    );
    const { folder } = await build(test, contextOf(test, withOwner), ['linux/arm/v7', 'linux/amd64']);
    const [arm, amd64] = verifyLayout(folder);
    assert.notEqual(arm?.manifest.layers[1]?.digest, amd64?.manifest.layers[1]?.digest);
  });

  it('have the same digest for the same inputs', async (test) => {
    const context = contextOf(test);
    const copy = join(temporaryFolder(test), 'copy');
    cpSync(context, copy, { recursive: true });
    const [one, other] = [await build(test, context, four), await build(test, copy, four)];
    assert.equal(one.root.digest, other.root.digest);
  });

  it('have annotations at the levels that were asked for', async (test) => {
    const annotations = [
      'manifest:a=1',
      'manifest[linux/arm64]:a=2',
      'index:b=3',
      'manifest-descriptor:c=4',
      'manifest-descriptor[linux/arm64]:d=5',
      'index-descriptor:e=6',
    ];
    const built = await build(test, contextOf(test), ['linux/amd64,linux/arm64'], { annotations });
    const { annotations: ofIndex, manifests } = documentOf(built);
    assert.deepEqual(ofIndex, { b: '3' });
    assert.deepEqual(
      manifests.map((manifest) => manifest.annotations),
      [{ c: '4' }, { c: '4', d: '5' }],
    );
    assert.deepEqual(built.root.annotations, { e: '6' });
    const images = verifyLayout(built.folder);
    assert.deepEqual(
      images.map(({ manifest }) => manifest.annotations?.a),
      ['1', '2'],
    );
  });

  it('are all in the archive, in the bill of materials and in what inspect says', async (test) => {
    const built = await build(test, contextOf(test), ['linux/amd64,linux/arm64'], {
      annotations: ['index:a=b'],
    });
    const path = join(temporaryFolder(test), 'image.tar');
    const opened = await openLayout(built.folder);
    await writeArchive(opened, built.root, [], path);
    const archive = await openArchive(path);
    const images = await inspectImages(archive, (await archive.readIndex()).manifests);
    assert.deepEqual(
      images.map(({ config, index }) => [config.platform.architecture, index]),
      ['amd64', 'arm64'].map((name) => [name, { digest: built.root.digest, annotations: { a: 'b' } }]),
    );
    const sbom = await createSbom(archive, built.root, { references: [], created: 0, toolVersion: '1.0.0' });
    for (const { descriptor } of images) assert.ok(Buffer.from(sbom).includes(hexOf(descriptor.digest)));
  });
});

describe('one platform', () => {
  it('stays a plain manifest, and says what it has no place for', async (test) => {
    const annotations = ['index:a=b', 'manifest-descriptor:c=d'];
    const built = await build(test, contextOf(test), ['linux/arm64'], { annotations });
    const [image] = verifyLayout(built.folder);
    assert.equal(built.root.mediaType, 'application/vnd.oci.image.manifest.v1+json');
    assert.equal(image?.config.architecture, 'arm64');
    const said = built.messages.filter((message) => message.includes('no index'));
    assert.equal(said.length, 2);
    assert.ok(!built.messages.some((message) => message.startsWith('building for')));
  });

  it('is that of the binary when none is named', async (test) => {
    const text = containerfile
      .replace('$TARGETARCH', '${TARGETARCH:-riscv64}')
      .replace('$TARGETPLATFORM ', '');
    const built = await build(test, contextOf(test, text), []);
    assert.equal(verifyLayout(built.folder)[0]?.config.architecture, 'riscv64');
  });
});

describe('what is wrong', () => {
  const problems = async (context: string, platforms: readonly string[]) => {
    const options = { context, labels: [], strict: true, platforms: parsePlatforms(platforms) };
    const { plans, errors, warnings } = await examinePlatforms(options);
    assert.equal(plans, undefined);
    assert.ok(warnings.length < 9);
    return errors.map(({ code, message, position }) => {
      return `${position?.line ?? 0}:${position?.column ?? 0} ${code} ${message}`;
    });
  };

  it('for all platforms is said once', async (test) => {
    const text = containerfile.replace(/LABEL .*hypervisor.*\n/, '').replace('COPY data', 'COPY nothing');
    const errors = await problems(contextOf(test, text), four);
    assert.deepEqual(
      errors.map((error) => error.split(' ')[1]),
      ['LABEL_MISSING', 'CONTEXT_PATH'],
    );
    for (const error of errors) assert.doesNotMatch(error, /\(for /);
  });

  it('for some of them names those, in one run', async (test) => {
    const context = contextOf(test, containerfile, ['kernel-arm', 'kernel-riscv64']);
    assert.deepEqual(await problems(context, four), [
      '4:6 CONTEXT_PATH "kernel-riscv64" is not in the context (for linux/riscv64)',
      '4:6 CONTEXT_PATH "kernel-arm" is not in the context (for linux/arm/v7)',
    ]);
  });

  it('with a binary names the platform and the label', async (test) => {
    const text = containerfile.replace('kernel-$TARGETARCH', 'kernel-arm64');
    const errors = await problems(contextOf(test, text), ['linux/amd64,linux/arm64']);
    assert.deepEqual(errors, [
      '6:7 ARCHITECTURE_MISMATCH expected a binary for linux/amd64, got ELF64 AArch64 in "/kernel"',
    ]);
  });

  it('with a variable of the platform is said where it stands', async (test) => {
    const errors = await problems(contextOf(test), []);
    assert.deepEqual(
      errors.map((error) => error.split(' ', 2).join(' ')),
      ['4:13 ARCHITECTURE_UNKNOWN', '9:42 ARCHITECTURE_UNKNOWN'],
    );
  });
});
