// Uploads in this process: what is said on the way, and what an interruption ends.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { uploadArtifact } from '../../src/action/artifact.ts';
import type { ArtifactRequest, ArtifactWorld } from '../../src/action/artifact.ts';
import { caught } from '../support/caught.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { temporaryFolder } from '../support/folder.ts';
import { recorded } from '../support/recorded.ts';
import { startResultsServer } from '../support/results-server.ts';
import type { ResultsOptions } from '../support/results-server.ts';

async function start(test: TestContext, options: ResultsOptions = {}) {
  const server = await startResultsServer(options);
  const before = { ...process.env };
  const temp = temporaryFolder(test);
  // The library reads its environment from this process.
  Object.assign(process.env, server.environment, { RUNNER_TEMP: temp });
  test.after(async () => {
    process.env = before;
    await server[Symbol.asyncDispose]();
    assert.deepEqual(server.violations, []);
  });
  const { runner, reporter, ...told } = recorded();
  const clock = createFastClock();
  const folder = temporaryFolder(test, {
    'layout/index.json': '{}',
    'layout/blobs/sha256/00': 'blob',
    'x.tar': 'x',
  });
  const upload = (request: Partial<ArtifactRequest> = {}, world: Partial<ArtifactWorld> = {}) =>
    uploadArtifact(
      { name: 'app', path: join(folder, 'layout'), form: 'layout', overwrite: false, ...request },
      { environment: process.env, reporter, runner, clock, ...world },
    );
  return { server, upload, clock, temp, folder, ...told };
}

describe('an upload', () => {
  it('says by what name it is known where that is another one', async (test) => {
    const { upload, lines, server, temp } = await start(test);
    await upload({ name: 'a/b' });
    await upload({ name: 'c' });
    assert.deepEqual(lines, ['the artifact is named "a-b"']);
    assert.deepEqual([...server.artifacts.keys()], ['a-b', 'c']);
    assert.deepEqual(readdirSync(temp), []);
  });

  it('says why it waits, and for how long', async (test) => {
    const { upload, lines, clock, server } = await start(test, {
      fault: ({ call, count }) => (call === 'CreateArtifact' && count <= 3 ? 'reset' : undefined),
    });
    const uploaded = await upload();
    assert.equal(server.artifacts.get('app')?.id, uploaded?.id);
    assert.deepEqual(clock.sleeps, [2000, 4000, 8000]);
    assert.equal(lines.length, 3);
    for (const [at, seconds] of ['2.0', '4.0', '8.0'].entries())
      assert.match(lines[at] ?? '', new RegExp(`^\\S.*; uploading again in ${seconds} s$`));
  });

  it('waits between half and one and a half of its time', async (test) => {
    for (const [random, wait] of [
      [0, 1000],
      [0.999, 2998],
    ] as const) {
      const { upload } = await start(test, {
        fault: ({ call, count }) => (call === 'CreateArtifact' && count === 1 ? 'reset' : undefined),
      });
      const clock = createFastClock(() => random);
      await upload({}, { clock });
      assert.deepEqual(clock.sleeps, [wait]);
    }
  });

  it('says only to those who look that there was nothing to replace', async (test) => {
    const { upload, debug, lines, server } = await start(test);
    await upload({ overwrite: true });
    assert.equal(debug.length, 1);
    assert.match(debug[0] ?? '', /^no artifact was replaced: /);
    await upload({ overwrite: true });
    assert.deepEqual([debug.length, lines], [1, []]);
    assert.equal(server.artifacts.size, 1);
  });

  it('asks nobody whose it is in a first attempt', async (test) => {
    const { upload, server } = await start(test);
    await upload();
    assert.ok(!server.calls.includes('ListArtifacts'));
    await upload({}, { environment: { ...process.env, GITHUB_RUN_ATTEMPT: '2' } });
    assert.equal(server.calls.filter((call) => call === 'ListArtifacts').length >= 1, true);
  });

  it('warns where the server has no such service, and says what to do instead', async (test) => {
    const { upload, warnings, folder } = await start(test, {
      fault: () => ({ status: 404, message: 'bad route' }),
    });
    assert.equal(await upload(), undefined);
    const hint =
      'The layout is there all the same: upload the folder of the "layout" output with what your server has for it.';
    assert.equal(warnings.length, 1);
    assert.deepEqual([warnings[0]?.code, warnings[0]?.hint], ['NOT_AVAILABLE', hint]);
    assert.match(
      warnings[0]?.message ?? '',
      /^no artifact was uploaded: the server answers Failed to CreateArtifact/,
    );
    for (const [more, why] of [
      [{ GITHUB_SERVER_URL: 'https://git.example' }, 'git.example has no such service'],
      [{ GITHUB_SERVER_URL: 'https://xghe.com' }, 'xghe.com has no such service'],
      [{ GITHUB_SERVER_URL: 'https://a.ghe.com.example' }, 'a.ghe.com.example has no such service'],
      [
        { ACTIONS_RESULTS_URL: '', ACTIONS_RUNTIME_TOKEN: '' },
        'the runner sets no ACTIONS_RESULTS_URL and no ACTIONS_RUNTIME_TOKEN',
      ],
      [{ ACTIONS_RESULTS_URL: '' }, 'the runner sets no ACTIONS_RESULTS_URL'],
    ] as const) {
      assert.equal(await upload({}, { environment: { ...process.env, ...more } }), undefined);
      assert.deepEqual(warnings.at(-1), {
        code: 'NOT_AVAILABLE',
        message: `no artifact was uploaded: ${why}`,
        hint,
      });
    }
    assert.ok(readdirSync(folder).includes('layout'));
  });

  it('fails with what the service says', async (test) => {
    const { upload, temp } = await start(test, {
      fault: () => ({ status: 403, message: 'max number reached' }),
    });
    const [problem] = await caught(() => upload({ form: 'tar', path: 'missing' }));
    assert.equal(problem?.code, 'OUTPUT_FAILED');
    const [refused] = await caught(() => upload());
    assert.equal(refused?.code, 'ARTIFACT_FAILED');
    assert.deepEqual(readdirSync(temp), []);
  });
});

describe('an upload that is interrupted', () => {
  it('ends at once, also where nobody answers', async (test) => {
    const interrupt = new AbortController();
    const reason = new Error('interrupted');
    const { upload, temp } = await start(test, {
      fault: () => {
        interrupt.abort(reason);
        return 'hang';
      },
    });
    await assert.rejects(upload({}, { signal: interrupt.signal }), (error) => error === reason);
    assert.deepEqual(readdirSync(temp), []);
  });

  it('does not wait to try again', async (test) => {
    const interrupt = new AbortController();
    const reason = new Error('interrupted');
    const { upload } = await start(test, { fault: () => 'reset' });
    const { reporter } = recorded();
    const stopping = {
      ...reporter,
      info: () => {
        interrupt.abort(reason);
      },
    };
    const world = { signal: interrupt.signal, reporter: stopping };
    await assert.rejects(upload({}, world), (error) => error === reason);
  });

  it('does not begin', async (test) => {
    const { upload, server } = await start(test);
    const reason = new Error('interrupted');
    await assert.rejects(upload({}, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
    assert.equal(server.artifacts.size, 0);
  });

  it('leaves nobody listening when it was not', async (test) => {
    const { upload } = await start(test);
    const { signal } = new AbortController();
    assert.ok((await upload({}, { signal })) !== undefined);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});
