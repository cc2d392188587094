// What a cleanup asks a registry, step by step, and what it makes of odd answers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import type { Repository } from '../../../src/adapters/registry/repository.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { RegistryStore } from '../../../src/usecases/cleanup/registry-store.ts';
import { createFastClock } from '../../support/fast-clock.ts';

interface Stored {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

function manifest(name: string, more: object = {}): Stored {
  const bytes = encodeJson({ schemaVersion: 2, annotations: { name }, ...more });
  return { bytes, descriptor: describeBytes(mediaTypes.manifest, bytes) };
}

function answer(status: number): RegistryError {
  return new RegistryError('REGISTRY_REFUSED', `answer ${status}`, {
    method: 'X',
    url: 'https://x/',
    status,
  });
}

/** A repository in memory that notes what it is asked. */
class Memory {
  readonly asked: string[] = [];
  readonly manifests = new Map<Digest, Stored>();
  readonly tagged = new Map<string, Digest>();
  readonly attached = new Map<Digest, readonly Descriptor[]>();
  /** In place of an answer, by the question. */
  readonly answers = new Map<string, () => unknown>();
  keepsReferrers = true;

  put(stored: Stored, ...tags: readonly string[]): Digest {
    const { digest } = stored.descriptor;
    this.manifests.set(digest, stored);
    for (const tag of tags) this.tagged.set(tag, digest);
    return digest;
  }

  #ask<T>(question: string, usual: () => T): Promise<T> {
    this.asked.push(question);
    const own = this.answers.get(question);
    return Promise.resolve().then(() => (own === undefined ? usual() : (own() as T)));
  }

  #find(reference: string): Stored | undefined {
    return this.manifests.get(this.tagged.get(reference) ?? (reference as Digest));
  }

  get repository(): Repository {
    return {
      name: 'reg.example/a/b',
      tags: () => this.#ask('tags', () => [...this.tagged.keys()]),
      describe: (reference: string) =>
        this.#ask(`describe ${reference}`, () => this.#find(reference)?.descriptor),
      read: (reference: string) => this.#ask(`read ${reference}`, () => this.#find(reference)),
      referrers: (digest: Digest) =>
        this.#ask(`referrers ${digest}`, () =>
          this.keepsReferrers ? (this.attached.get(digest) ?? []) : undefined,
        ),
      remove: (reference: string) =>
        this.#ask(`remove ${reference}`, () => {
          const isThere = this.#find(reference) !== undefined;
          this.manifests.delete(reference as Digest);
          this.tagged.delete(reference);
          for (const [tag, digest] of [...this.tagged]) if (digest === reference) this.tagged.delete(tag);
          return isThere;
        }),
      put: () => this.#ask('put', () => undefined),
      putTagged: (blob: { readonly descriptor: Descriptor }, tags: readonly string[]) =>
        this.#ask(`tag ${tags.join()}`, () => {
          this.put({ descriptor: blob.descriptor, bytes: new Uint8Array() }, ...tags);
        }),
    } as unknown as Repository;
  }
}

function open(memory: Memory) {
  const clock = createFastClock();
  const { signal } = new AbortController();
  const { repository } = memory;
  return { clock, store: new RegistryStore({ reader: repository, writer: repository, clock, signal }) };
}

const never = () => false;
const always = () => true;
const count = (memory: Memory, question: string) => memory.asked.filter((one) => one === question).length;

