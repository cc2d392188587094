// A cleanup sees every page of the list of tags, however its Link headers are written, or deletes nothing.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RegistryStore } from '../../../src/usecases/cleanup/registry-store.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { linkForms } from '../../support/link-forms.ts';
import { startRegistry } from '../../support/registry.ts';
import type { RegistryOptions } from '../../support/registry.ts';
import { createStore } from '../../support/registry-store.ts';
import { openRepository } from '../../support/repository.ts';
import { addImage, addIndex, clean, digestsIn, repository } from './scene.ts';

/** Deletes an index, one image of which another index needs, which is on a later page of the list. */
async function cleanPages(links: RegistryOptions['links']) {
  const content = createStore();
  const shared = addImage(content, 'shared', []);
  const own = addImage(content, 'own', []);
  addIndex(content, [shared, own], ['pr-5']);
  const released = addIndex(content, [shared], ['v1']);
  await using registry = await startRegistry({
    store: content,
    deletes: 'digests',
    tagsPerPage: 1,
    ...(links === undefined ? {} : { links }),
  });
  await using opened = openRepository(`${registry.host}/${repository}`);
  const { signal } = new AbortController();
  const before = digestsIn(content);
  const work = clean(new RegistryStore({ ...opened, clock: createFastClock(), signal }), ['pr-5']);
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return {
    error,
    before,
    after: digestsIn(content),
    kept: [shared, released].map(({ digest }) => digest).sort(),
  };
}

describe('a cleanup with a list of tags in pages', () => {
  for (const [name, form] of linkForms) {
    it(`keeps what a later page needs: ${name}`, async () => {
      const { error, after, kept } = await cleanPages((path) =>
        path === undefined ? undefined : form(path),
      );
      assert.equal(error, undefined);
      assert.deepEqual(after, kept);
    });
  }

  for (const link of ['the next page', '</v2/app>; title="', '</v2/app>']) {
    it(`deletes nothing when a Link can't be understood: ${link}`, async () => {
      const { error, before, after } = await cleanPages(() => link);
      assert.ok(error instanceof Error && 'code' in error);
      assert.equal(error.code, 'CLEANUP_UNSAFE');
      assert.deepEqual(after, before);
    });
  }
});
