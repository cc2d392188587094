// Uploads with the unmodified library to a results server on loopback; what arrives there is unpacked and verified.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { ArtifactOutcome } from '../support/artifact-child.ts';
import { buildContext } from '../support/build.ts';
import { temporaryFolder } from '../support/folder.ts';
import { mutationEnvironment } from '../support/mutated-child.ts';
import { startResultsServer } from '../support/results-server.ts';
import type { ResultsOptions, ResultsServer } from '../support/results-server.ts';
import { sampleContext } from '../support/sample.ts';
import { unlessInstalled } from '../support/tools.ts';
import { verifyLayout } from '../support/verify-layout.ts';

interface Order {
  readonly name?: string;
  readonly path: string;
  readonly form?: 'layout' | 'tar';
  readonly overwrite?: boolean;
  readonly retentionDays?: number;
}

interface Run extends ArtifactOutcome {
  /** Everything that the process printed before the outcome. */
  readonly log: string;
}

async function run(
  order: Order,
  server: ResultsServer,
  environment: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const complete = { name: 'app-1.2', form: 'layout', overwrite: false, ...order };
  const child = join(import.meta.dirname, '../support/artifact-child.ts');
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      [child, JSON.stringify(complete)],
      { env: { PATH: process.env.PATH, ...server.environment, ...environment, ...mutationEnvironment() } },
      (error, output, errors) => {
        if (error === null) resolve(output);
        else reject(new Error(errors, { cause: error }));
      },
    );
  });
  const lines = stdout.trimEnd().split('\n');
  const outcome = JSON.parse(lines.pop() ?? '') as ArtifactOutcome;
  return { ...outcome, log: lines.join('\n') };
}

/** Starts a server whose rules must have been kept at the end of the test. */
async function start(test: TestContext, options: ResultsOptions = {}): Promise<ResultsServer> {
  const server = await startResultsServer(options);
  test.after(async () => {
    await server[Symbol.asyncDispose]();
    assert.deepEqual(server.violations, []);
  });
  return server;
}

/** A folder to upload when its content doesn't matter. */
function smallFolder(test: TestContext): string {
  return temporaryFolder(test, { 'index.json': '{}', 'blobs/sha256/00': 'blob' });
}

describe('an artifact', () => {
  it('of a layout is a zip that unpacks to the layout', { skip: unlessInstalled('unzip') }, async (test) => {
    const server = await start(test);
    const { layout } = await buildContext(test, sampleContext(test));
    const { uploaded, log } = await run({ path: layout }, server);
    const artifact = server.artifacts.get('app-1.2') ?? assert.fail('no artifact');
    assert.deepEqual(uploaded, {
      id: artifact.id,
      url: `https://github.com/owner/app/actions/runs/42/artifacts/${artifact.id}`,
      digest: `sha256:${createHash('sha256').update(artifact.content).digest('hex')}`,
    });
    assert.equal(artifact.mimeType, 'application/zip');

    const folder = temporaryFolder(test, { 'artifact.zip': artifact.content });
    mkdirSync(join(folder, 'out'));
    execFileSync('unzip', ['-q', join(folder, 'artifact.zip'), '-d', join(folder, 'out')]);
    assert.equal(verifyLayout(join(folder, 'out')).length, 1);
    const methods = execFileSync('unzip', ['-v', join(folder, 'artifact.zip')], { encoding: 'utf8' });
    assert.doesNotMatch(methods, /Defl/, 'layers are compressed already');

    for (const signature of server.signatures) {
      const masked = log.indexOf(`::add-mask::${signature}`);
      assert.ok(masked !== -1, 'the signature is masked');
      assert.equal(log.slice(0, masked).includes(signature), false, 'and before it is first logged');
    }
  });

  it('of an archive is the archive itself, under the name that was asked for', async (test) => {
    const server = await start(test);
    const folder = temporaryFolder(test, { 'image.tar': Buffer.alloc(9_000_000, 'x') });
    const { uploaded } = await run({ path: join(folder, 'image.tar'), form: 'tar', name: 'app.tar' }, server);
    const { content, mimeType } = server.artifacts.get('app.tar') ?? assert.fail('no artifact');
    assert.ok(content.equals(readFileSync(join(folder, 'image.tar'))));
    assert.equal(mimeType, 'application/x-tar');
    assert.equal(uploaded?.digest, `sha256:${createHash('sha256').update(content).digest('hex')}`);
    assert.ok(server.calls.filter((call) => call === 'block').length > 1, 'in several blocks');
  });

  it('leaves nothing in the temporary folder', async (test) => {
    const server = await start(test);
    const folder = temporaryFolder(test, { 'temp/keep': '', 'image.tar': 'x' });
    const order = { path: join(folder, 'image.tar'), form: 'tar' } as const;
    await run(order, server, { RUNNER_TEMP: join(folder, 'temp') });
    assert.deepEqual(readdirSync(join(folder, 'temp')), ['keep']);
  });

  it('has a name that the service takes', async (test) => {
    const server = await start(test);
    await run({ path: smallFolder(test), name: 'app-feature/login' }, server);
    assert.deepEqual([...server.artifacts.keys()], ['app-feature-login']);
  });

  it('is kept as long as asked for', async (test) => {
    const server = await start(test);
    await run({ path: smallFolder(test), retentionDays: 3 }, server);
    const days = (Date.parse(server.artifacts.get('app-1.2')?.expiresAt ?? '') - Date.now()) / 86_400_000;
    assert.ok(Math.abs(days - 3) < 0.1, `${days} days`);
  });
});

