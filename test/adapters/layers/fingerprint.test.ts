import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import { nameCompressor } from '../../../src/adapters/layers/fingerprint.ts';

const file = pathToFileURL(join(import.meta.dirname, '../../../src/adapters/layers/fingerprint.ts')).href;

describe('nameCompressor', () => {
  it('tells apart what makes other bytes', async () => {
    const levels = ['gzip:1', 'gzip:2', 'gzip:3', 'gzip:4', 'gzip:5', 'gzip:6', 'gzip:7', 'gzip:8', 'gzip:9'];
    const texts = [...levels, 'zstd:1', 'zstd:3', 'zstd:4', 'zstd:6', 'zstd:7', 'zstd:19'];
    const names = await Promise.all(texts.map((text) => nameCompressor(parseCompression(text))));
    assert.equal(new Set(names).size, texts.length, names.join(' '));
    assert.equal(names[1], 'gzip:2/bima-2');
    // zstd not by the level in the name alone: the sample is such that each level makes something else of it.
    const digests = names.flatMap(
      (name) => /^zstd:\d+\/(?:frames-)?([0-9a-f]{16})$/.exec(name ?? '')?.[1] ?? [],
    );
    assert.equal(new Set(digests).size, 6, names.join(' '));
  });

  it('has no name for no compression', async () => {
    assert.equal(await nameCompressor(parseCompression('none')), undefined);
  });

  it('says the same of zstd in another process, with another number of threads', async () => {
    const script = `
      const { nameCompressor } = await import(${JSON.stringify(file)});
      process.stdout.write(await nameCompressor({ method: 'zstd', level: 4 }));`;
    const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
    const other = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      env,
      encoding: 'utf8',
    });
    assert.equal(other, await nameCompressor(parseCompression('zstd:4')));
  });
});
