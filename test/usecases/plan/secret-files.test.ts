// Which files of a layer count as secrets: by their path in the image, and by what they hold.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { warnOfSecrets } from '../../../src/usecases/plan/packed-secrets.ts';
import type { LayerPlan } from '../../../src/usecases/plan/files.ts';
import type { Entry } from '../../../src/core/files/entry.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { fileEntry } from '../../support/file-entries.ts';

const position = { file: 'Containerfile', line: 3, column: 1 };

function copyOf(entries: readonly Entry[], ...sources: readonly string[]): LayerPlan {
  return {
    instruction: {
      type: 'copy',
      sources: sources.map((path) => ({ path, position })),
      destination: '/',
      position,
    },
    entries,
  };
}

async function isSecret(path: string, content: string): Promise<boolean> {
  return (await warnOfSecrets([copyOf([fileEntry(path, content)], '.')], undefined)).length > 0;
}

describe('a secret by its path', () => {
  const git = '[http]\n\textraheader = AUTHORIZATION: basic eDp5\n';
  const npm = '//registry.example/:_authToken=abc\n';
  const docker = '{"auth": "eDp5"}';
  const rows: [content: string, secret: readonly string[], plain: readonly string[]][] = [
    [
      'A=1',
      ['.env', 'web/.env', '.env.production', '.env.local-1', 'a/.env.examples', 'a/.env.my_sample'],
      [
        ...['x.env', '.envrc', '.env/file', '.env.', '.env.a.b', 'env'],
        ...['.env.example', '.env.sample', '.env.template', '.env.dist'],
      ],
    ],
    [
      git,
      ['.git/config', 'sub/.git/config'],
      ['x.git/config', '.git/config.old', '.git/config/x', '.git/hooks/config', '.gitconfig', 'xgit/config'],
    ],
    [
      'https://a:b@c',
      ['.git-credentials', 'a/.git-credentials'],
      ['x.git-credentials', '.git-credentials.x', 'xgit-credentials'],
    ],
    ['x', ['.netrc', 'a/.netrc'], ['x.netrc', '.netrc.old', 'xnetrc']],
    [npm, ['.npmrc', 'a/.npmrc'], ['x.npmrc', '.npmrc.old', 'xnpmrc']],
    [
      'x',
      ['.aws/credentials', 'root/.aws/credentials'],
      ['x.aws/credentials', '.aws/credentials.bak', 'xaws/credentials', '.aws/config'],
    ],
    [
      'x',
      ['.ssh/id_rsa', 'root/.ssh/id_ed25519', '.ssh/id_my_key'],
      ['x.ssh/id_rsa', '.ssh/id_rsa.pub', '.ssh/id_', '.ssh/known_hosts', 'xssh/id_rsa', '.ssh/my-id_rsa'],
    ],
    [
      docker,
      ['.docker/config.json', 'root/.docker/config.json'],
      ['x.docker/config.json', '.docker/config.json5', '.docker/configxjson', 'xdocker/config.json'],
    ],
  ];
  for (const [content, secret, plain] of rows) {
    it(`is ${secret.join(', ')}`, async () => {
      for (const path of secret) assert.ok(await isSecret(path, content), path);
      for (const path of plain) assert.ok(!(await isSecret(path, content)), path);
    });
  }
});