describe('a repository that is read for a cleanup', () => {
  it('is asked for what the tags lead to, and for all where that is wanted', async () => {
    const memory = new Memory();
    const [one, other] = [memory.put(manifest('1'), 'pr-1', 'b'), memory.put(manifest('2'), 'main')];
    const { store } = open(memory);
    const near = await store.read(new Set(['pr-1']), never);
    assert.deepEqual([...near.keys()], [one]);
    assert.equal(count(memory, 'read main'), 0);
    const all = await store.read(new Set(['pr-1']), always);
    assert.deepEqual(
      [...all.values()].map(({ digest, tags }) => [digest, tags]),
      [
        [one, ['b', 'pr-1']],
        [other, ['main']],
      ],
    );
    assert.equal(count(memory, `referrers ${one}`), 1);
  });

  it('asks no more for referrers where the first answer is that there is no such list', async () => {
    for (const [keeps, asked] of [
      [true, 2],
      [false, 1],
    ] as const) {
      const memory = new Memory();
      memory.keepsReferrers = keeps;
      const [one, two] = [manifest('1'), manifest('2')];
      memory.put(one, 'pr-1');
      memory.put(two, 'pr-2');
      const { store } = open(memory);
      await store.read(new Set(['pr-1']), never);
      await store.read(new Set(['pr-1', 'pr-2']), never);
      assert.equal(memory.asked.filter((question) => question.startsWith('referrers')).length, asked);
    }
  });

  it('is looked at twice where a tag stands for nothing, and then given up', async () => {
    const memory = new Memory();
    memory.put(manifest('1'), 'pr-1');
    let times = 0;
    memory.answers.set('read pr-1', () => {
      times += 1;
      return times === 1 ? undefined : memory.manifests.values().next().value;
    });
    assert.equal((await open(memory).store.read(new Set(['pr-1']), never)).size, 1);
    memory.answers.set('read pr-1', () => undefined);
    await assert.rejects(open(memory).store.read(new Set(['pr-1']), never), {
      code: 'CLEANUP_UNSAFE',
      message: 'reg.example/a/b lists the tag "pr-1" and has nothing behind it',
    });
  });

  it('takes a tag for missing that it may not see, and fails for another refusal', async () => {
    const memory = new Memory();
    memory.answers.set('describe pr-9', () => {
      throw answer(403);
    });
    assert.equal((await open(memory).store.read(new Set(['pr-9']), never)).size, 0);
    memory.answers.set('describe pr-9', () => {
      throw answer(500);
    });
    await assert.rejects(open(memory).store.read(new Set(['pr-9']), never), { message: 'answer 500' });
  });

  it('has what is attached to the tags by the names of others', async () => {
    const memory = new Memory();
    const one = memory.put(manifest('1'), 'pr-1');
    const signature = memory.put(manifest('2'), `${one.replace(':', '-')}.sig`);
    memory.put(manifest('3'), `sha256-${'0'.repeat(64)}.sig`);
    const graph = await open(memory).store.read(new Set(['pr-1']), never);
    assert.deepEqual([...graph.keys()].sort(), [one, signature].sort());
  });
});

describe('a manifest or a tag that is removed', () => {
  it('is gone where it was not there, and deleted where it was', async () => {
    const memory = new Memory();
    const one = manifest('1');
    const digest = memory.put(one, 'pr-1');
    const { store, clock } = open(memory);
    const node = { digest, tags: ['pr-1'], children: [] };
    assert.deepEqual(await store.remove(node), { outcome: 'deleted' });
    assert.deepEqual(await store.remove(node), { outcome: 'gone' });
    assert.deepEqual(clock.sleeps, []);
    assert.deepEqual(await store.untag('pr-1', node), { outcome: 'gone' });
    assert.equal(count(memory, 'put'), 0);
  });

  it('is waited for until it no longer shows, and refused where it stays', async () => {
    const memory = new Memory();
    const one = manifest('1');
    const digest = memory.put(one, 'pr-1');
    memory.answers.set(`remove ${digest}`, () => true);
    const { store, clock } = open(memory);
    assert.equal((await store.remove({ digest, tags: [], children: [] })).outcome, 'refused');
    assert.deepEqual(clock.sleeps, [500, 1000, 2000, 4000]);
  });

  it('goes after its tags where a registry deletes nothing that has one, and not otherwise', async () => {
    for (const [status, tags, isRemoved] of [
      [400, ['pr-1'], true],
      [409, ['pr-1'], true],
      [412, ['pr-1'], true],
      [400, [], false],
      [500, ['pr-1'], false],
    ] as const) {
      const memory = new Memory();
      const digest = memory.put(manifest('1'), 'pr-1');
      let isFirst = true;
      memory.answers.set(`remove ${digest}`, () => {
        if (isFirst) {
          isFirst = false;
          throw answer(status);
        }
        return memory.manifests.delete(digest);
      });
      const removal = open(memory).store.remove({ digest, tags, children: [] });
      if (isRemoved) assert.deepEqual(await removal, { outcome: 'deleted' });
      else await assert.rejects(removal, { message: `answer ${status}` });
      assert.equal(count(memory, 'remove pr-1'), Number(isRemoved));
    }
  });

  it('is moved to a placeholder first, and back where that can not be deleted', async () => {
    const memory = new Memory();
    const one = manifest('1');
    const digest = memory.put(one, 'pr-1', 'main');
    const node = { digest, tags: ['main', 'pr-1'], children: [] };
    const { store } = open(memory);
    assert.deepEqual(await store.untag('pr-1', node), { outcome: 'deleted' });
    assert.deepEqual([...memory.tagged], [['main', digest]]);
    assert.deepEqual(memory.asked.slice(0, 4), ['describe pr-1', `read ${digest}`, 'put', 'tag pr-1']);
  });
});
