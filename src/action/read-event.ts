// The event as the toolkit reads it from the environment: the only place that knows @actions/github.

// The package exports its main file alone, which brings octokit along, and reads the event as soon as it is imported.
import { Context } from '../../node_modules/@actions/github/lib/context.js';
import { readRegular } from '../adapters/filesystem/open-regular.ts';
import { BimaError, isSystemError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { isObject, parseJsonObject } from '../core/oci/json.ts';
import type { WorkflowEvent } from './event.ts';

/**
 * A payload that isn't there counts as empty, and so does an empty file: some servers and local runners give none.
 * @throws BimaError INPUT_INVALID for a payload that can't be read, or that is no JSON object
 */
export async function readEvent(): Promise<WorkflowEvent> {
  const path = process.env.GITHUB_EVENT_PATH ?? '';
  // The toolkit says no more than that a token is unexpected, and takes an empty file for invalid.
  if (!(await hasPayload(path))) delete process.env.GITHUB_EVENT_PATH;
  return eventOf(new Context(), process.env.GITHUB_REPOSITORY);
}

export interface EventContext {
  readonly eventName?: string | undefined;
  readonly ref?: string | undefined;
  readonly actor?: string | undefined;
  readonly payload: unknown;
}

/** What is of use of it here. A runner may leave any of the variables out. */
export function eventOf(context: EventContext, repository = ''): WorkflowEvent {
  const { eventName: name = '', ref = '', actor = '', payload } = context;
  return { name, ref, repository, actor, payload: isObject(payload) ? payload : {} };
}

async function hasPayload(path: string): Promise<boolean> {
  const what = `the event "${path}"`;
  try {
    const bytes = await readRegular(path, limits.event, { code: 'INPUT_INVALID', follow: true });
    if (Buffer.from(bytes).toString().trim() === '') return false;
    parseJsonObject(bytes, what, 'INPUT_INVALID');
    return true;
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    if (cause.code === 'ENOENT') return false;
    throw new BimaError('INPUT_INVALID', `${what} can't be read: ${cause.message}`, {
      hint: 'A runner writes that file for each job: look whether an earlier step has changed it.',
      cause,
    });
  }
}
