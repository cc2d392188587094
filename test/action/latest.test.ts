// Whether an event moves `latest`, with GitHub's API on loopback.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tagsOfEvent } from '../../src/action/event-tags.ts';
import type { WorkflowEvent } from '../../src/action/event.ts';
import { settleLatest } from '../../src/action/latest.ts';
import { createReleases } from '../support/github/releases.ts';
import { startSession } from '../support/github/session.ts';

function tagEvent(tag: string): WorkflowEvent {
  return { name: 'push', ref: `refs/tags/${tag}`, repository: 'owner/app', actor: 'x', payload: {} };
}

describe('latest', () => {
  const many = Array.from({ length: 250 }, (_, index) => `v0.${index}.0`);
  const rows: readonly (readonly [
    name: string,
    tag: string,
    others: readonly string[],
    isLatest: boolean,
  ])[] = [
    ['the first version', 'v1.0.0', [], true],
    ['a higher version', 'v2.0.0', ['v1.0.0', 'v1.9.0'], true],
    ['a fix for an older line', 'v1.2.9', ['v1.2.8', 'v2.0.0'], false],
    ['one behind many', 'v0.5.1', [...many, 'v1.0.0'], false],
    ['the highest of many', 'v1.0.0', many, true],
    ['one before a prerelease', 'v1.2.9', ['v2.0.0-rc.1'], true],
    ['one before what is no version', 'v1.2.9', ['v3', 'nightly-2030.1.1'], true],
    ['one with other spellings above', '1.2.9', ['v2.0.0'], false],
    ['a new build of the highest', 'v2.0.0+2', ['v2.0.0+1'], true],
    ['a prerelease', 'v3.0.0-rc.1', ['v2.0.0'], false],
  ];
  for (const [name, tag, others, isLatest] of rows) {
    it(`${isLatest ? 'is' : 'is not'} ${name}`, async (test) => {
      const { routes } = createReleases('owner/app', { tags: [tag, ...others] });
      const { access, warnings } = await startSession(test, { routes });
      const event = tagEvent(tag);
      const tags = await settleLatest(tagsOfEvent(event), { ...access, event });
      assert.deepEqual(tags, isLatest ? [tag.replace('+', '-'), 'latest'] : [tag]);
      assert.deepEqual(warnings, []);
    });
  }

  it('is also a version below one that its release calls a prerelease', async (test) => {
    const releases = createReleases('owner/app', { tags: ['v1.2.9', 'v2.0.0'] });
    releases.addRelease({ tag: 'v2.0.0', isPrerelease: true });
    const { access } = await startSession(test, { routes: releases.routes });
    const event = tagEvent('v1.2.9');
    assert.deepEqual(await settleLatest(['v1.2.9', 'latest'], { ...access, event }), ['v1.2.9', 'latest']);
  });

  it('names the version that has it', async (test) => {
    const { routes } = createReleases('owner/app', { tags: ['v2.0.0'] });
    const { access, lines } = await startSession(test, { routes });
    await settleLatest(['v1.2.9', 'latest'], { ...access, event: tagEvent('v1.2.9') });
    assert.deepEqual(lines, ['"latest" stays where it is: "v2.0.0" is a higher version than "v1.2.9"']);
  });

  it('stays where it is when nobody can tell, with a warning', async (test) => {
    const { routes } = createReleases('owner/app', { tags: [] });
    const { access, warnings } = await startSession(test, { routes, tokens: {} });
    const event = tagEvent('v1.0.0');
    assert.deepEqual(await settleLatest(['v1.0.0', 'latest'], { ...access, event }), ['v1.0.0']);
    assert.deepEqual(await settleLatest(['v1.0.0', 'latest'], { ...access, event, token: undefined }), [
      'v1.0.0',
    ]);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['GITHUB_DENIED', 'INPUT_INVALID'],
    );
  });

  it('may be the name of a branch, for which nobody is asked', async (test) => {
    const { access, server } = await startSession(test, { routes: [] });
    const event = { ...tagEvent(''), ref: 'refs/heads/latest' };
    assert.deepEqual(await settleLatest(['latest'], { ...access, event }), ['latest']);
    assert.deepEqual(server.calls, []);
  });
});

describe('what is said of latest', () => {
  const event = tagEvent('v1.2.9');
  const tags = ['v1.2.9', 'latest', 'x'];
  const hint =
    'Give the job "contents: read" and the action a github-token, or name the tags in the input "tags".';

  it('is nothing where nothing asks for it, or the tag is no version', async (test) => {
    const { access, server, lines, warnings } = await startSession(test, { routes: [] });
    assert.deepEqual(await settleLatest(['v1.2.9'], { ...access, event }), ['v1.2.9']);
    assert.deepEqual(await settleLatest(tags, { ...access, event: { ...event, ref: '' } }), tags);
    assert.deepEqual([server.calls, lines, warnings], [[], [], []]);
  });

  it('is why it is left out, and what is missing', async (test) => {
    const { routes } = createReleases('owner/app', { tags: [] });
    const { access, warnings } = await startSession(test, { routes, tokens: {} });
    assert.deepEqual(await settleLatest(tags, { ...access, event, token: undefined }), ['v1.2.9', 'x']);
    assert.deepEqual(await settleLatest(tags, { ...access, event: { ...event, repository: 'x' } }), [
      'v1.2.9',
      'x',
    ]);
    const why = '"latest" is left out, since the repository\'s versions can\'t be read:';
    assert.deepEqual(warnings, [
      { code: 'INPUT_INVALID', message: `${why} expected the input "github-token", got none`, hint },
      { code: 'INPUT_INVALID', message: `${why} expected GITHUB_REPOSITORY as owner/name, got "x"`, hint },
    ]);
  });

  it('asks for releases only where a version is higher, and in pages of a hundred', async (test) => {
    const others = Array.from({ length: 150 }, (_, index) => `v0.${index}.0`);
    const low = createReleases('owner/app', { tags: others });
    const { access, server } = await startSession(test, { routes: low.routes });
    assert.deepEqual(await settleLatest(tags, { ...access, event }), tags);
    assert.deepEqual(
      server.calls,
      [1, 2].map((page) => `GET /repos/owner/app/tags?per_page=100${page === 1 ? '' : '&page=2'}`),
    );
    const high = createReleases('owner/app', { tags: [...others, 'v2.0.0', 'v3.0.0'] });
    for (let count = 0; count < 120; count += 1) high.addRelease({ tag: `v0.${count}.0` });
    high.addRelease({ tag: 'v2.0.0', isPrerelease: true });
    const session = await startSession(test, { routes: high.routes });
    assert.deepEqual(await settleLatest(tags, { ...session.access, event }), ['v1.2.9', 'x']);
    assert.deepEqual(session.lines, [
      '"latest" stays where it is: "v3.0.0" is a higher version than "v1.2.9"',
    ]);
    assert.equal(session.server.calls.length, 4);
    assert.ok(session.server.calls.every((call) => call.includes('per_page=100')));
  });

  it('is a mistake of our own where it is none of GitHub', async (test) => {
    const { access } = await startSession(test, { routes: [] });
    const broken = { ...access, environment: undefined as never };
    await assert.rejects(settleLatest(tags, { ...broken, event }), TypeError);
  });
});
