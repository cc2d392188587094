import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import {
  createWorkflowClient,
  explicitLogin,
  pushForWorkflow,
  readOnlyReason,
  tokenForPackages,
} from '../../src/action/workflow-push.ts';
import { BimaError } from '../../src/core/errors.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { caught } from '../support/caught.ts';
import { eventFixture } from '../support/events.ts';
import { recorded } from '../support/recorded.ts';
import { startRegistry } from '../support/registry.ts';
import { sampleImage } from '../support/sample-image.ts';

describe('push: auto', () => {
  const events: [name: string, hasLogin: boolean, reason: RegExp | undefined][] = [
    ['push', false, undefined],
    ['tag', false, undefined],
    ['pull-request', false, undefined],
    ['pull-request-fork', false, /fork/],
    ['pull-request-fork', true, /fork/],
    ['pull-request-deleted-fork', false, /fork/],
    ['pull-request-dependabot', false, /Dependabot/],
    ['pull-request-dependabot', true, undefined],
    ['workflow-run', false, undefined],
    ['workflow-run-fork', false, undefined],
    ['workflow-dispatch', false, undefined],
  ];
  for (const [name, hasLogin, reason] of events) {
    const what = reason === undefined ? 'pushes' : 'does not push';
    it(`${what} for ${name}${hasLogin ? ' with credentials' : ''}`, async () => {
      const found = readOnlyReason(await eventFixture(name), hasLogin);
      if (reason === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', reason);
    });
  }
});

describe('explicitLogin', () => {
  const login = { username: 'u', password: 'p' };
  const references = ['ghcr.io/a/b:1', 'ghcr.io/c/d:1'].map(parseReference);

  it('is for the registry that is named, or the only one that there is', () => {
    assert.deepEqual(explicitLogin({ login, registry: 'quay.io/own' }, references), [
      { registry: 'quay.io', ...login },
    ]);
    assert.deepEqual(explicitLogin({ login }, references), [{ registry: 'ghcr.io', ...login }]);
    assert.deepEqual(explicitLogin({}, references), []);
  });

  it('asks which one is meant', () => {
    const two = [...references, parseReference('quay.io/a/b:1')];
    assert.throws(
      () => explicitLogin({ login }, two),
      (error) =>
        error instanceof BimaError &&
        error.code === 'INPUT_INVALID' &&
        /ghcr.io and quay.io/.test(error.message),
    );
  });
});

describe("the job's token", () => {
  const servers: [server: string | undefined, isShown: boolean][] = [
    ['https://github.com', true],
    [undefined, true],
    ['https://octo.ghe.com', false],
    ['https://github.example.com', false],
  ];
  for (const [server, isShown] of servers) {
    it(`is ${isShown ? '' : 'not '}for ghcr.io when it is one of ${server ?? 'no server that is named'}`, () => {
      const environment = server === undefined ? {} : { GITHUB_SERVER_URL: server };
      const found = tokenForPackages({ environment, token: 'secret' });
      assert.deepEqual(found, isShown ? { githubToken: 'secret' } : {});
      assert.deepEqual(tokenForPackages({ environment, token: undefined }), {});
    });
  }
});

describe('the reasons not to push', () => {
  const fork = "this is a fork's pull request";
  const dependabot = 'Dependabot started this run, whose token may only read';
  const bare = { ref: '', repository: 'a/b', actor: 'dependabot[bot]', payload: {} };
  const rows: readonly [name: string, reason: string | undefined][] = [
    ['pull_request', dependabot],
    ['pull_request_review', dependabot],
    ['pull_request_review_comment', dependabot],
    ['push', dependabot],
    ['create', dependabot],
    ['deployment', dependabot],
    ['deployment_status', dependabot],
    ['pull_request_target', undefined],
    ['xpush', undefined],
    ['pushed', undefined],
    ['schedule', undefined],
  ];
  for (const [name, reason] of rows) {
    it(`are ${reason ?? 'none'} for ${name}`, () => {
      assert.equal(readOnlyReason({ ...bare, name }, false), reason);
      assert.equal(readOnlyReason({ ...bare, name }, true), undefined);
      assert.equal(readOnlyReason({ ...bare, name, actor: 'maria' }, false), undefined);
      const payload = { pull_request: { number: 1, head: { repo: { full_name: 'c/d' } } } };
      assert.equal(readOnlyReason({ ...bare, name, payload }, true), fork);
    });
  }
});

describe('a push that is refused', () => {
  const image = sampleImage({ layers: [10] });

  async function push(test: TestContext, event: string, status: number) {
    const registry = await startRegistry({
      intercept: () => ({ status, headers: { 'www-authenticate': 'Basic realm="x"' } }),
    });
    test.after(() => registry.close());
    const { runner, reporter } = recorded();
    const references = [parseReference(`${registry.host}/own/app:1`)];
    const world = {
      environment: { HOME: '/nowhere' },
      token: undefined,
      signal: test.signal,
      runner,
      reporter,
    };
    const client = createWorkflowClient({ references, inputs: { tlsVerify: true } }, world);
    const { source, root } = image;
    try {
      return await caught(async () =>
        pushForWorkflow(
          { source, root, references, lookAtAll: false },
          { client, reporter, event: await eventFixture(event) },
        ),
      );
    } finally {
      await client.close();
    }
  }

  const whatToDo = (reason: string) =>
    `No push is possible here, since ${reason}. Set push: auto to skip it, upload the layout with upload-artifact, ` +
    'and push it with from-layout in a workflow that runs on workflow_run.';

  for (const [status, code] of [
    [403, 'REGISTRY_DENIED'],
    [401, 'REGISTRY_UNAUTHORIZED'],
  ] as const) {
    it(`says what to do where the event is the reason: ${status}`, async (test) => {
      const [ofFork] = await push(test, 'pull-request-fork', status);
      assert.deepEqual([ofFork?.code, ofFork?.hint], [code, whatToDo("this is a fork's pull request")]);
      const [own] = await push(test, 'push', status);
      assert.equal(own?.code, code);
      assert.doesNotMatch(own.hint ?? '', /No push is possible/);
    });
  }

  it('says nothing of the event where it is none', async (test) => {
    const [problem] = await push(test, 'pull-request-fork', 400);
    assert.doesNotMatch(problem?.hint ?? '', /No push is possible/);
  });
});

describe('the credentials of the inputs', () => {
  const login = { username: 'u', password: 'p' };

  it('are for no registry where there is none', () => {
    assert.deepEqual(explicitLogin({ login }, []), [{ registry: '', ...login }]);
    assert.deepEqual(explicitLogin({ registry: 'quay.io' }, []), []);
    assert.deepEqual(explicitLogin({ login, registry: 'quay.io' }, []), [{ registry: 'quay.io', ...login }]);
  });

  it('say what to name', async () => {
    const references = ['a.example/b:1', 'c.example/d:1'].map(parseReference);
    assert.deepEqual(await caught(() => explicitLogin({ login }, references)), [
      {
        code: 'INPUT_INVALID',
        message: 'expected the input "registry" beside "username", got none for a.example and c.example',
        hint: 'Name the registry that the credentials are for, or log in to each with docker/login-action.',
      },
    ]);
  });
});
