// The small parts of a cleanup: lines of a record, ages, names of tags, the order of deletions, and errors.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { isOfPreviews, isTooOld } from '../../../src/usecases/cleanup/brought.ts';
import { describeRecord } from '../../../src/usecases/cleanup/cleanup.ts';
import { subjectOfTag } from '../../../src/usecases/cleanup/graph.ts';
import type { ManifestNode } from '../../../src/usecases/cleanup/graph.ts';
import { orderDeletions } from '../../../src/usecases/cleanup/order.ts';
import { placeholderFor } from '../../../src/usecases/cleanup/placeholder.ts';
import { mayListReferrers, relationsOf } from '../../../src/usecases/cleanup/relations.ts';
import { orUnsafe, stillTagged, unsafe } from '../../../src/usecases/cleanup/store.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const node = (letter: string, more: Partial<ManifestNode> = {}): ManifestNode => ({
  digest: digest(letter),
  tags: [],
  children: [],
  ...more,
});
const graphOf = (nodes: readonly ManifestNode[]) => new Map(nodes.map((one) => [one.digest, one]));

describe('a record of a cleanup', () => {
  it('is a line with what is known', () => {
    const name = 'ghcr.io/a/b';
    assert.equal(describeRecord({ name, tags: [] }), name);
    assert.equal(describeRecord({ name, tags: ['pr-5', 'x'] }), `${name} (pr-5, x)`);
    assert.equal(
      describeRecord({ name, digest: digest('1'), tags: ['pr-5'], why: 'it stays' }),
      `${name}@${digest('1')} (pr-5), it stays`,
    );
    assert.equal(describeRecord({ name, tags: [], why: '' }), `${name}, `);
  });
});

describe('a manifest of a pull request', () => {
  it('is not too old from the moment on at which that was opened, where the registry tells', () => {
    const rows: [pushed: number | undefined, opened: number | undefined, isOld: boolean][] = [
      [undefined, undefined, false],
      [undefined, 5, false],
      [4, 5, true],
      [5, 5, false],
      [6, 5, false],
      [6, undefined, true],
    ];
    for (const [pushed, opened, isOld] of rows)
      assert.equal(
        isTooOld(node('1', pushed === undefined ? {} : { pushed }), opened),
        isOld,
        `${pushed} ${opened}`,
      );
  });

  it('has the mark of one of them, and is not too old', () => {
    const previews = new Map([['mine', 5]]);
    assert.equal(isOfPreviews(node('1', { mark: 'mine', pushed: 5 }), previews), true);
    assert.equal(isOfPreviews(node('1', { mark: 'mine', pushed: 4 }), previews), false);
    assert.equal(isOfPreviews(node('1', { mark: 'other', pushed: 5 }), previews), false);
    assert.equal(isOfPreviews(node('1', { pushed: 5 }), previews), false);
  });
});

describe('the name of a tag', () => {
  const hex = 'a1'.repeat(32);
  it('attaches what it stands for to another manifest, in one form', () => {
    for (const tag of [`sha256-${hex}`, `sha256-${hex}.sig`, `sha256-${hex}.att-1_x.y`])
      assert.equal(subjectOfTag(tag), `sha256:${hex}`, tag);
    const others = [
      ...[`xsha256-${hex}`, `sha256-${hex}1`, `sha256-${hex.slice(1)}`, `sha256:${hex}`, `sha256-${hex}.`],
      ...[`sha256-${hex.toUpperCase()}`, `sha256-${hex}.a+b`, `sha256-${hex}-sig`, 'latest', ''],
    ];
    for (const tag of others) assert.equal(subjectOfTag(tag), undefined, tag);
  });
});

