// Base images in a registry: what travels, what doesn't have to, and what is said when something is wrong.

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { big, hello, labels, startBaseRegistry } from '../../support/base-registry.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startRegistry } from '../../support/registry.ts';
import { mustRunCommand, runCommand } from '../../support/run-command.ts';
import { basicAuth } from '../../support/token-server.ts';
import { verifyLayout } from '../../support/verify-layout.ts';

const build = (context: string, ...args: string[]) => ['build', '--no-strict', ...args, context];

describe('a push of an image on a base', () => {
  it('mounts the layers of the base, and neither fetches nor sends a byte of them', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { registry, context, layers } = setup;
    const tag = `${registry.host}/own/app:1`;
    const { stdout } = await mustRunCommand(build(context, '--push', '--json', '-t', tag));
    assert.equal(setup.downloads(), 0);
    assert.ok(registry.uploadedBytes() < 5000, `${registry.uploadedBytes()} bytes were sent`);
    const { pushed } = JSON.parse(stdout) as { pushed: { blobs: { digest: string; stored: string }[] }[] };
    const stored = new Map(pushed[0]?.blobs.map((blob) => [blob.digest, blob.stored]));
    for (const { digest } of layers) assert.equal(stored.get(digest), 'mounted');
    assert.equal([...stored.values()].filter((how) => how === 'mounted').length, layers.length);
    // Only those that the base has are asked for there.
    assert.equal(registry.requests.filter(({ query }) => query.includes('mount=')).length, layers.length);
    registry.store.pull('own/app', '1');
    registry.assertRules();
  });

  it('neither fetches nor sends what is there already', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { registry, context } = setup;
    const push = (tag: string) =>
      mustRunCommand(build(context, '--push', '-t', `${registry.host}/own/app:${tag}`));
    await push('1');
    const before = registry.uploadedBytes();
    writeFileSync(join(context, 'kernel'), Buffer.concat([hello, Buffer.from('changed')]));
    await push('2');
    assert.equal(setup.downloads(), 0);
    assert.ok(registry.uploadedBytes() - before < 5000);
    assert.equal(registry.requests.filter(({ query }) => query.includes('mount=')).length, 2);
    registry.store.pull('own/app', '2');
  });

  it('sends the layers, each fetched once, where they can not be mounted', async (test) => {
    for (const options of [{ mounts: 'ignored' } as const, {}]) {
      await using setup = await startBaseRegistry(test, options);
      await using other = await startRegistry();
      const target = options.mounts === 'ignored' ? setup.registry : other;
      const references = ['-t', `${target.host}/own/app:1`, '-t', `${target.host}/own/second:1`];
      await mustRunCommand(build(setup.context, '--push', ...references));
      target.store.pull('own/app', '1');
      target.store.pull('own/second', '1');
      assert.equal(setup.downloads(), setup.layers.length);
      assert.ok(target.uploadedBytes() > big.length);
    }
  });
});

