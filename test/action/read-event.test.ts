// The event of a run, from the variables and the file of the process itself.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { eventOf, readEvent } from '../../src/action/read-event.ts';
import type { WorkflowEvent } from '../../src/action/event.ts';
import { temporaryFolder } from '../support/folder.ts';

const variables = {
  GITHUB_EVENT_NAME: 'push',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_REPOSITORY: 'owner/app',
  GITHUB_ACTOR: 'someone',
};

/** @param content undefined for no file, null for no variable that names one */
async function read(
  test: TestContext,
  content: string | Uint8Array | undefined | null,
): Promise<WorkflowEvent> {
  const path = join(temporaryFolder(test), 'event.json');
  if (content !== undefined && content !== null) writeFileSync(path, content);
  const before = { ...process.env };
  test.after(() => {
    process.env = before;
  });
  Object.assign(process.env, variables, content === null ? {} : { GITHUB_EVENT_PATH: path });
  if (content === null) delete process.env.GITHUB_EVENT_PATH;
  return readEvent();
}

describe('eventOf', () => {
  it('takes what is missing for empty', () => {
    const empty = { name: '', ref: '', repository: '', actor: '', payload: {} };
    for (const payload of [undefined, null, 'x', []]) assert.deepEqual(eventOf({ payload }), empty);
    const full = { eventName: 'push', ref: 'refs/heads/x', actor: 'me', payload: { a: 1 } };
    assert.deepEqual(eventOf(full, 'a/b'), {
      ...{ name: 'push', ref: 'refs/heads/x', actor: 'me', payload: { a: 1 } },
      repository: 'a/b',
    });
  });
});

describe('readEvent', () => {
  const known = { name: 'push', ref: 'refs/heads/main', repository: 'owner/app', actor: 'someone' };

  it('takes names from the environment, and the payload from the file', async (test) => {
    assert.deepEqual(await read(test, '{"action":"opened"}'), { ...known, payload: { action: 'opened' } });
  });

  const blank: [name: string, content: string | undefined | null][] = [
    ['an empty file', ''],
    ['a file of blanks', ' \n'],
    ['no file', undefined],
    ['no name of a file', null],
  ];
  for (const [name, content] of blank) {
    it(`takes ${name} for no payload`, async (test) => {
      assert.deepEqual(await read(test, content), { ...known, payload: {} });
      assert.equal(process.env.GITHUB_EVENT_PATH, undefined, 'the toolkit has nothing to complain of');
    });
  }

  const invalid: [name: string, content: string | Uint8Array, message: RegExp][] = [
    ['half a payload', '{"action":', /the event ".*event\.json" is not valid JSON/],
    ['a list', '[]', /is not a JSON object/],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), /is not valid JSON/],
    ['a payload without end', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /nested at most/],
  ];
  for (const [name, content, message] of invalid) {
    it(`refuses ${name}`, async (test) => {
      await assert.rejects(read(test, content), { code: 'INPUT_INVALID', message });
    });
  }

  const isWindows = process.platform === 'win32';
  it('reads a file that is named by a link, unless that leads nowhere', { skip: isWindows }, async (test) => {
    const folder = temporaryFolder(test, { 'target.json': '{"action":"closed"}' });
    const before = { ...process.env };
    test.after(() => {
      process.env = before;
    });
    for (const [name, target] of [
      ['link', 'target.json'],
      ['circle', 'circle'],
      ['nowhere', 'missing'],
    ] as const)
      symlinkSync(target, join(folder, name));
    Object.assign(process.env, variables, { GITHUB_EVENT_PATH: join(folder, 'link') });
    assert.deepEqual((await readEvent()).payload, { action: 'closed' });
    process.env.GITHUB_EVENT_PATH = join(folder, 'nowhere');
    assert.deepEqual((await readEvent()).payload, {});
    process.env.GITHUB_EVENT_PATH = join(folder, 'circle');
    await assert.rejects(readEvent(), {
      code: 'INPUT_INVALID',
      message: /^the event ".*circle" can't be read: ELOOP/,
      hint: 'A runner writes that file for each job: look whether an earlier step has changed it.',
    });
  });

  it('refuses what can not be read', async (test) => {
    const folder = temporaryFolder(test);
    mkdirSync(join(folder, 'event.json'));
    const before = process.env.GITHUB_EVENT_PATH;
    test.after(() => {
      if (before === undefined) delete process.env.GITHUB_EVENT_PATH;
      else process.env.GITHUB_EVENT_PATH = before;
    });
    process.env.GITHUB_EVENT_PATH = join(folder, 'event.json');
    await assert.rejects(readEvent(), { code: 'INPUT_INVALID', message: /to be a file, got a directory/ });
  });
});
