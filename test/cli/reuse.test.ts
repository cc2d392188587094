// What a second `bima build` costs the registry that has the first one's image.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { on, stallAt } from '../support/faults.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { sampleContext } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';

interface Printed {
  readonly code: number;
  readonly digest: string;
  readonly lines: string;
}

async function bima(...args: readonly string[]): Promise<Printed> {
  const [out, lines]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment: {},
    stdout: (line) => out.push(line),
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, digest: out.join('\n'), lines: lines.join('\n') };
}

async function build(...args: readonly string[]): Promise<Printed> {
  const printed = await bima('build', ...args);
  assert.equal(printed.code, 0, printed.lines);
  return printed;
}

/** The requests since the last call, digests shortened to what they name. */
function requestsOf(registry: Registry): () => string[] {
  let seen = 0;
  return () => {
    const fresh = registry.requests.slice(seen);
    seen = registry.requests.length;
    return fresh
      .map(({ method, path, status }) => {
        const what = path
          .replace('/v2/a/b/', '')
          .replace(/sha256:\w+/, '…')
          .replace(/uploads\/.+/, 'uploads/…');
        return `${method} ${what} ${status ?? ''}`;
      })
      .sort();
  };
}

function changeConfiguration(context: string): void {
  writeFileSync(join(context, 'redis.conf'), 'maxmemory 65mb\n');
}

