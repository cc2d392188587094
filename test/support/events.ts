// Events as GitHub sends them: the variables and the payload, reduced to what could matter here.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvent } from '../../src/action/event.ts';
import type { WorkflowEvent } from '../../src/action/event.ts';

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
  return readEvent({ ...env, GITHUB_EVENT_PATH: name }, () =>
    Promise.resolve(Buffer.from(JSON.stringify(payload))),
  );
}
