// Whom to trust, from a repository that signs its files: fetched, cached, renewed, and never believed unsigned.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadTrustConfiguration, loadTrustedRoot } from '../../../src/adapters/sigstore/trust-repository.ts';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import type { SigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { readTrustConfiguration } from '../../../src/core/trust/trust-configuration.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { startTrustFiles } from '../../support/sigstore/trust-files.ts';

const documents = {
  'trusted_root.json': { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', tlogs: [] },
  'signing_config.v0.2.json': { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' },
};

/** Waits that take no time, and what is said. */
async function withTools<T>(body: (tools: SigningTools, said: string[]) => Promise<T>): Promise<T> {
  const said: string[] = [];
  let time = Date.now();
  const clock = {
    now: () => time,
    random: () => 0,
    sleep: (milliseconds: number) => {
      time += milliseconds;
      return Promise.resolve();
    },
  };
  const reporter = { ...silentReporter, info: (text: string) => said.push(text) };
  const tools = openSigningTools({ reporter, clock });
  try {
    return await body(tools, said);
  } finally {
    await tools.close();
  }
}

function isUnavailable(error: unknown, reason = /./): true {
  assert.ok(error instanceof BimaError, String(error));
  assert.equal(error.code, 'TRUST_ROOT_UNAVAILABLE');
  assert.match(error.hint ?? '', /--trusted-root/);
  assert.match(error.message, reason);
  return true;
}

describe('the repository of a sigstore', () => {
  it('tells whom to trust and where to sign', async () => {
    await using repository = await startTrustFiles(documents);
    const found = await withTools((tools) =>
      loadTrustConfiguration({ instance: 'public', repository }, tools),
    );
    assert.deepEqual(found.trustedRoot, documents['trusted_root.json']);
    assert.deepEqual(found.signingConfig, documents['signing_config.v0.2.json']);
    assert.deepEqual(readTrustConfiguration(found, 'it').authorities, []);
  });

  it("completes GitHub's own with the services of the server", async () => {
    await using repository = await startTrustFiles(documents);
    const source = { instance: 'github', repository, serverUrl: 'https://company.ghe.com' } as const;
    const found = await withTools((tools) => loadTrustConfiguration(source, tools));
    const [authority] = readTrustConfiguration(found, 'it').authorities;
    assert.equal(authority?.url, 'https://fulcio.company.ghe.com');
  });

  it('asks again only for what may have changed, and follows the roots that came since', async (test) => {
    const cache = temporaryFolder(test);
    await using repository = await startTrustFiles(documents);
    const load = () =>
      withTools((tools) => loadTrustedRoot({ instance: 'public', cache, repository }, tools));
    await load();
    const first = repository.asked.splice(0);
    await load();
    assert.deepEqual(repository.asked.splice(0), ['/2.root.json', '/timestamp.json']);
    assert.equal(first.length, 5);
    const next = { ...documents['trusted_root.json'], ctlogs: [] };
    repository.publish({ 'trusted_root.json': next });
    assert.deepEqual(await load(), next);
    await load();
    assert.deepEqual(repository.asked.slice(-2), ['/3.root.json', '/timestamp.json']);
    assert.deepEqual(
      readdirSync(join(cache, 'trust/public')).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('uses the cache without a network as long as what is in it is valid', async (test) => {
    const cache = temporaryFolder(test);
    const repository = await startTrustFiles(documents);
    const load = () =>
      withTools(async (tools, said) => ({
        root: await loadTrustedRoot({ instance: 'public', cache, repository }, tools),
        said,
      }));
    await load();
    await repository[Symbol.asyncDispose]();
    const { root, said } = await load();
    assert.deepEqual(root, documents['trusted_root.json']);
    assert.match(said.at(-1) ?? '', /what the cache has is used/);
  });

  it('never uses what is out of date', async (test) => {
    const cache = temporaryFolder(test);
    const repository = await startTrustFiles(documents);
    repository.publish(documents, new Date(Date.now() - 1000));
    const load = () =>
      withTools((tools) => loadTrustedRoot({ instance: 'public', cache, repository }, tools));
    await assert.rejects(load, (error) => isUnavailable(error, /expired/));
    await repository[Symbol.asyncDispose]();
    await assert.rejects(load, (error) => isUnavailable(error));
  });

  it('gets over a damaged cache', async (test) => {
    const cache = temporaryFolder(test);
    await using repository = await startTrustFiles(documents);
    const load = () =>
      withTools((tools) => loadTrustedRoot({ instance: 'public', cache, repository }, tools));
    await load();
    const folder = join(cache, 'trust/public');
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '{"signed": ');
    assert.deepEqual(await load(), documents['trusted_root.json']);
    for (const name of readdirSync(folder)) JSON.parse(readFileSync(join(folder, name), 'utf8'));
  });

  it('believes nothing that its keys have not signed, wherever it lies', async (test) => {
    const cache = temporaryFolder(test);
    await using repository = await startTrustFiles(documents);
    await using other = await startTrustFiles({ 'trusted_root.json': { evil: true } });
    // A cache that somebody else filled.
    const foreign = { instance: 'public', cache, repository: other } as const;
    assert.deepEqual(await withTools((tools) => loadTrustedRoot(foreign, tools)), { evil: true });
    const source = { instance: 'public', cache, repository } as const;
    assert.deepEqual(
      await withTools((tools) => loadTrustedRoot(source, tools)),
      documents['trusted_root.json'],
    );
    // And a server that somebody else runs.
    const fake = { instance: 'public', repository: { url: other.url, root: repository.root } } as const;
    await assert.rejects(
      withTools((tools) => loadTrustedRoot(fake, tools)),
      (error) => isUnavailable(error),
    );
  });

  it('says what the network said', async () => {
    const repository = await startTrustFiles(documents);
    await repository[Symbol.asyncDispose]();
    const load = withTools((tools) => loadTrustedRoot({ instance: 'public', repository }, tools));
    await assert.rejects(load, (error) => isUnavailable(error, /refused/i));
  });

  it('is that of public sigstore, or of GitHub, where no other is named', async () => {
    // A proxy that isn't there: nothing leaves this machine.
    const proxy = { http: 'http://127.0.0.1:9', https: 'http://127.0.0.1:9' };
    for (const [instance, url] of [
      ['public', 'https://tuf-repo-cdn.sigstore.dev'],
      ['github', 'https://tuf-repo.github.com'],
    ] as const) {
      const clock = { now: () => Date.now(), random: () => 0, sleep: () => Promise.resolve() };
      const tools = openSigningTools({ reporter: silentReporter, clock, proxy });
      await assert.rejects(loadTrustedRoot({ instance }, tools), (error) =>
        isUnavailable(error, new RegExp(`^whom to trust can't be read from ${url}: `)),
      );
      await tools.close();
    }
  });

  it("has GitHub's services of github.com where no server is named", async () => {
    await using repository = await startTrustFiles(documents);
    const found = await withTools((tools) =>
      loadTrustConfiguration({ instance: 'github', repository }, tools),
    );
    const named = await withTools((tools) =>
      loadTrustConfiguration({ instance: 'github', repository, serverUrl: 'https://github.com' }, tools),
    );
    assert.deepEqual(found, named);
    assert.equal(found.mediaType, 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json');
  });

  it('says which of its files it lacks', async () => {
    await using repository = await startTrustFiles({ 'trusted_root.json': {} });
    const load = withTools((tools) => loadTrustConfiguration({ instance: 'public', repository }, tools));
    await assert.rejects(load, (error) => isUnavailable(error, /: it has no signing_config\.v0\.2\.json$/));
  });

  it('keeps nothing without a folder', async (test) => {
    await using repository = await startTrustFiles(documents);
    const before = process.cwd();
    const folder = temporaryFolder(test);
    process.chdir(folder);
    try {
      await withTools((tools) => loadTrustedRoot({ instance: 'public', repository, cache: '' }, tools));
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      process.chdir(before);
    }
  });
});
