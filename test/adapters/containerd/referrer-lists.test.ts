// Lists of referrers in containerd: what is kept of them, what is added, and what is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CtrAnswer } from '../../../src/adapters/containerd/ctr.ts';
import { updateLists } from '../../../src/adapters/containerd/referrer-lists.ts';
import type { ListUpdate } from '../../../src/adapters/containerd/referrer-lists.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';

const name = 'docker.io/library/a:sha256-0';
const manifest = (text: string) => describeBytes(mediaTypes.manifest, Buffer.from(text));
const ours = manifest('ours');
const content = [ours.digest, manifest('its layer').digest];
const foreign = manifest('of somebody else');
const lost = manifest('gone');

interface Stored {
  /** What the list has; undefined where the name stands for nothing. */
  readonly listed?: readonly Descriptor[];
  readonly present?: readonly string[];
  readonly mediaType?: string;
  /** The command that fails. */
  readonly broken?: string;
}

async function update(stored: Stored, referrers = [{ descriptor: ours, content }]) {
  const { listed, present = [], mediaType = mediaTypes.index, broken } = stored;
  const bytes = encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: listed ?? [] });
  const asked: string[] = [];
  const query = (...args: string[]): Promise<CtrAnswer> => {
    const line = args.join(' ');
    asked.push(line);
    if (broken !== undefined && line.startsWith(broken))
      return Promise.resolve({ code: 1, stdout: '', stderr: 'ctr: it broke\n' });
    if (line.startsWith('content get')) return Promise.resolve(done(bytes.toString()));
    if (line.startsWith('content ls'))
      return Promise.resolve(done(present.filter((digest) => line.includes(digest)).join('\n')));
    const row = `${name} ${mediaType} ${describeBytes(mediaTypes.index, bytes).digest} incomplete (1/3) 1 B/1 B false`;
    // As ctr does for a list, which is no image of any platform.
    return Promise.resolve({
      code: listed === undefined ? 0 : 1,
      stdout: `REF\n${listed === undefined ? '' : row}\n`,
      stderr: '',
    });
  };
  const client = { query, feed: () => Promise.reject(new Error('nothing is to be fed')) };
  const node = {
    namespace: 'default',
    address: '',
    version: '',
    platforms: [],
    importFlags: [],
    namespaces: [],
  };
  const updates = await updateLists({ client, ...node }, [{ name, referrers }]);
  return { updates, asked };
}

function done(stdout: string): CtrAnswer {
  return { code: 0, stdout, stderr: '' };
}

async function digestsIn(updates: readonly ListUpdate[]): Promise<string[]> {
  assert.equal(updates.length, 1);
  const [first] = updates;
  assert.ok(first);
  assert.equal(first.name, name);
  const index = JSON.parse(Buffer.from(await readAll(first.index.open())).toString()) as {
    manifests: Descriptor[];
  };
  return index.manifests.map(({ digest }) => digest);
}

describe('updateLists', () => {
  it('makes a list where there is none', async () => {
    const { updates, asked } = await update({});
    assert.deepEqual(await digestsIn(updates), [ours.digest]);
    assert.equal(asked[0], `images check name=="${name}"`);
  });

  it('leaves a list that has everything', async () => {
    const { updates } = await update({ listed: [foreign, ours], present: content });
    assert.deepEqual(updates, []);
  });

  it('writes a list again whose content is gone in part', async () => {
    const { updates } = await update({ listed: [ours], present: [ours.digest] });
    assert.deepEqual(await digestsIn(updates), [ours.digest]);
  });

  it('writes a list again that does not name a referrer, though it is there', async () => {
    const { updates } = await update({ listed: [foreign], present: [...content, foreign.digest] });
    assert.deepEqual(await digestsIn(updates), [foreign.digest, ours.digest]);
  });

  it('leaves out what others listed and nobody has any more', async () => {
    const { updates } = await update({ listed: [lost, foreign, ours], present: [foreign.digest] });
    assert.deepEqual(await digestsIn(updates), [foreign.digest, ours.digest]);
  });

  it('writes a list again that lacks one of two', async () => {
    const second = manifest('ours as well');
    const both = [
      { descriptor: ours, content },
      { descriptor: second, content: [second.digest] },
    ];
    for (const listed of [[ours], [second]]) {
      const { updates } = await update({ listed, present: [...content, second.digest] }, both);
      assert.deepEqual(await digestsIn(updates), [ours.digest, second.digest]);
    }
    const { updates } = await update({ listed: [second, ours], present: [...content, second.digest] }, both);
    assert.deepEqual(updates, []);
  });

  it('asks for the list, what is in it, and what there is of that and of what is new', async () => {
    const { asked } = await update({ listed: [foreign, ours], present: content });
    assert.match(asked[1] ?? '', /^content get sha256:[0-9a-f]{64}$/);
    assert.deepEqual(
      [asked[0], ...asked.slice(2)],
      [
        `images check name=="${name}"`,
        `content ls --quiet ${[foreign.digest, ...content].map((digest) => `digest==${digest}`).join(' ')}`,
      ],
    );
    const { asked: without } = await update({ present: content });
    assert.deepEqual(without, [
      `images check name=="${name}"`,
      `content ls --quiet ${content.map((digest) => `digest==${digest}`).join(' ')}`,
    ]);
  });

  it('writes an index, whose entries are those of the list', async () => {
    const { updates } = await update({ listed: [foreign], present: [foreign.digest] });
    const [first] = updates;
    assert.ok(first);
    assert.equal(first.index.descriptor.mediaType, mediaTypes.index);
    assert.deepEqual(JSON.parse(Buffer.from(await readAll(first.index.open())).toString()), {
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [foreign, ours],
    });
  });

  for (const [count, expected] of [
    [999, [999]],
    [1000, [1000]],
    [1001, [1000, 1]],
  ] as const) {
    it(`asks for ${count} digests, a thousand at a time`, async () => {
      const many = Array.from({ length: count }, (_, at) => manifest(`${at}`).digest);
      const { updates, asked } = await update({ listed: [ours], present: many }, [
        { descriptor: ours, content: many },
      ]);
      assert.deepEqual(updates, []);
      const sizes = asked
        .filter((line) => line.startsWith('content ls'))
        .map((line) => line.split('==').length - 1);
      assert.deepEqual(sizes, expected);
    });
  }

  it('refuses a name that stands for an image', async () => {
    await assert.rejects(update({ listed: [], mediaType: mediaTypes.manifest }), {
      code: 'CONTAINERD_FAILED',
      message: /expected a list of referrers as ".*sha256-0" in containerd, got "application\/vnd\.oci/,
      hint: new RegExp(`ctr images rm ${name}`),
    });
  });

  const failures: [broken: string, message: string][] = [
    ['images check', `look for "${name}"`],
    ['content get', `read what "${name}" stands for`],
    ['content ls', 'list its content'],
  ];
  for (const [broken, message] of failures) {
    it(`says so when "ctr ${broken}" fails`, async () => {
      await assert.rejects(update({ listed: [ours], broken }), {
        code: 'CONTAINERD_FAILED',
        message: `containerd could not ${message}: it broke`,
      });
    });
  }
});