describe('the order of deletions', () => {
  const order = (nodes: readonly ManifestNode[]) =>
    orderDeletions(nodes, relationsOf(graphOf(nodes))).map(({ digest: of }) => of[7]);

  it('has indexes before what they list, and manifests before what is attached to them', () => {
    const tag = `sha256-${'1'.repeat(64)}.sig`;
    const nodes = [
      node('4', { tags: [tag] }),
      node('3', { subject: digest('1') }),
      node('1'),
      node('2', { children: [digest('1')] }),
    ];
    assert.deepEqual(order(nodes), ['2', '1', '4', '3']);
  });

  it('takes one of what is attached in a circle', () => {
    assert.deepEqual(order([node('1', { subject: digest('2') }), node('2', { subject: digest('1') })]), [
      '1',
      '2',
    ]);
    assert.deepEqual(order([node('1', { subject: digest('1') }), node('2')]), ['1', '2']);
  });

  it('fails for what lists each other', () => {
    const nodes = [node('1', { children: [digest('2')] }), node('2', { children: [digest('1')] })];
    assert.throws(() => order(nodes), { message: 'manifests list each other in a circle' });
  });
});

describe('what may be a list of referrers', () => {
  const referrer = node('2', { subject: digest('9') });
  const list = (more: Partial<ManifestNode> = {}, among: readonly string[] = ['2']) => {
    const one = node('1', { children: [digest('2'), digest('8')], ...more });
    const graph = graphOf([one, referrer, node('3')]);
    return mayListReferrers(one, graph, new Set(among.map(digest)));
  };

  it('lists referrers that are all meant, and has no other name', () => {
    assert.equal(list(), true);
    assert.equal(list({ tags: [`sha256-${'9'.repeat(64)}`] }), true);
    assert.equal(list({ tags: [`sha256-${'9'.repeat(64)}`, 'latest'] }), false);
    assert.equal(list({}, []), false);
    assert.equal(list({ children: [digest('2'), digest('3')] }, ['2', '3']), false);
    assert.equal(list({ children: [] }), false);
    assert.equal(list({ subject: digest('9') }), false);
    assert.equal(list({ mark: 'mine' }), false);
  });
});

describe('a placeholder', () => {
  it('is an artifact without content that no other tag has', async () => {
    const { manifest, content } = placeholderFor('pr-5');
    const document = JSON.parse(Buffer.from(await readAll(manifest.open())).toString()) as Record<
      string,
      unknown
    >;
    assert.equal(document.artifactType, 'application/vnd.nubificus.bima.removed-tag.v1');
    assert.deepEqual(document.annotations, { 'com.nubificus.bima.removed-tag': 'pr-5' });
    assert.deepEqual([document.config, document.layers], [content.descriptor, [content.descriptor]]);
    assert.equal(content.descriptor.size, 2);
    assert.notEqual(placeholderFor('pr-6').manifest.descriptor.digest, manifest.descriptor.digest);
  });
});

describe('a cleanup that can not go on', () => {
  const codes: [code: ErrorCode, isUnsafe: boolean][] = [
    ['LAYOUT_INVALID', true],
    ['DIGEST_MISMATCH', true],
    ['REGISTRY_NOT_FOUND', true],
    ['REGISTRY_PROTOCOL', true],
    ['REGISTRY_DENIED', false],
  ];
  for (const [code, isUnsafe] of codes)
    it(`${isUnsafe ? 'says what can not be read' : 'fails as the registry does'}: ${code}`, async () => {
      const cause = new BimaError(code, 'no');
      const failed = orUnsafe('it', () => Promise.reject(cause), 'do that');
      if (isUnsafe)
        await assert.rejects(failed, {
          code: 'CLEANUP_UNSAFE',
          message: "it can't be read: no",
          hint: 'do that',
          cause,
        });
      else await assert.rejects(failed, cause);
    });

  it('gives the result where there is one, and has a hint of its own', async () => {
    assert.equal(await orUnsafe('it', () => Promise.resolve(5)), 5);
    await assert.rejects(
      orUnsafe('it', () => Promise.reject(new TypeError('oops'))),
      TypeError,
    );
    const error = unsafe('x');
    assert.match(
      error.hint ?? '',
      /^Nothing is deleted while it is not known what that manifest needs: run the job again/,
    );
    assert.ok(!('cause' in error));
    assert.equal(
      stillTagged(['a', 'b']),
      'the registry deleted it by its digest, and still has the tag "a", "b"',
    );
  });
});
