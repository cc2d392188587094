// Events as GitHub sends them: the variables and the payload, reduced to what could matter here.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowEvent } from '../../src/action/event.ts';
import { eventOf } from '../../src/action/read-event.ts';

export interface EventFixture {
  readonly env: Readonly<Record<string, string>>;
  readonly payload: unknown;
}

/** @param name of a file in test/fixtures/events, without its ending */
export function readEventFixture(name: string): EventFixture {
  const path = join(import.meta.dirname, '../fixtures/events', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as EventFixture;
}

export function eventFixture(name: string): Promise<WorkflowEvent> {
  const { env, payload } = readEventFixture(name);
  const { GITHUB_EVENT_NAME: eventName, GITHUB_REF: ref, GITHUB_ACTOR: actor, GITHUB_REPOSITORY } = env;
  return Promise.resolve(eventOf({ eventName, ref, actor, payload }, GITHUB_REPOSITORY));
}
