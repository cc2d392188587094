import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import { runHelper } from '../../../src/adapters/registry/credential-helper.ts';
import { createCredentials } from '../../../src/adapters/registry/credentials.ts';

const folder = mkdtempSync(join(tmpdir(), 'bima-credentials-'));
after(() => {
  rmSync(folder, { recursive: true });
});

let homes = 0;

/** A home with these files in it. */
function makeHome(files: Readonly<Record<string, unknown>>): string {
  const home = join(folder, `home-${homes++}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return home;
}

const auths = (entries: Readonly<Record<string, string>>) => ({
  auths: Object.fromEntries(
    Object.entries(entries).map(([key, pair]) => [key, { auth: Buffer.from(pair).toString('base64') }]),
  ),
});

/** The user name that is found. */
async function findName(
  options: Omit<Parameters<typeof createCredentials>[0], 'env'> & { env?: Record<string, string> },
  registry = 'reg.test',
  repository = 'team/app',
): Promise<string | undefined> {
  const found = await createCredentials({ env: {}, ...options }).find(registry, repository);
  return found?.kind === 'bearer' ? found.token : found?.username;
}

describe('createCredentials', () => {
  it('looks in each place in its turn', async () => {
    const home = makeHome({
      '.docker/config.json': auths({ 'reg.test': 'docker:x' }),
      'named.json': auths({ 'reg.test': 'named:x' }),
      'run/containers/auth.json': auths({ 'reg.test': 'runtime:x' }),
      '.config/containers/auth.json': auths({ 'reg.test': 'podman:x' }),
    });
    const empty = join(home, 'empty');
    const podman = { DOCKER_CONFIG: empty, REGISTRY_AUTH_FILE: join(empty, 'none') };
    const variable = { DOCKER_AUTH_CONFIG: JSON.stringify(auths({ 'reg.test': 'variable:x' })) };
    const explicit = [{ registry: 'https://reg.test/', username: 'explicit', password: 'x' }];
    assert.equal(await findName({ home, env: variable, explicit }), 'explicit');
    assert.equal(await findName({ home, env: variable }), 'variable');
    assert.equal(await findName({ home }), 'docker');
    assert.equal(
      await findName({ home, env: { DOCKER_CONFIG: empty, REGISTRY_AUTH_FILE: join(home, 'named.json') } }),
      'named',
    );
    assert.equal(await findName({ home, env: { ...podman, XDG_RUNTIME_DIR: join(home, 'run') } }), 'runtime');
    assert.equal(await findName({ home, env: podman }), 'podman');
    assert.equal(await findName({ home: empty }), undefined);
  });

  it('goes on when one place knows other registries only', async () => {
    const home = makeHome({ '.docker/config.json': auths({ 'reg.test': 'docker:x' }) });
    const env = { DOCKER_AUTH_CONFIG: JSON.stringify(auths({ 'other.test': 'variable:x' })) };
    assert.equal(await findName({ home, env }), 'docker');
  });

  it('gives the GitHub token to ghcr.io alone, and last', async () => {
    const home = makeHome({});
    const env = { GITHUB_ACTOR: 'octo' };
    assert.equal(await findName({ home, env, githubToken: 'tok' }, 'ghcr.io'), 'octo');
    assert.equal(await findName({ home, env, githubToken: 'tok' }), undefined);
    const own = makeHome({ '.docker/config.json': auths({ 'ghcr.io': 'docker:x' }) });
    assert.equal(await findName({ home: own, env, githubToken: 'tok' }, 'ghcr.io'), 'docker');
  });

  for (const key of ['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io', 'index.docker.io']) {
    it(`knows Docker Hub as ${key}`, async () => {
      const home = makeHome({ '.docker/config.json': auths({ [key]: 'hub:x' }) });
      assert.equal(await findName({ home }, 'docker.io', 'library/redis'), 'hub');
    });
  }

  it('prefers the most particular key', async () => {
    const home = makeHome({
      '.config/containers/auth.json': auths({
        'reg.test': 'host:x',
        'reg.test/team': 'team:x',
        'reg.test/team/app': 'app:x',
      }),
    });
    assert.equal(await findName({ home }, 'reg.test', 'team/app'), 'app');
    assert.equal(await findName({ home }, 'reg.test', 'team/other'), 'team');
    assert.equal(await findName({ home }, 'reg.test', 'teams/app'), 'host');
    assert.equal(await findName({ home }, 'reg.test:5000', 'team/app'), undefined);
  });

  it('names the file that is broken', async () => {
    const home = makeHome({ '.docker/config.json': '{' });
    await assert.rejects(findName({ home }), /config\.json" is not valid JSON/);
  });
});

describe(
  'credential helpers',
  { skip: process.platform === 'win32' && 'they are shell scripts here' },
  () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const helper = (name: string, script: string) => {
      writeFileSync(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, `docker-credential-${name}`), 0o755);
    };
    helper(
      'good',
      'read server; [ "$1" = get ] && echo "{\\"Username\\":\\"robot\\",\\"Secret\\":\\"for $server\\"}"',
    );
    helper('identity', 'echo \'{"Username":"<token>","Secret":"refresh"}\'');
    helper('none', 'echo "credentials not found in native keychain"; exit 1');
    helper('broken', 'echo "hunter2"; exit 3');
    helper('garbage', 'echo "hunter2"');
    helper('hangs', 'sleep 60');
    const env = { PATH: `${bin}:${process.env.PATH ?? ''}` };

    it('asks for the server on its standard input', async () => {
      assert.deepEqual(await runHelper('good', 'reg.test', env), {
        kind: 'password',
        username: 'robot',
        password: 'for reg.test',
      });
    });

    it('knows an identity token', async () => {
      assert.deepEqual(await runHelper('identity', 'reg.test', env), {
        kind: 'identity',
        username: '<token>',
        token: 'refresh',
      });
    });

    it('takes "not found" as nobody', async () => {
      assert.equal(await runHelper('none', 'reg.test', env), undefined);
    });

    for (const name of ['broken', 'garbage', 'hangs', 'missing', '../evil']) {
      it(`names the one that is ${name}, without what it said`, async () => {
        await assert.rejects(
          runHelper(name, 'reg.test', env, 300),
          (error) =>
            error instanceof BimaError &&
            error.code === 'CREDENTIALS_FAILED' &&
            error.message.includes(`docker-credential-${name}`) &&
            !error.message.includes('hunter2'),
        );
      });
    }

    it('is never taken from the current folder, whatever the PATH says', async (test) => {
      const workspace = mkdtempSync(join(tmpdir(), 'bima-workspace-'));
      const before = process.cwd();
      process.chdir(workspace);
      test.after(() => {
        process.chdir(before);
        rmSync(workspace, { recursive: true });
      });
      const evil = (path: string) => {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '#!/bin/sh\ntouch ran\necho \'{"Username":"evil","Secret":"x"}\'\n');
        chmodSync(path, 0o755);
      };
      evil(join(workspace, 'docker-credential-good'));
      evil(join(workspace, 'docker-credential-only-here'));
      evil(join(workspace, 'bin/docker-credential-good'));
      const PATH = `:.:bin:./bin::${bin}:${process.env.PATH ?? ''}`;
      const found = await runHelper('good', 'reg.test', { PATH });
      assert.equal(found?.kind === 'password' && found.username, 'robot');
      await assert.rejects(runHelper('only-here', 'reg.test', { PATH }), /is not installed/);
      assert.ok(!existsSync(join(workspace, 'ran')));
    });

    it("prefers a registry's own helper, then the store, then the file", async () => {
      const files = (more: object) => ({
        '.docker/config.json': { ...auths({ 'reg.test': 'file:x' }), ...more },
      });
      const own = makeHome(files({ credHelpers: { 'reg.test': 'identity' }, credsStore: 'good' }));
      assert.equal(await findName({ home: own, env }), '<token>');
      assert.equal(await findName({ home: makeHome(files({ credsStore: 'good' })), env }), 'robot');
      assert.equal(await findName({ home: makeHome(files({ credsStore: 'none' })), env }), 'file');
    });

    it('asks for Docker Hub by its oldest address', async () => {
      const home = makeHome({ '.docker/config.json': { credsStore: 'good' } });
      const found = await createCredentials({ home, env }).find('docker.io', 'library/redis');
      assert.deepEqual(found, {
        kind: 'password',
        username: 'robot',
        password: 'for https://index.docker.io/v1/',
      });
    });
  },
);