describe('a secret by its content', () => {
  const rows: [path: string, secret: readonly string[], plain: readonly string[]][] = [
    ['.env', ['A'], ['']],
    [
      '.git/config',
      [
        'extraheader=authorization: x',
        'ExtraHeader  =  Authorization: x',
        'url = https://user:pass@host/x',
        'url = https://:pass@host/x',
        'url = https://gho_Ab1@host/x',
        'url = https://GHP_x@host/x',
        'url = https://github_pat_Ab1@host/x',
      ],
      [
        'extraheader = accept: x',
        'header = authorization: x',
        'url = https://user@host/x',
        'url = https://user:@host/x',
        'url = https://host:80/a@b',
        'url = https://a b:c@d',
        'url = https://a:b c@d',
        'url = https://gh_x@host/x',
        'url = https://gho_@host/x',
        'url = https://github_pat_@host/x',
        'url = git@host:a/b',
      ],
    ],
    [
      '.npmrc',
      ['_auth=eDp5', '//r/:_authToken = abc', '//r/:_password=', '//r/:_password="x"'],
      ['_auth=', '_auth = $TOKEN', '//r/:_authToken=${TOKEN}', '_authX=abc', 'auth=x'],
    ],
    [
      '.docker/config.json',
      ['{"auth":"eDp5"}', '{"auth" : "eDp5"}'],
      ['{"auth":""}', '{"auths":{}}', '{"credsStore":"x"}', '{"myauth":"x"}'],
    ],
  ];
  for (const [path, secret, plain] of rows) {
    it(`is told in ${path}`, async () => {
      for (const content of secret) assert.ok(await isSecret(path, content), content);
      for (const content of plain) assert.ok(!(await isSecret(path, content)), content);
    });
  }

  it('is read piece by piece, as far as 64 KiB', async () => {
    const token = '//r/:_authToken=abc';
    const inPieces = fileEntry(
      '.npmrc',
      Array.from(token, (letter) => Buffer.from(letter)),
    );
    assert.equal((await warnOfSecrets([copyOf([inPieces], '.')], undefined)).length, 1);
    let pieces = 0;
    async function* endless() {
      for (;;) {
        pieces += 1;
        await Promise.resolve();
        yield Buffer.alloc(16 * 1024, '\n');
      }
    }
    const large = fileEntry('.npmrc', '', { size: 2 ** 40, open: endless });
    assert.deepEqual(await warnOfSecrets([copyOf([large], '.')], undefined), []);
    assert.equal(pieces, 4);
  });
});

describe('the warning of a secret', () => {
  const whats: [path: string, content: string, name: string, what: string][] = [
    ['a/.env.local', 'A=1', '.env.local', 'settings that are often secret'],
    ['a/.git/config', 'https://a:b@c', '.git', 'credentials for Git'],
    ['a/.git-credentials', 'x', '.git-credentials', 'credentials for Git'],
    ['a/.netrc', 'x', '.netrc', 'passwords'],
    ['a/.npmrc', '_auth=x', '.npmrc', 'a token for npm'],
    ['a/.aws/credentials', 'x', '.aws', 'credentials for AWS'],
    ['a/.ssh/id_rsa', 'x', '.ssh', 'a private key'],
    ['a/.docker/config.json', '"auth":"x"', '.docker', 'credentials for registries'],
  ];
  for (const [path, content, name, what] of whats) {
    it(`says what ${path} holds, and what to leave out`, async () => {
      const layers = [copyOf([fileEntry(path, content)], '.')];
      assert.deepEqual(await warnOfSecrets(layers, '/context/.dockerignore'), [
        {
          code: 'CONTEXT_PATH',
          message: `expected no secrets in the image, got "/${path}", which holds ${what}`,
          hint: `Add the line "**/${name}" to /context/.dockerignore, or copy by name what the unikernel needs.`,
          position,
        },
      ]);
    });
  }

  it('is left out for a file that a source names, for folders and links, and for what WORKDIR makes', async () => {
    const env = fileEntry('x/.env', 'A=1');
    assert.equal((await warnOfSecrets([copyOf([env], 'files', 'other')], undefined)).length, 1);
    assert.deepEqual(await warnOfSecrets([copyOf([env], 'other', 'files/.env')], undefined), []);
    const owner = { mode: 0o755, uid: 0, gid: 0 };
    const others: readonly Entry[] = [
      { type: 'directory', path: '.env', ...owner },
      { type: 'symlink', path: '.netrc', target: 'x', ...owner },
    ];
    assert.deepEqual(await warnOfSecrets([copyOf(others, '.')], undefined), []);
    const workdir = { type: 'workdir', path: '/x', position } as const;
    assert.equal((await warnOfSecrets([{ instruction: workdir, entries: [env] }], undefined)).length, 1);
  });

  it('comes once for each file, whatever was opened before', async () => {
    const files = ['.env', 'plain', '.netrc'].map((path) =>
      fileEntry(path, 'x', { open: () => streamOf(Buffer.from('x')) }),
    );
    const layers = [copyOf(files, '.'), copyOf([fileEntry('b/.env', 'x')], '.')];
    assert.deepEqual(
      (await warnOfSecrets(layers, undefined)).map(({ message }) => /"(.*?)"/.exec(message)?.[1]),
      ['/.env', '/.netrc', '/b/.env'],
    );
  });
});
