// What the cleanup takes from its inputs and the event, and which tags it doesn't touch by mistake.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberOfComment, readCleanupInputs, tagsOfClosed } from '../../src/action/cleanup-inputs.ts';
import { checkTags } from '../../src/action/protected-tags.ts';
import { isPackageRegistry } from '../../src/action/image-names.ts';
import { BimaError } from '../../src/core/errors.ts';
import { caught } from '../support/caught.ts';
import { eventFixture } from '../support/events.ts';

describe('the inputs of the cleanup', () => {
  it('say at once what is wrong with them', () => {
    const given: Readonly<Record<string, string>> = { 'dry-run': 'x', 'delete-comment': 'y', password: 'z' };
    assert.throws(
      () => readCleanupInputs((name) => given[name] ?? ''),
      (error) => error instanceof BimaError && error.problems.length === 3,
    );
  });

  it('take the tag from the event that closes a pull request', async () => {
    assert.deepEqual(tagsOfClosed(await eventFixture('pull-request-closed')), ['pr-15']);
  });

  for (const name of ['pull-request', 'push', 'workflow-run-pull-request', 'workflow-dispatch']) {
    it(`take no tag from the event ${name}`, async () => {
      const event = await eventFixture(name);
      assert.throws(() => tagsOfClosed(event), { code: 'INPUT_INVALID', hint: /types: \[closed\]/ });
    });
  }

  it('find the pull request of a comment by the event, then by the tag', async () => {
    assert.equal(numberOfComment(await eventFixture('pull-request-closed'), ['pr-7']), 15);
    const manual = await eventFixture('workflow-dispatch');
    assert.equal(numberOfComment(manual, ['x', 'pr-7']), 7);
    assert.throws(() => numberOfComment(manual, ['pr-0', 'pr-7-arm64']), { code: 'INPUT_INVALID' });
  });
});

describe('a tag that no pull request has', () => {
  const kept = [
    'latest',
    'v1',
    '1.2',
    'v1.2.3',
    '1.2.3-rc.1',
    'v1.2.3_build',
    '20240501',
    'main',
    'master',
    'trunk-1',
    `sha256-${'a'.repeat(64)}`,
    `sha256-${'a'.repeat(64)}.sig`,
  ];
  const free = ['pr-5', 'pr-5-arm64', 'preview', 'v', 'sha256-abc', '1.2.3.4', 'latest-pr'];

  it('is not removed by mistake, and each is named', async () => {
    const closed = await eventFixture('pull-request-closed');
    const repository = { default_branch: 'trunk/1' };
    const event = { ...closed, payload: { ...closed.payload, repository } };
    for (const tag of kept) {
      assert.throws(
        () => {
          checkTags(['pr-5', tag], event);
        },
        (error) => error instanceof BimaError && error.message.includes(`"${tag}"`),
        tag,
      );
    }
    assert.throws(
      () => {
        checkTags(kept, event);
      },
      (error) => error instanceof BimaError && error.problems.length === kept.length,
    );
  });

  for (const tag of free) {
    it(`is none like ${tag}`, async () => {
      checkTags([tag], await eventFixture('pull-request-closed'));
    });
  }
});

describe('the registry whose manifests are versions of a package', () => {
  const rows: readonly (readonly [registry: string, server: string | undefined, expected: boolean])[] = [
    ['ghcr.io', undefined, true],
    ['ghcr.io', 'https://github.com', true],
    ['ghcr.io', 'https://git.example', false],
    ['containers.git.example', 'https://git.example', true],
    ['containers.git.example', 'https://github.com', false],
    ['docker.io', undefined, false],
  ];
  for (const [registry, server, expected] of rows) {
    it(`is${expected ? '' : ' not'} ${registry} for ${server ?? 'no server'}`, () => {
      assert.equal(isPackageRegistry(registry, { GITHUB_SERVER_URL: server }), expected);
    });
  }

  it('is not that of Gitea', () => {
    const environment = { GITHUB_SERVER_URL: 'https://containers.example', GITEA_ACTIONS: 'true' };
    assert.equal(isPackageRegistry('containers.example', environment), false);
  });
});