describe('a build for a tag that is there', () => {
  it('asks for the image and no more when nothing changed', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const args = ['--push', '-t', `${registry.host}/a/b:1`, sampleContext(test)];
    const first = await build(...args);
    assert.deepEqual(requests().slice(0, 1), ['GET manifests/1 404']);
    const second = await build(...args);
    assert.deepEqual(requests(), ['GET blobs/… 200', 'GET manifests/1 200', 'HEAD manifests/1 200']);
    assert.equal(second.digest, first.digest);
    assert.match(second.lines, /COPY test-redis\.hvt .*, there already/);
    registry.assertRules();
  });

  it('sends the changed layer, the config and the manifest', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const context = sampleContext(test);
    const args = ['--push', '-t', `${registry.host}/a/b:1`, context];
    await build(...args);
    requests();
    changeConfiguration(context);
    const warm = await build(...args);
    // Two layers are there; the third and the config aren't.
    assert.deepEqual(requests(), [
      'GET blobs/… 200',
      'GET manifests/1 200',
      'HEAD blobs/… 200',
      'HEAD blobs/… 200',
      'HEAD blobs/… 404',
      'HEAD blobs/… 404',
      'HEAD manifests/1 200',
      'POST blobs/uploads/ 202',
      'POST blobs/uploads/ 202',
      'PUT blobs/uploads/… 201',
      'PUT blobs/uploads/… 201',
      'PUT manifests/1 201',
    ]);
    const cold = await build('--no-reuse', '-o', 'oci', '--dest', join(context, '../cold'), context);
    assert.equal(warm.digest, cold.digest);
    assert.ok(registry.store.pull('a/b', '1').length > 4);
    registry.assertRules();
  });

  it('makes and sends a layer that the registry has lost', async (test) => {
    await using registry = await startRegistry();
    const context = sampleContext(test);
    const args = ['--push', '-t', `${registry.host}/a/b:1`, context];
    await build(...args);
    const { blobs, manifests, tags } = registry.store.repository('a/b');
    const manifest = JSON.parse(String(manifests.get(tags.get('1') ?? 'sha256:')?.bytes)) as {
      layers: { digest: `sha256:${string}` }[];
    };
    for (const { digest } of manifest.layers) blobs.delete(digest);
    changeConfiguration(context);
    await build(...args);
    // The store throws for anything that is missing or damaged.
    assert.equal(registry.store.pull('a/b', '1').length, 5);
    registry.assertRules();
  });

  it('says what helps when the image that is there is wrong about a layer', async (test) => {
    await using registry = await startRegistry();
    const context = sampleContext(test);
    const args = ['--push', '-t', `${registry.host}/a/b:1`, context];
    await build(...args);
    const { manifests, tags } = registry.store.repository('a/b');
    const stored = manifests.get(tags.get('1') ?? 'sha256:') ?? assert.fail();
    const lie = JSON.parse(Buffer.from(stored.bytes).toString()) as { layers: Descriptor[] };
    const [first = assert.fail(), ...others] = lie.layers;
    const digest = digestOf(Buffer.from('another layer'));
    const [mark = ''] = Object.values(first.annotations ?? {});
    const annotations = { 'com.nubificus.bima.compressor': mark.replace(/ .*/, ` ${digest.slice(7, 23)}`) };
    const bytes = Buffer.from(
      JSON.stringify({ ...lie, layers: [{ ...first, digest, annotations }, ...others] }),
    );
    manifests.set(digestOf(bytes), { ...stored, bytes });
    tags.set('1', digestOf(bytes));
    changeConfiguration(context);
    const { code, lines } = await bima('build', ...args);
    assert.equal(code, 1);
    assert.match(lines, /expected .* got .*--no-reuse/s);
    await build('--no-reuse', ...args);
    assert.equal(registry.store.pull('a/b', '1').length, 5);
  });

  it('looks at every tag until one is there, and sends layers to another repository', async (test) => {
    await using registry = await startRegistry();
    const context = sampleContext(test);
    const tag = (name: string) => `${registry.host}/${name}`;
    await build('--push', '-t', tag('a/b:latest'), context);
    changeConfiguration(context);
    const { lines } = await build(
      '--push',
      ...['a/b:2', 'c/d:1', 'a/b:latest'].flatMap((name) => ['-t', tag(name)]),
      context,
    );
    assert.match(lines, /COPY test-redis\.hvt .*, there already/);
    for (const [name, label] of [
      ['a/b', '2'],
      ['a/b', 'latest'],
      ['c/d', '1'],
    ] as const)
      assert.equal(registry.store.pull(name, label).length, 5);
    registry.assertRules();
  });

  it('takes over nothing with --no-reuse, and looks at all that is there', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const args = ['--push', '-t', `${registry.host}/a/b:1`, sampleContext(test)];
    const first = await build(...args);
    requests();
    const second = await build('--no-reuse', ...args);
    const looks = Array.from({ length: 4 }, () => 'HEAD blobs/… 200');
    assert.deepEqual(requests(), [...looks, 'HEAD manifests/1 200', 'PUT manifests/… 201']);
    assert.equal(second.digest, first.digest);
    assert.doesNotMatch(second.lines, /there already/);
  });

  it('is a build like any other where it may not read', async (test) => {
    const intercept = ({ method }: { method: string }) => (method === 'GET' ? { status: 403 } : undefined);
    await using registry = await startRegistry({ intercept });
    const { lines } = await build('--push', '--debug', '-t', `${registry.host}/a/b:1`, sampleContext(test));
    assert.match(lines, /no layer of the previous image is reused/);
    assert.equal(registry.store.pull('a/b', '1').length, 5);
  });

  it('says what is wrong with the context and ends, while the registry keeps silent', async (test) => {
    await using registry = await startRegistry();
    const silent = { when: on('GET', 'manifest'), act: stallAt(0), times: Infinity };
    await using proxy = await startFaultProxy({ upstream: registry.origin, faults: [silent] });
    const context = sampleContext(test);
    appendFileSync(join(context, 'Containerfile'), 'COPY missing /\n');
    const main = join(import.meta.dirname, '../../src/cli/main.ts');
    const child = spawn(process.execPath, [main, 'build', '--push', '-t', `${proxy.host}/a/b:1`, context]);
    let lines = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (lines += text));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 1);
    assert.match(lines, /error: "missing" is not in the context/);
    assert.doesNotMatch(lines, /trying again|GET/);
    assert.ok(proxy.count('GET', 'manifest') <= 1);
  });
});

describe('a build for a place that holds an image', () => {
  for (const [output, verify] of [
    ['oci', true],
    ['tar', false],
  ] as const) {
    it(`takes its layers over (${output})`, async (test: TestContext) => {
      const context = sampleContext(test);
      const path = join(context, '../image');
      const args = ['-o', output, '-t', 'a:1', '--dest', path, context];
      const first = await build(...args);
      const before = verify ? undefined : readFileSync(path);
      const second = await build(...args);
      assert.match(second.lines, /COPY test-redis\.hvt .*, there already/);
      assert.equal(second.digest, first.digest);
      if (before !== undefined) assert.deepEqual(readFileSync(path), before);

      changeConfiguration(context);
      await build(...args);
      const cold = join(context, '../cold');
      await build('-o', output, '-t', 'a:1', '--dest', cold, context);
      if (before === undefined) assert.equal(verifyLayout(cold).length, 1);
      else assert.deepEqual(readFileSync(path), readFileSync(cold));
    });
  }

  it('leaves alone what is no image, and replaces it', async (test) => {
    const context = sampleContext(test);
    const path = join(context, '../image');
    writeFileSync(path, 'a file of something else');
    await build('--tar', '-t', 'a:1', '--dest', path, context);
    assert.ok(existsSync(path) && readFileSync(path).length > 5000);
  });
});
