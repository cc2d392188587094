// Tags that a cleanup doesn't remove by mistake, and what is said of each.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WorkflowEvent } from '../../src/action/event.ts';
import { checkTags } from '../../src/action/protected-tags.ts';
import { caught } from '../support/caught.ts';

function eventWith(repository: unknown): WorkflowEvent {
  return { name: 'push', ref: '', repository: 'a/b', actor: '', payload: { repository } };
}

const digits = 'a'.repeat(64);

describe('a protected tag', () => {
  const rows: readonly [tag: string, kind: string | undefined][] = [
    ['latest', 'what everybody gets who names no tag'],
    ['xlatest', undefined],
    ['v1', 'a version'],
    ['12', 'a version'],
    ['1.2.3', 'a version'],
    ['1.2.3-rc', 'a version'],
    ['1.2.3+x', 'a version'],
    ['1_x', 'a version'],
    ['1.2.3.4', undefined],
    ['x1', undefined],
    ['1x', undefined],
    ['vv1', undefined],
    ['main', "the default branch's"],
    ['master', "the default branch's"],
    ['trunk-1', "the default branch's"],
    ['trunk', undefined],
    [`sha256-${digits}`, 'of signatures or other referrers'],
    [`sha256-${digits}.sig`, 'of signatures or other referrers'],
    ['sha256-abc', undefined],
    ['pr-5', undefined],
  ];
  for (const [tag, kind] of rows) {
    it(`is ${tag}: ${kind ?? 'no'}`, async () => {
      const event = eventWith({ default_branch: 'trunk/1' });
      if (kind === undefined) {
        checkTags([tag], event);
        return;
      }
      const problem = {
        code: 'INPUT_INVALID',
        message: `expected the tag of a pull request for the input "tags", got "${tag}", which is ${kind}`,
        hint: 'If it is really to go, set allow-protected: true.',
      };
      const check = () => {
        checkTags(['pr-1', tag, tag], event);
      };
      assert.deepEqual(await caught(check), [problem, problem]);
    });
  }

  it('is none where the event names no branch that could be a tag', () => {
    for (const repository of [undefined, null, {}, { default_branch: 5 }, { default_branch: '/' }])
      checkTags(['pr-5', 'trunk-1', '5', '-'].slice(0, 2), eventWith(repository));
  });
});