describe('the layers of a base in a registry', () => {
  it('are fetched for a layout and an archive, once, and pushed as they are', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { registry, context, folder, layers } = setup;
    const layout = join(folder, 'out');
    await mustRunCommand(build(context, '-o', 'oci', '--dest', layout));
    assert.equal(setup.downloads(), layers.length);
    const [image] = verifyLayout(layout);
    assert.deepEqual(image?.manifest.layers.slice(0, 2), layers);
    await mustRunCommand(build(context, '--tar', '--dest', join(folder, 'out.tar')));
    assert.equal(setup.downloads(), 2 * layers.length);
    const { stdout } = await mustRunCommand(['inspect', '--json', join(folder, 'out.tar')]);
    assert.ok(stdout.includes('usr/bin/tool'));
    registry.assertRules();
  });

  it('come from the cache in later builds, and again from the registry when it is damaged', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { context, folder, layers } = setup;
    const cache = join(folder, 'cache');
    const run = (number: number, env = {}) =>
      mustRunCommand(build(context, '-o', 'oci', '--dest', join(folder, `out${number}`)), { env });
    await run(1, { BIMA_CACHE: cache });
    assert.equal(setup.downloads(), layers.length);
    const second = await run(2, { BIMA_CACHE: cache });
    assert.equal(setup.downloads(), layers.length);
    assert.match(second.stderr, /200\.\d kB|20\d kB: in the cache/);
    const blobs = join(cache, 'blobs/sha256');
    for (const name of readdirSync(blobs)) writeFileSync(join(blobs, name), 'damaged');
    const third = await mustRunCommand(
      build(context, '--cache', cache, '--debug', '-o', 'oci', '--dest', join(folder, 'out3')),
    );
    assert.equal(setup.downloads(), 2 * layers.length);
    assert.match(third.stderr, /is damaged, and is fetched again/);
    verifyLayout(join(folder, 'out3'));
  });

  it('are shared by builds side by side', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { context, folder } = setup;
    const cache = join(folder, 'cache');
    const builds = [1, 2, 3, 4].map((number) =>
      mustRunCommand(build(context, '--cache', cache, '-o', 'oci', '--dest', join(folder, `out${number}`))),
    );
    const digests = (await Promise.all(builds)).map(({ stdout }) => stdout);
    assert.equal(new Set(digests).size, 1);
    for (const number of [1, 2, 3, 4]) verifyLayout(join(folder, `out${number}`));
    assert.ok(readdirSync(join(cache, 'blobs/sha256')).every((name) => /^[0-9a-f]{64}$/.test(name)));
  });

  it('leave nothing behind without a cache', async (test) => {
    await using setup = await startBaseRegistry(test);
    const temporary = temporaryFolder(test);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = temporary;
    test.after(() => {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    });
    setup.writeContainerfile(
      'FROM scratch',
      `COPY --from=${setup.registry.host}/lib/base:1 /bin/tool /tool`,
      'COPY kernel /kernel',
      ...labels,
    );
    await mustRunCommand(build(setup.context, '--tar', '--dest', join(setup.folder, 'out.tar')));
    assert.deepEqual(readdirSync(temporary), []);
  });

  it('are taken up where a download broke off', async (test) => {
    let isFirst = true;
    await using setup = await startBaseRegistry(test, {
      intercept: ({ method, path }) => {
        if (!isFirst || method !== 'GET' || !path.includes('/blobs/')) return undefined;
        isFirst = false;
        return { status: 503 };
      },
    });
    await mustRunCommand(build(setup.context, '-o', 'oci', '--dest', join(setup.folder, 'out')));
    verifyLayout(join(setup.folder, 'out'));
  });

  it('are refused when they are damaged, at the place of FROM', async (test) => {
    await using setup = await startBaseRegistry(test);
    const { registry, layers, context } = setup;
    const [layer] = layers;
    assert.ok(layer !== undefined);
    registry.store
      .repository('lib/base')
      .blobs.set(layer.digest, { size: layer.size, bytes: Buffer.alloc(layer.size) });
    setup.writeContainerfile(`FROM ${registry.host}/lib/base:1`, 'COPY kernel /bin/kernel', ...labels);
    const { code, stdout } = await runCommand(['lint', '--no-strict', '--json', context]);
    assert.equal(code, 1);
    const [first] = JSON.parse(stdout) as { code: string; position: { line: number; column: number } }[];
    assert.equal(first?.code, 'DIGEST_MISMATCH');
    assert.deepEqual([first.position.line, first.position.column], [1, 6]);
  });
});

describe('a base that can not be opened', () => {
  async function firstProblem(context: string, ...args: string[]): Promise<unknown> {
    const { stdout } = await runCommand(['lint', '--no-strict', '--json', ...args, context]);
    const [first] = JSON.parse(stdout) as {
      code: string;
      hint?: string;
      position?: { line: number; column: number };
    }[];
    return [first?.code, first?.position?.line, first?.position?.column, first?.hint !== undefined];
  }

  it('is reported at its place when it does not exist', async (test) => {
    await using setup = await startBaseRegistry(test);
    setup.writeContainerfile(`FROM ${setup.registry.host}/lib/base:2`, 'COPY kernel /kernel', ...labels);
    assert.deepEqual(await firstProblem(setup.context), ['REGISTRY_NOT_FOUND', 1, 6, true]);
    setup.writeContainerfile('FROM scratch', `COPY --from=${setup.registry.host}/none /a /a`, ...labels);
    assert.deepEqual(await firstProblem(setup.context), ['REGISTRY_NOT_FOUND', 2, 13, true]);
  });

  it('is reported at its place when its registry has no address', async (test) => {
    await using setup = await startBaseRegistry(test);
    setup.writeContainerfile('FROM registry.invalid/base:1', 'COPY kernel /kernel', ...labels);
    assert.deepEqual(await firstProblem(setup.context), ['REGISTRY_UNREACHABLE', 1, 6, true]);
  });

  it('is opened with the credentials of the command line, and refused without', async (test) => {
    await using setup = await startBaseRegistry(test, { auth: basicAuth('robot', 'secret') });
    assert.deepEqual(await firstProblem(setup.context), ['REGISTRY_UNAUTHORIZED', 1, 6, true]);
    const args = build(setup.context, '-u', 'robot', '--password-stdin');
    const layout = join(setup.folder, 'out');
    await mustRunCommand([...args, '-o', 'oci', '--dest', layout, '-t', 'other.example/app:1'], {
      input: 'secret\n',
    });
    verifyLayout(layout);
    // The password is read once for both sides.
    await mustRunCommand([...args, '--push', '-t', `${setup.registry.host}/own/app:1`], { input: 'secret' });
  });
});

describe('a build without a base', () => {
  it('asks no registry', async (test) => {
    const context = temporaryFolder(test, {
      kernel: hello,
      Containerfile: ['FROM scratch', 'COPY kernel /kernel', ...labels].join('\n'),
    });
    const { stderr } = await mustRunCommand(build(context, '--tar', '--dest', join(context, 'out.tar')));
    assert.doesNotMatch(stderr, /fetched|on /);
  });
});
