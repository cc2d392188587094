// Rows 81 and 82: where credentials are kept, as it goes wrong, up to a registry that wants them.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BimaError } from '../../../../src/core/errors.ts';
import { runHelper } from '../../../../src/adapters/registry/credential-helper.ts';
import { createCredentials } from '../../../../src/adapters/registry/credentials.ts';
import type { Credential } from '../../../../src/adapters/registry/credentials.ts';
import { repository, runPush, user } from '../../../support/fault-run.ts';
import type { PushRun } from '../../../support/fault-run.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function makeHome(config: string | undefined, helpers: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'bima-home-'));
  folders.push(home);
  mkdirSync(join(home, '.docker'));
  if (config !== undefined) writeFileSync(join(home, '.docker/config.json'), config);
  for (const [name, script] of Object.entries(helpers)) {
    const file = join(home, `docker-credential-${name}`);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
  return { home, env: { PATH: `${home}:/usr/bin:/bin` } };
}

interface Kept {
  readonly config: unknown;
  readonly helpers?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly identity?: string;
}

/** Pushes with what is kept in files; `HOST` in them stands for the registry. */
async function pushWith({ config, helpers, secrets = [], identity }: Kept): Promise<PushRun> {
  return runPush({
    tokens: { user: identity === undefined ? user : { name: user.name, password: identity } },
    secrets,
    client: {
      credentials: {
        find(registry, name) {
          const text = typeof config === 'string' ? config : JSON.stringify(config);
          const kept = makeHome(text.replaceAll('HOST', registry), helpers);
          return createCredentials(kept).find(registry, name);
        },
      },
    },
  });
}

const helperAnswer = JSON.stringify({ ServerURL: 'x', Username: user.name, Secret: user.password });
const auth = Buffer.from(`${user.name}:${user.password}`).toString('base64');

describe('credential helpers', () => {
  it('credential helper: one that works', async () => {
    await using run = await pushWith({
      config: { credHelpers: { HOST: 'good' } },
      helpers: { good: `cat >/dev/null; cat <<'END'\n${helperAnswer}\nEND` },
    });
    run.assertPushed();
  });

  const broken: readonly (readonly [string, string | undefined])[] = [
    ['is missing', undefined],
    ['answers garbage', `cat >/dev/null; echo 'not JSON but secret-word'`],
    ['answers without a secret', `cat >/dev/null; echo '{"Username":"x"}'`],
    ['ends with a status', `cat >/dev/null; echo 'secret-word'; exit 3`],
    ['dies', `kill -9 $$`],
  ];
  for (const [name, script] of broken) {
    it(`credential helper: one that ${name}`, async () => {
      await using run = await pushWith({
        config: { credsStore: 'bad' },
        ...(script === undefined ? {} : { helpers: { bad: script } }),
        secrets: ['secret-word'],
      });
      const error = run.assertFailed('CREDENTIALS_FAILED');
      assert.match(error.message, /docker-credential-bad/);
      assert.ok(error.hint !== undefined);
    });
  }

  it('credential helper: one that hangs', async () => {
    const { env } = makeHome('{}', { slow: 'exec sleep 60' });
    await assert.rejects(
      runHelper('slow', 'registry.example', env, 200),
      (error) => error instanceof BimaError && error.code === 'CREDENTIALS_FAILED',
    );
  });

  it('credential helper: "not found" means anonymous', async () => {
    const notFound = `cat >/dev/null; echo 'credentials not found in native keychain'; exit 1`;
    const { home, env } = makeHome(JSON.stringify({ credsStore: 'empty' }), { empty: notFound });
    assert.equal(await createCredentials({ home, env }).find('registry.example', repository), undefined);
  });

  it('credential helper: <token> is an identity token', async () => {
    const identity = 'identity-token-of-a-helper';
    const answer = JSON.stringify({ Username: '<token>', Secret: identity });
    await using run = await pushWith({
      config: { credHelpers: { HOST: 'acr' } },
      helpers: { acr: `cat >/dev/null; echo '${answer}'` },
      identity,
      secrets: [identity],
    });
    run.assertPushed();
    assert.equal(run.tokens?.requests[0]?.parameters.get('refresh_token'), identity);
  });

  it('credential helper: a name that is a path is not run', async () => {
    const { home, env } = makeHome(JSON.stringify({ credsStore: '../evil' }), {});
    await assert.rejects(
      createCredentials({ home, env }).find('registry.example', repository),
      (error) => error instanceof BimaError && error.code === 'CREDENTIALS_FAILED',
    );
  });
});

describe('config.json', () => {
  const good: readonly (readonly [string, unknown])[] = [
    ['a plain key', { auths: { HOST: { auth } } }],
    ['a URL as the key', { auths: { 'https://HOST/v1/': { auth } } }],
    ['a URL of v2', { auths: { 'http://HOST/v2/': { auth } } }],
    [
      'a key with the path',
      { auths: { [`HOST/${repository}`]: { auth }, HOST: { auth: 'd3Jvbmc6d3Jvbmc=' } } },
    ],
    ['user name and password', { auths: { HOST: { username: user.name, password: user.password } } }],
    ['a byte order mark', `\uFEFF${JSON.stringify({ auths: { HOST: { auth } } })}`],
  ];
  for (const [name, config] of good) {
    it(`config file: ${name}`, async () => {
      await using run = await pushWith({ config });
      run.assertPushed();
    });
  }

  const bad: readonly (readonly [string, unknown])[] = [
    ['no JSON', '{"auths": {"HOST": {"auth": "c2VjcmV0LXdvcmQ='],
    ['no object', '["secret-word"]'],
    ['bad base64', { auths: { HOST: { auth: '***secret-word***' } } }],
    ['auth without a colon', { auths: { HOST: { auth: Buffer.from('secret-word').toString('base64') } } }],
  ];
  for (const [name, config] of bad) {
    it(`config file: ${name} is an error that names the file`, async () => {
      await using run = await pushWith({ config, secrets: ['secret-word', 'c2VjcmV0LXdvcmQ='] });
      const error = run.assertFailed('CREDENTIALS_FAILED');
      assert.match(error.message, /config\.json/);
    });
  }

  it('config file: the old keys of Docker Hub', async () => {
    const found: (Credential | undefined)[] = [];
    for (const key of [
      'https://index.docker.io/v1/',
      'index.docker.io',
      'docker.io',
      'registry-1.docker.io',
    ]) {
      const { home, env } = makeHome(JSON.stringify({ auths: { [key]: { auth } } }));
      found.push(await createCredentials({ home, env }).find('docker.io', 'library/redis'));
    }
    const expected = { kind: 'password', username: user.name, password: user.password };
    assert.deepEqual(found, [expected, expected, expected, expected]);
  });

  it('config file: a key of another host does not fit', async () => {
    for (const key of [
      'example.com',
      'registry.example.evil',
      'registry.example:5000',
      'xregistry.example',
    ]) {
      const { home, env } = makeHome(JSON.stringify({ auths: { [key]: { auth } } }));
      const found = await createCredentials({ home, env }).find('registry.example', repository);
      assert.equal(found, undefined, key);
    }
  });
});
