// Who makes something that is seen outside of its job: an equal name alone is no right to replace it.

import { createHash } from 'node:crypto';
import type { Environment } from '../core/environment.ts';

/** Longer values of a matrix are replaced by a digest. */
const maxLeg = 100;

/**
 * The job in words, the same in each run and each attempt, such as `image.yml, job build (arm64)`.
 * @param matrix the values of the matrix as JSON; `null` or nothing for a job that has none
 */
export function describeJob(environment: Environment, matrix: string | undefined): string {
  // `owner/name/.github/workflows/image.yml@refs/heads/main`
  const { GITHUB_WORKFLOW_REF: ref = '', GITHUB_WORKFLOW: name = '', GITHUB_JOB: job = '' } = environment;
  const file = /\/([^/@]+)@/.exec(ref)?.[1] ?? name;
  const leg = describeLeg(matrix);
  const own = job === '' ? '' : `job ${job}${leg === '' ? '' : ` (${leg})`}`;
  return [file, own].filter((part) => part !== '').join(', ');
}

/** The same with the step, as a job may have several of this action. */
export function describeStep(environment: Environment, matrix: string | undefined): string {
  const { GITHUB_ACTION: step = '' } = environment;
  const parts = [describeJob(environment, matrix), step === '' ? '' : `step ${step}`];
  return parts.filter((part) => part !== '').join(', ');
}

function describeLeg(matrix = ''): string {
  const text = matrix.replace(/\s*\n\s*/g, ' ').trim();
  if (text === 'null' || text === '{}') return '';
  if (text.length <= maxLeg) return text;
  return `${text.slice(0, maxLeg)}… ${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}