describe('an artifact of a name that is taken', () => {
  it('is an error that says what to do', async (test) => {
    const server = await start(test);
    const path = smallFolder(test);
    await run({ path }, server);
    const before = server.artifacts.get('app-1.2');
    const { error, waits } = await run({ path }, server);
    assert.equal(error?.code, 'ARTIFACT_EXISTS');
    assert.match(error.hint ?? '', /"artifact-name"[^]*"artifact-overwrite: true"/);
    assert.equal(waits, 0);
    assert.equal(server.artifacts.get('app-1.2'), before);
  });

  const replacing: readonly [name: string, overwrite: boolean, attempt: string][] = [
    ['when asked to', true, '1'],
    ['in a re-run', false, '2'],
  ];
  for (const [name, overwrite, attempt] of replacing) {
    it(`is replaced ${name}`, async (test) => {
      const server = await start(test);
      const path = smallFolder(test);
      const first = await run({ path }, server);
      writeFileSync(join(path, 'index.json'), '{"new":true}');
      const second = await run({ path, overwrite }, server, { GITHUB_RUN_ATTEMPT: attempt });
      assert.ok(second.uploaded !== undefined && second.uploaded.id !== first.uploaded?.id);
      assert.equal(server.artifacts.get('app-1.2')?.id, second.uploaded.id);
    });
  }
});

describe("an artifact of another job's", () => {
  const other = '12f1170f-54f2-53f3-20dd-22fc7dff55f9';

  it('is never replaced by a re-run, which has its name from nowhere', async (test) => {
    const server = await start(test);
    const path = smallFolder(test);
    const first = await run({ path }, server, server.environmentOf(other));
    const { error } = await run({ path }, server, { GITHUB_RUN_ATTEMPT: '2' });
    assert.equal(error?.code, 'ARTIFACT_EXISTS');
    assert.match(error.message, /another job or step/);
    assert.equal(server.artifacts.get('app-1.2')?.id, first.uploaded?.id);
    assert.ok(!server.calls.includes('DeleteArtifact'));
  });

  it('is replaced when asked to', async (test) => {
    const server = await start(test);
    const path = smallFolder(test);
    await run({ path }, server, server.environmentOf(other));
    const { uploaded } = await run({ path, overwrite: true }, server);
    assert.equal(server.artifacts.get('app-1.2')?.id, uploaded?.id);
  });

  it('stays when the service does not say whose it is', async (test) => {
    const server = await start(test, {
      fault: ({ call }) => (call === 'ListArtifacts' ? { status: 500, message: 'later' } : undefined),
    });
    const path = smallFolder(test);
    const first = await run({ path }, server);
    const { error } = await run({ path }, server, { GITHUB_RUN_ATTEMPT: '2' });
    assert.equal(error?.code, 'ARTIFACT_EXISTS');
    assert.equal(server.artifacts.get('app-1.2')?.id, first.uploaded?.id);
  });
});

