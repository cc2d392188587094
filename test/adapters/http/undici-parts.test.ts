// The files of undici that are imported one by one are no interface of the package: its version is pinned, and what is
// used of each is looked at here before anything depends on it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  devDependencies: Record<string, string>;
};

describe('the parts of undici', () => {
  it('are of one version, exactly', () => {
    assert.match(devDependencies.undici ?? '', /^7\.\d+\.\d+$/);
    const { version } = JSON.parse(readFileSync('node_modules/undici/package.json', 'utf8')) as {
      version: string;
    };
    assert.equal(version, devDependencies.undici);
  });

  it('are all that is imported', () => {
    const source = readFileSync('src/adapters/http/undici.ts', 'utf8');
    const imported = [...source.matchAll(/from '(undici\/[^']+)'/g)].map(([, name]) => name);
    const declared = [
      ...readFileSync('src/adapters/http/undici-parts.d.ts', 'utf8').matchAll(/module '([^']+)'/g),
    ];
    assert.deepEqual(imported.sort(), declared.map(([, name]) => name).sort());
  });

  it('have what is used of them', async () => {
    const { default: api } = await import('undici/lib/api/index.js');
    for (const name of ['connect', 'pipeline', 'request', 'stream', 'upgrade'] as const)
      assert.equal(typeof api[name], 'function', name);
    const { default: symbols } = await import('undici/lib/core/symbols.js');
    assert.equal(typeof symbols.kParser, 'symbol');
    const { Agent, EnvHttpProxyAgent } = await import('../../../src/adapters/http/undici.ts');
    for (const create of [Agent, EnvHttpProxyAgent]) {
      const agent = new create();
      assert.equal(typeof agent.request, 'function');
      await agent.close();
    }
  });
});