describe('each input of the cleanup', () => {
  type Given = Readonly<Record<string, string>>;
  const read = (given: Given) => readCleanupInputs((name) => given[name] ?? '');
  const none = {
    tags: [],
    allowProtected: false,
    dryRun: false,
    deleteComment: false,
    tlsVerify: true,
    summary: true,
  };
  const rows: readonly [given: Given, part: object][] = [
    [{}, {}],
    [{ image: 'a/b' }, { image: 'a/b' }],
    [{ tags: 'pr-5, pr-6' }, { tags: ['pr-5', 'pr-6'] }],
    [{ 'allow-protected': 'true' }, { allowProtected: true }],
    [{ 'dry-run': 'true' }, { dryRun: true }],
    [{ 'delete-comment': 'true' }, { deleteComment: true }],
    [{ registry: 'https://quay.io/' }, { registry: 'quay.io' }],
    [{ username: 'u', password: 'p' }, { login: { username: 'u', password: 'p' } }],
    [{ 'github-token': 't' }, { githubToken: 't' }],
    [{ 'tls-verify': 'false' }, { tlsVerify: false }],
    [{ summary: 'false' }, { summary: false }],
  ];
  for (const [given, part] of rows) {
    it(`changes nothing but what it is for: ${JSON.stringify(given)}`, () => {
      assert.deepEqual(read(given), { ...none, ...part });
    });
  }

  for (const name of ['allow-protected', 'dry-run', 'delete-comment', 'tls-verify', 'summary']) {
    it(`is refused by its name: ${name}`, async () => {
      assert.deepEqual(await caught(() => read({ [name]: 'x' })), [
        { code: 'INPUT_INVALID', message: `expected true or false for the input "${name}", got "x"` },
      ]);
    });
  }

  it('is named where its quotes stay open', async () => {
    assert.match((await caught(() => read({ tags: '"a' })))[0]?.message ?? '', /the input "tags"/);
  });
});

describe('the pull request of a cleanup', () => {
  const bare = { name: 'pull_request', ref: '', repository: 'a/b', actor: '', payload: {} };
  const payload = { action: 'closed', pull_request: { number: 5 } };

  it('is the one that was closed', () => {
    for (const name of ['pull_request', 'pull_request_target'])
      assert.deepEqual(tagsOfClosed({ ...bare, name, payload }), ['pr-5']);
  });

  const others: readonly [name: string, event: object][] = [
    ['is still open', { payload: { ...payload, action: 'opened' } }],
    ['is none', { payload: { action: 'closed' } }],
    ['was reviewed', { name: 'pull_request_review', payload }],
    ['is of another event', { name: 'x_pull_request', payload }],
  ];
  for (const [name, event] of others) {
    it(`is unknown when it ${name}`, async () => {
      const given = { ...bare, ...event };
      assert.deepEqual(await caught(() => tagsOfClosed(given)), [
        {
          code: 'INPUT_INVALID',
          message: `expected the input "tags", got none, and the event "${given.name}" closes no pull request`,
          hint: 'Run on pull_request_target with types: [closed], or set the input, for example tags: pr-5.',
        },
      ]);
    });
  }

  it('has the comment: that of the event, or of the first tag that is one', async () => {
    assert.equal(numberOfComment({ ...bare, payload }, ['pr-7']), 5);
    assert.equal(numberOfComment(bare, ['xpr-1', 'pr-2x', 'pr-03', 'pr-40', 'pr-5']), 40);
    assert.deepEqual(await caught(() => numberOfComment(bare, [])), [
      {
        code: 'INPUT_INVALID',
        message: 'expected the event of a pull request for the input "delete-comment"',
        hint: 'Run on pull_request_target with types: [closed], or set tags: pr-<number>.',
      },
    ]);
  });
});