describe('an upload that fails', () => {
  it('is tried again after a broken connection', async (test) => {
    const server = await start(test, {
      fault: ({ call, count }) => (call === 'CreateArtifact' && count <= 2 ? 'reset' : undefined),
    });
    const { uploaded, waits } = await run({ path: smallFolder(test) }, server);
    assert.equal(server.artifacts.get('app-1.2')?.id, uploaded?.id);
    assert.equal(waits, 2);
  });

  it('is tried again when the last answer was lost, and takes its own place', async (test) => {
    const server = await start(test, {
      loseAnswer: ({ call, count }) => call === 'FinalizeArtifact' && count === 1,
    });
    const { uploaded } = await run({ path: smallFolder(test) }, server);
    assert.equal(server.artifacts.get('app-1.2')?.id, uploaded?.id);
    assert.equal(server.artifacts.size, 1);
  });

  it("never replaces another job's artifact after a broken connection", async (test) => {
    const server = await start(test, {
      fault: ({ call, count }) => (call === 'CreateArtifact' && count === 2 ? 'reset' : undefined),
    });
    const path = smallFolder(test);
    const first = await run({ path }, server);
    const { error } = await run({ path }, server);
    assert.equal(error?.code, 'ARTIFACT_EXISTS');
    assert.equal(server.artifacts.get('app-1.2')?.id, first.uploaded?.id);
  });

  it('ends after some attempts, and says so', async (test) => {
    const server = await start(test, { fault: () => 'reset' });
    const { error, waits } = await run({ path: smallFolder(test) }, server);
    assert.equal(error?.code, 'ARTIFACT_FAILED');
    assert.match(error.message, /ECONNRESET|socket hang up/);
    assert.match(error.message, /tried 4 times/);
    assert.equal(waits, 3);
  });

  const answers: readonly [name: string, status: number, message: string, hint: RegExp][] = [
    ['a full quota', 403, 'insufficient usage to create artifact', /artifact-retention-days/],
    ['a refusal', 403, 'max number of artifacts reached', /debug logging/],
  ];
  for (const [name, status, message, hint] of answers) {
    it(`explains ${name}`, async (test) => {
      const server = await start(test, { fault: () => ({ status, message }) });
      const { error, waits } = await run({ path: smallFolder(test) }, server);
      assert.equal(error?.code, 'ARTIFACT_FAILED');
      assert.match(error.hint ?? '', hint);
      assert.equal(waits, 0);
    });
  }

  it('asks for another address when the storage refuses the first one', async (test) => {
    const server = await start(test, {
      fault: ({ call, count }) =>
        call === 'block' && count === 1 ? { status: 403, message: 'AuthenticationFailed' } : undefined,
    });
    const { uploaded } = await run({ path: smallFolder(test) }, server);
    assert.equal(server.artifacts.get('app-1.2')?.id, uploaded?.id);
    assert.equal(server.signatures.length, 2);
  });

  it('tells no signed query when the storage refuses', async (test) => {
    const server = await start(test, {
      fault: ({ call }) => (call === 'block' ? { status: 403, message: 'expired' } : undefined),
    });
    const { error, log, waits } = await run({ path: smallFolder(test) }, server);
    assert.equal(error?.code, 'ARTIFACT_FAILED');
    assert.match(error.message, /the storage refuses the signed address/);
    assert.match(error.hint ?? '', /clock/);
    assert.equal(waits, 3);
    const [signature = ''] = server.signatures;
    assert.ok(log.includes(`::add-mask::${signature}`));
    assert.doesNotMatch(JSON.stringify(error), /sig=/);
  });
});

describe('without a service for artifacts', () => {
  const places: readonly [name: string, environment: Readonly<Record<string, string>>, says: RegExp][] = [
    ['GitHub Enterprise Server', { GITHUB_SERVER_URL: 'https://github.example.com' }, /github\.example\.com/],
    ['Gitea', { GITHUB_SERVER_URL: 'http://gitea:3000' }, /gitea/],
    ['a runner that sets no token', { ACTIONS_RUNTIME_TOKEN: '' }, /ACTIONS_RUNTIME_TOKEN/],
  ];
  for (const [name, environment, says] of places) {
    it(`warns and goes on: ${name}`, async (test) => {
      const server = await start(test);
      const result = await run({ path: smallFolder(test) }, server, environment);
      assert.deepEqual([result.uploaded, result.error], [undefined, undefined]);
      assert.deepEqual(
        result.warnings.map(({ code }) => code),
        ['NOT_AVAILABLE'],
      );
      assert.match(result.warnings[0]?.message ?? '', says);
      assert.deepEqual(server.calls, []);
      assert.equal(result.log, '', 'the library is not even loaded');
    });
  }

  it('warns and goes on: a server that answers that it knows no such call', async (test) => {
    const server = await start(test, { fault: () => ({ status: 404, message: 'bad route' }) });
    const result = await run({ path: smallFolder(test) }, server);
    assert.deepEqual([result.uploaded, result.error], [undefined, undefined]);
    assert.equal(result.warnings.length, 1);
  });
});
