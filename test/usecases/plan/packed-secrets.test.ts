// Secrets that a COPY packs along with a whole folder, and those that are meant.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { examine } from '../../../src/usecases/plan/plan.ts';
import { temporaryFolder } from '../../support/folder.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));
const labels = [
  'LABEL com.urunc.unikernel.binary=/app',
  'LABEL com.urunc.unikernel.cmdline=x',
  'LABEL com.urunc.unikernel.unikernelType=unikraft',
  'LABEL com.urunc.unikernel.hypervisor=qemu',
  'LABEL com.urunc.unikernel.unikernelVersion=1',
];
const header = `[http "https://github.com/"]\n\textraheader = AUTHORIZATION: basic eDp5\n`;

async function warningsOf(
  test: TestContext,
  files: Readonly<Record<string, string>>,
  copies: readonly string[] = ['COPY . /'],
): Promise<string[]> {
  const containerfile = ['FROM scratch', 'COPY app /app', ...copies, ...labels].join('\n');
  const context = temporaryFolder(test, { app: hello, Containerfile: containerfile, ...files });
  const { errors, warnings } = await examine({ context, labels: [], strict: true });
  assert.deepEqual(errors, []);
  return warnings.map(({ message, hint, position }) => `${position?.line ?? 0}: ${message} | ${hint ?? ''}`);
}

describe('a COPY of a folder with secrets', () => {
  const found: [name: string, file: string, content: string, line: RegExp][] = [
    ['what actions/checkout leaves', '.git/config', header, /"\*\*\/\.git"/],
    [
      'an address with a token',
      '.git/config',
      '[remote "origin"]\n\turl = https://x-access-token:ghs_abc@github.com/a/b\n',
      /"\*\*\/\.git"/,
    ],
    ['a token alone', 'sub/.git/config', '\turl = https://ghp_abc@github.com/a/b\n', /"\*\*\/\.git"/],
    ['settings', '.env', 'KEY=1\n', /"\*\*\/\.env"/],
    ['settings of one machine', 'web/.env.local', 'KEY=1\n', /"\*\*\/\.env\.local"/],
    ['a token for npm', '.npmrc', '//registry.npmjs.org/:_authToken=npm_abc\n', /"\*\*\/\.npmrc"/],
    ['a password file', '.netrc', 'machine a login b password c\n', /"\*\*\/\.netrc"/],
    ['a private key', '.ssh/id_ed25519', 'key\n', /"\*\*\/\.ssh"/],
    [
      'credentials for registries',
      '.docker/config.json',
      '{"auths":{"a":{"auth":"eDp5"}}}',
      /"\*\*\/\.docker"/,
    ],
  ];
  for (const [name, file, content, line] of found) {
    it(`is a warning that names the ignore file: ${name}`, async (test) => {
      const [warning = '', ...others] = await warningsOf(test, { [file]: content });
      assert.deepEqual(others, []);
      assert.ok(warning.startsWith(`3: expected no secrets in the image, got "/${file}"`), warning);
      assert.match(warning, line);
      assert.match(warning, /to a file \.dockerignore in the context/);
      assert.doesNotMatch(warning, /ghs_|ghp_|npm_abc|eDp5/);
      const ignored = { [file]: content, '.containerignore': '# nothing yet\n' };
      assert.match((await warningsOf(test, ignored))[0] ?? '', /to \S*\/\.containerignore, or copy by name/);
    });
  }

  it('says nothing of what is no secret, what is left out, and what is named', async (test) => {
    const plain = {
      '.git/config': '[remote "origin"]\n\turl = https://github.com/a/b\n',
      '.env.example': 'KEY=\n',
      '.env': '',
      '.npmrc': 'registry=https://registry.example/\n//r/:_authToken=${TOKEN}\n',
      'environment/.envrc': 'x',
    };
    assert.deepEqual(await warningsOf(test, plain), []);
    const secrets = { '.git/config': header, '.env': 'KEY=1\n' };
    assert.deepEqual(await warningsOf(test, { ...secrets, '.dockerignore': '**/.git\n**/.env\n' }), []);
    assert.deepEqual(await warningsOf(test, secrets, ['COPY .env /settings/.env']), []);
  });

  it('finds them behind another stage, too', async (test) => {
    const stages = [
      'FROM scratch AS files',
      'COPY . /tree',
      'FROM scratch',
      'COPY app /app',
      'COPY --from=files /tree /',
    ];
    const containerfile = [...stages, ...labels].join('\n');
    const context = temporaryFolder(test, { app: hello, Containerfile: containerfile, '.env': 'KEY=1\n' });
    const { warnings } = await examine({ context, labels: [], strict: true });
    assert.deepEqual(
      warnings.map(({ position }) => position?.line),
      [5],
    );
  });
});
