// `bima build` with a cache, for a tag or a file that isn't there yet.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import { sampleOfSize } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';

interface Printed {
  readonly digest: string;
  readonly lines: string;
}

async function build(environment: Record<string, string>, ...args: readonly string[]): Promise<Printed> {
  const [out, lines]: [string[], string[]] = [[], []];
  const code = await run(['build', ...args], {
    environment,
    stdout: (line) => out.push(line),
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  assert.equal(code, 0, lines.join('\n'));
  return { digest: out.join('\n'), lines: lines.join('\n') };
}

const taken = /^COPY test-redis\.hvt .*, there already, in the cache$/m;

describe('a build for a new place, with a cache', () => {
  it('sends nothing of a layer that the repository has under another tag', async (test) => {
    await using registry = await startRegistry();
    const context = sampleOfSize(test, 1_200_000);
    const cache = join(temporaryFolder(test), 'cache');
    const tag = (name: string) => `${registry.host}/a/b:${name}`;
    const first = await build({ BIMA_CACHE: cache }, '--push', '-t', tag('1'), context);
    assert.doesNotMatch(first.lines, taken);
    const before = registry.requests.length;
    const second = await build({}, '--cache', cache, '--push', '-t', tag('2'), context);
    assert.match(second.lines, taken);
    assert.equal(second.digest, first.digest);
    assert.deepEqual(
      registry.requests
        .slice(before)
        .map(({ method, path, status }) => `${method} ${path.replace(/sha256:\w+/, '…')} ${status ?? ''}`)
        .sort(),
      [
        'GET /v2/a/b/manifests/2 404',
        // Three layers and the config.
        ...Array.from({ length: 4 }, () => 'HEAD /v2/a/b/blobs/… 200'),
        'HEAD /v2/a/b/manifests/2 404',
        'PUT /v2/a/b/manifests/2 201',
      ],
    );
    registry.assertRules();
  });

  it('sends the layer to a registry that lacks it', async (test) => {
    await using registry = await startRegistry();
    const context = sampleOfSize(test, 1_200_000);
    const cache = join(temporaryFolder(test), 'cache');
    await build({}, '--cache', cache, '--push', '-t', `${registry.host}/a/b:1`, context);
    await using other = await startRegistry();
    const { lines } = await build({}, '--cache', cache, '--push', '-t', `${other.host}/a/b:1`, context);
    assert.match(lines, taken);
    // The store throws for anything that is missing or damaged.
    assert.equal(other.store.pull('a/b', '1').length, 5);
    other.assertRules();
  });

  it('makes the same archive and a whole layout', async (test) => {
    const context = sampleOfSize(test, 1_200_000);
    const folder = temporaryFolder(test);
    const cache = ['--cache', join(folder, 'cache')];
    const path = (name: string) => join(folder, name);
    await build({}, '--tar', '-t', 'a:1', '--dest', path('without.tar'), context);
    await build({}, ...cache, '--tar', '-t', 'a:1', '--dest', path('cold.tar'), context);
    const warm = await build({}, ...cache, '--tar', '-t', 'a:1', '--dest', path('warm.tar'), context);
    assert.match(warm.lines, taken);
    const [without, cold, again] = ['without', 'cold', 'warm'].map((name) =>
      readFileSync(path(`${name}.tar`)),
    );
    assert.deepEqual(cold, without);
    assert.deepEqual(again, without);
    const layout = await build({}, ...cache, '-o', 'oci', '--dest', path('layout'), context);
    assert.match(layout.lines, taken);
    assert.equal(verifyLayout(path('layout'))[0]?.entry.digest, layout.digest);
  });

  it('takes nothing with --no-reuse', async (test) => {
    const context = sampleOfSize(test, 1_200_000);
    const folder = temporaryFolder(test);
    const args = ['--no-reuse', '--cache', join(folder, 'cache'), '--tar', '-t', 'a:1'];
    await build({}, ...args, '--dest', join(folder, '1.tar'), context);
    const second = await build({}, ...args, '--dest', join(folder, '2.tar'), context);
    assert.doesNotMatch(second.lines, /there already/);
  });
});
