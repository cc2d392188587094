// Deleting manifests and tags, and what registries answer that don't.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isUndeletable } from '../../../src/adapters/registry/manifest-delete.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { loginPage } from '../../support/faults.ts';
import { problem, startRegistry } from '../../support/registry.ts';
import type { Reply } from '../../support/registry.ts';
import { createStore } from '../../support/registry-store.ts';
import { openRepository } from '../../support/repository.ts';
import { sampleImage, storeImage } from '../../support/sample-image.ts';
import { startTokenServer } from '../../support/token-server.ts';

const image = sampleImage();
const { digest } = image.root;

function storeWithImage() {
  const store = createStore();
  storeImage(store, 'a', image, 'one');
  store.repository('a').tags.set('two', digest);
  return store;
}

describe('deleting', () => {
  it('a digest takes its tags along', async () => {
    await using registry = await startRegistry({ store: storeWithImage(), deletes: 'digests' });
    await using repository = openRepository(`${registry.host}/a`);
    assert.equal(await repository.writer.remove(digest), true);
    assert.deepEqual(registry.store.tags('a'), {});
    assert.equal(await repository.writer.remove(digest), false);
    registry.assertRules();
  });

  const empty: Reply = { status: 200, headers: { 'content-length': 0 } };
  for (const [name, answer, message] of [
    ['nothing', empty, /it is still there/],
    ['204', { status: 204 }, /it is still there/],
    ['a page', loginPage, /a page of HTML \("Welcome to the hotel"\)/],
  ] as const) {
    it(`is no success when the answer is ${name} and nothing was deleted`, async () => {
      await using registry = await startRegistry({
        store: storeWithImage(),
        intercept: ({ method }) => (method === 'DELETE' ? answer : undefined),
      });
      await using repository = openRepository(`${registry.host}/a`);
      await assert.rejects(repository.writer.remove(digest), { code: 'REGISTRY_PROTOCOL', message });
    });
  }

  it('is a success when the registry shows it a while later', async () => {
    let looks = 0;
    const store = storeWithImage();
    await using registry = await startRegistry({
      store,
      intercept: ({ method }) => {
        if (method === 'DELETE') return empty;
        if ((looks += 1) === 3) store.repository('a').manifests.clear();
        return undefined;
      },
    });
    await using repository = openRepository(`${registry.host}/a`);
    assert.equal(await repository.writer.remove(digest), true);
  });

  it('a tag leaves the manifest', async () => {
    await using registry = await startRegistry({ store: storeWithImage(), deletes: 'tags' });
    await using repository = openRepository(`${registry.host}/a`);
    assert.equal(await repository.writer.remove('one'), true);
    assert.deepEqual(registry.store.tags('a'), { two: digest });
    registry.assertRules();
  });

  it('asks for a token that may delete', async () => {
    const user = { name: 'robot', password: 'a password' };
    await using tokens = await startTokenServer({ user });
    await using registry = await startRegistry({
      store: storeWithImage(),
      auth: tokens.auth,
      deletes: 'digests',
    });
    await using repository = openRepository(`${registry.host}/a`, user);
    assert.equal(await repository.writer.remove(digest), true);
    assert.deepEqual(tokens.requests.at(-1)?.scopes, ['repository:a:pull,push,delete']);
  });

  const refusals: readonly (readonly [name: string, reply: Reply, undeletable: boolean, hint: RegExp])[] = [
    ['405', { status: 405 }, true, /REGISTRY_STORAGE_DELETE_ENABLED/],
    ['UNSUPPORTED with 400', problem(400, 'UNSUPPORTED'), true, /REGISTRY_STORAGE_DELETE_ENABLED/],
    ['403', problem(403, 'DENIED'), false, /may delete/],
  ];
  for (const [name, reply, undeletable, hint] of refusals) {
    it(`says what to do about ${name}`, async () => {
      const intercept = ({ method }: { method: string }) => (method === 'DELETE' ? reply : undefined);
      await using registry = await startRegistry({ store: storeWithImage(), intercept });
      await using repository = openRepository(`${registry.host}/a`);
      await assert.rejects(repository.writer.remove(digest), (error) => {
        assert.ok(error instanceof RegistryError);
        assert.match(error.hint ?? '', hint);
        assert.equal(isUndeletable(error), undeletable);
        return true;
      });
      assert.equal(registry.count('DELETE', /manifests/), 1);
    });
  }
});
