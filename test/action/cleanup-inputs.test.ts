// What the cleanup takes from its inputs and the event, and which tags it doesn't touch by mistake.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberOfComment, readCleanupInputs, tagsOfClosed } from '../../src/action/cleanup-inputs.ts';
import { checkTags } from '../../src/action/protected-tags.ts';
import { isPackageRegistry } from '../../src/action/image-names.ts';
import { BimaError } from '../../src/core/errors.ts';
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
