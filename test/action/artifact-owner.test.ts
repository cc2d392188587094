// Whose artifact it is, as the service says. A server of the test says what no real one may.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { isOwnArtifact } from '../../src/action/artifact-owner.ts';

interface Call {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

function tokenWith(scopes: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ scp: scopes })}.x`;
}

const token = tokenWith('Actions.ExampleScope Actions.Results:run-1:job-1');

async function ask(test: TestContext, status: number, answer: string, more: object = {}) {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const { authorization, 'content-type': type } = headers;
      calls.push({ method, url, type, authorization, body: JSON.parse(text) as unknown });
      response.writeHead(status, { 'content-type': 'application/json' }).end(answer);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment = { ACTIONS_RESULTS_URL: `${origin}/some/path/`, ACTIONS_RUNTIME_TOKEN: token, ...more };
  const isOwn = await isOwnArtifact('app', { environment, signal: test.signal });
  return { isOwn, calls };
}

const named = (job: unknown, name = 'app') => ({ name, workflow_job_run_backend_id: job });

describe('the owner of an artifact', () => {
  const answers: readonly [what: string, artifacts: unknown, isOwn: boolean][] = [
    ['nobody', [], false],
    ['nobody where the list is none', 'app', false],
    ['nobody where it is of another name', [named('job-1', 'app2')], false],
    ['nobody where it is no artifact', ['app', null], false],
    ['this job', [named('job-1')], true],
    ['this job, in the other spelling', [{ name: 'app', workflowJobRunBackendId: 'job-1' }], true],
    ['another job', [named('job-2')], false],
    ['another job beside this one', [named('job-1'), named('job-2')], false],
    ['this job beside those of other names', [named('job-2', 'x'), named('job-1')], true],
    ['another where nothing is said', [{ name: 'app' }], false],
  ];
  for (const [what, artifacts, expected] of answers) {
    it(`is ${what}`, async (test) => {
      const { isOwn, calls } = await ask(test, 200, JSON.stringify({ artifacts }));
      assert.equal(isOwn, expected);
      assert.deepEqual(calls, [
        {
          method: 'POST',
          url: '/twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts',
          type: 'application/json',
          authorization: `Bearer ${token}`,
          body: {
            workflow_run_backend_id: 'run-1',
            workflow_job_run_backend_id: 'job-1',
            name_filter: 'app',
          },
        },
      ]);
    });
  }

  it('is unknown to a service that says no such thing', async (test) => {
    assert.equal((await ask(test, 200, 'no JSON')).isOwn, false);
    assert.equal((await ask(test, 500, JSON.stringify({ artifacts: [named('job-1')] }))).isOwn, false);
  });

  const unasked: readonly [what: string, more: object][] = [
    ['no address', { ACTIONS_RESULTS_URL: '' }],
    ['what is no address', { ACTIONS_RESULTS_URL: 'x' }],
    ['no token', { ACTIONS_RUNTIME_TOKEN: undefined }],
    ['a token that is none', { ACTIONS_RUNTIME_TOKEN: 'x' }],
    ['a token without the scope', { ACTIONS_RUNTIME_TOKEN: tokenWith('Actions.Other:run-1:job-1') }],
    ['half of the scope', { ACTIONS_RUNTIME_TOKEN: tokenWith('Actions.Results:run-1') }],
    ['a scope that only ends so', { ACTIONS_RUNTIME_TOKEN: tokenWith('xActions.Results:run-1:job-1') }],
  ];
  for (const [what, more] of unasked) {
    it(`is asked nobody with ${what}`, async (test) => {
      assert.deepEqual(await ask(test, 200, '{}', more), { isOwn: false, calls: [] });
    });
  }

  it('is in the first scope, too, and its parts end where they do', async (test) => {
    const more = { ACTIONS_RUNTIME_TOKEN: tokenWith('Actions.Results:run-1:job-1:more other') };
    const { isOwn } = await ask(test, 200, JSON.stringify({ artifacts: [named('job-1')] }), more);
    assert.equal(isOwn, true);
  });

  it('is unknown where nobody answers, and not waited for after an interruption', async (test) => {
    const environment = { ACTIONS_RESULTS_URL: 'http://127.0.0.1:1', ACTIONS_RUNTIME_TOKEN: token };
    assert.equal(await isOwnArtifact('app', { environment }), false);
    const signal = AbortSignal.abort(new Error('interrupted'));
    await assert.rejects(isOwnArtifact('app', { environment, signal }));
    test.signal.throwIfAborted();
  });
});
