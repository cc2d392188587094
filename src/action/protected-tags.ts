// Tags that no pull request has: removing one is probably a mistake.

import { subjectOfTag } from '../usecases/cleanup/graph.ts';
import { throwProblems } from '../core/errors.ts';
import { isObject } from '../core/oci/json.ts';
import { safeTag } from './event-tags.ts';
import type { WorkflowEvent } from './event.ts';

/** @throws BimaError INPUT_INVALID with each tag that looks as if it were meant to stay */
export function checkTags(tags: readonly string[], event: WorkflowEvent): void {
  const problems = tags.flatMap((tag) => {
    const kind = kindOf(tag, event);
    if (kind === undefined) return [];
    const message = `expected the tag of a pull request for the input "tags", got "${tag}", which is ${kind}`;
    const hint = 'If it is really to go, set allow-protected: true.';
    return [{ code: 'INPUT_INVALID', message, hint } as const];
  });
  throwProblems(problems);
}

function kindOf(tag: string, event: WorkflowEvent): string | undefined {
  if (tag === 'latest') return 'what everybody gets who names no tag';
  // Also the shorter forms that move along: v1, 1.2.
  if (/^v?\d+(?:\.\d+){0,2}(?:[-+_].*)?$/.test(tag)) return 'a version';
  if (branchesOf(event).includes(tag)) return "the default branch's";
  return subjectOfTag(tag) === undefined ? undefined : 'of signatures or other referrers';
}

/** `main` and `master` too, since not every event names the repository's own. */
function branchesOf({ payload }: WorkflowEvent): readonly string[] {
  const { repository } = payload;
  const branch = isObject(repository) ? repository.default_branch : undefined;
  return ['main', 'master', ...(typeof branch === 'string' && /\w/.test(branch) ? [safeTag(branch)] : [])];
}
