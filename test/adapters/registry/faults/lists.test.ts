// Row 68: lists that come in pages.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../../src/core/oci/media-types.ts';
import { RegistryError } from '../../../../src/adapters/registry/registry-error.ts';
import { problem, startRegistry } from '../../../support/registry.ts';
import type { RecordedRequest, Reply } from '../../../support/registry.ts';
import { createStore } from '../../../support/registry-store.ts';
import type { RegistryStore } from '../../../support/registry-store.ts';
import { openRepository } from '../../../support/repository.ts';
import { sampleImage, storeImage } from '../../../support/sample-image.ts';

function storeWithTags(count: number): RegistryStore {
  const store = createStore();
  const image = sampleImage();
  storeImage(store, 'a', image);
  for (let number = 0; number < count; number += 1)
    store.repository('a').tags.set(`t${number}`, image.root.digest);
  return store;
}

const onTags =
  (reply: (request: RecordedRequest) => Reply | undefined) =>
  (request: RecordedRequest): Reply | undefined =>
    request.path.endsWith('/tags/list') ? reply(request) : undefined;

const page = (link: string): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', link },
  body: JSON.stringify({ name: 'a', tags: ['one'] }),
});

const queryOf = (path: string) => path.replace(/^[^?]*\?/, '');

describe('the list of tags', () => {
  for (const [count, tagsPerPage] of [
    [0, 100],
    [1, 100],
    [250, 100],
    [7, 1],
  ] as const) {
    it(`list of tags: has all ${count} of them, ${tagsPerPage} a page`, async () => {
      await using registry = await startRegistry({ store: storeWithTags(count), tagsPerPage });
      await using repository = openRepository(`${registry.host}/a`);
      const tags = await repository.reader.tags();
      assert.deepEqual([...tags].sort(), Object.keys(registry.store.tags('a')).sort());
      registry.assertRules();
    });
  }

  const links: readonly (readonly [name: string, link: string, message: RegExp])[] = [
    [
      'to another host',
      '<https://elsewhere.example/v2/a/tags/list?last=one>; rel="next"',
      /elsewhere\.example/,
    ],
    ['to itself', '</v2/a/tags/list?n=1000>; rel="next"', /leads back/],
  ];
  for (const [name, link, message] of links) {
    it(`list of tags: a Link ${name} is refused`, async () => {
      await using registry = await startRegistry({ intercept: onTags(() => page(link)) });
      await using repository = openRepository(`${registry.host}/a`);
      await assert.rejects(repository.reader.tags(), { code: 'REGISTRY_PROTOCOL', message });
      assert.equal(registry.requests.length, 1);
    });
  }

  it('list of tags: a Link in a circle of two is refused', async () => {
    const other = (query: string) => (query.includes('last=b') ? 'c' : 'b');
    const intercept = onTags(({ query }) => page(`</v2/a/tags/list?last=${other(query)}>; rel="next"`));
    await using registry = await startRegistry({ intercept });
    await using repository = openRepository(`${registry.host}/a`);
    await assert.rejects(repository.reader.tags(), { code: 'REGISTRY_PROTOCOL', message: /leads back/ });
    assert.equal(registry.requests.length, 3);
  });

  it('list of tags: a Link that is no next page ends the list', async () => {
    const intercept = onTags(() => page('</v2/a/tags/list?last=one>; rel="prev"'));
    await using registry = await startRegistry({ intercept });
    await using repository = openRepository(`${registry.host}/a`);
    assert.deepEqual(await repository.reader.tags(), ['one']);
  });

  const forms: readonly (readonly [name: string, links: (path: string) => string | string[]])[] = [
    ['a relative target', (path) => `<list?${queryOf(path)}>; rel="next"`],
    ['a query alone', (path) => `<?${queryOf(path)}>; rel="next"`],
    ['steps upwards', (path) => `<../tags/./list?${queryOf(path)}>; rel="next"`],
    ['the link before behind it', (path) => [`<${path}>; rel="next"`, '</v2/a/tags/list>; rel="prev"']],
    ['the link before ahead of it', (path) => ['</v2/a/tags/list>; rel="prev"', `<${path}>; rel="next"`]],
    ['the link before in the same header', (path) => `</v2/a/tags/list>; rel="prev", <${path}>; rel="next"`],
    ['blanks and a title', (path) => `<${path}>; title="a, b"; rel = "next"`],
    ['the same link twice', (path) => [`<${path}>; rel="next"`, `<${path}>; rel=next`]],
    ['an anchor that is the page itself', (path) => `<${path}>; rel="next"; anchor="#here"`],
  ];
  for (const [name, links] of forms) {
    it(`is read to its end: ${name}`, async () => {
      await using registry = await startRegistry({
        store: storeWithTags(5),
        tagsPerPage: 2,
        links: (path) => (path === undefined ? undefined : links(path)),
      });
      await using repository = openRepository(`${registry.host}/a`);
      assert.equal((await repository.reader.tags()).length, 5);
      registry.assertRules();
    });
  }

  it('is read to its end: an absolute target', async () => {
    const origin = { value: '' };
    await using registry = await startRegistry({
      store: storeWithTags(5),
      tagsPerPage: 2,
      links: (path) => (path === undefined ? undefined : `<${origin.value}${path}>; rel="next"`),
    });
    origin.value = registry.origin;
    await using repository = openRepository(`${registry.host}/a`);
    assert.equal((await repository.reader.tags()).length, 5);
  });

  const unreadable: readonly (readonly [name: string, link: string | string[]])[] = [
    ['broken', 'see the next page'],
    ['broken behind a link that is none to the next page', '</v2/a/tags/list>; rel="prev", <'],
    ['without a relation', '</v2/a/tags/list?last=one>'],
    ['to two pages', ['</v2/a/tags/list?last=a>; rel="next"', '</v2/a/tags/list?last=b>; rel="next"']],
  ];
  for (const [name, link] of unreadable) {
    it(`is an error when it may not be whole: a Link ${name}`, async () => {
      await using registry = await startRegistry({ store: storeWithTags(3), links: () => link });
      await using repository = openRepository(`${registry.host}/a`);
      await assert.rejects(repository.reader.tags(), {
        code: 'REGISTRY_PROTOCOL',
        message: /the list may not be whole/,
      });
    });
  }

  it('ignores the next page of another document', async () => {
    await using registry = await startRegistry({
      store: storeWithTags(3),
      links: () => '</v2/a/tags/list?last=b>; rel="next"; anchor="/v2/b/tags/list"',
    });
    await using repository = openRepository(`${registry.host}/a`);
    assert.equal((await repository.reader.tags()).length, 3);
    assert.equal(registry.requests.length, 1);
  });

  for (const [count, tagsPerPage] of [
    [2500, 1000],
    [1000, 1000],
    [250, 100],
    [120, 50],
  ] as const) {
    it(`goes on behind the last of a full page without a Link: ${count} tags, ${tagsPerPage} a page`, async () => {
      await using registry = await startRegistry({
        store: storeWithTags(count),
        tagsPerPage,
        links: () => undefined,
      });
      await using repository = openRepository(`${registry.host}/a`);
      assert.equal((await repository.reader.tags()).length, count);
      registry.assertRules();
    });
  }

  it('ends where a registry knows no pages', async () => {
    const tags = Array.from({ length: 1500 }, (_, at) => `t${at}`);
    const intercept = onTags(() => ({ status: 200, body: JSON.stringify({ name: 'a', tags }) }));
    await using registry = await startRegistry({ intercept });
    await using repository = openRepository(`${registry.host}/a`);
    assert.equal((await repository.reader.tags()).length, 1500);
    assert.equal(registry.requests.length, 2);
  });

  it('ends where every page leads to a new one', async () => {
    let last = 0;
    const intercept = onTags(() => page(`</v2/a/tags/list?last=${(last += 1)}>; rel="next"`));
    await using registry = await startRegistry({ intercept });
    await using repository = openRepository(`${registry.host}/a`);
    await assert.rejects(repository.reader.tags(), {
      code: 'REGISTRY_PROTOCOL',
      message: /at most 2000 pages/,
    });
  });

  const answers: readonly (readonly [name: string, reply: Reply, tags: readonly string[] | undefined])[] = [
    ['null', { status: 200, body: '{"name":"a","tags":null}' }, []],
    ['404 for an unknown repository', problem(404, 'NAME_UNKNOWN'), []],
    ['its name alone', { status: 200, body: '{"name":"a"}' }, []],
    ['an object of something else', { status: 200, body: '{"status":"ok"}' }, undefined],
    ['no JSON', { status: 200, body: '<html>' }, undefined],
    ['no strings', { status: 200, body: '{"tags":[1]}' }, undefined],
  ];
  for (const [name, reply, tags] of answers) {
    it(`list of tags: ${name} is ${tags === undefined ? 'an error' : 'no tag'}`, async () => {
      await using registry = await startRegistry({ intercept: onTags(() => reply) });
      await using repository = openRepository(`${registry.host}/a`);
      if (tags === undefined) await assert.rejects(repository.reader.tags(), { code: 'REGISTRY_PROTOCOL' });
      else assert.deepEqual(await repository.reader.tags(), tags);
    });
  }

  it('list of tags: a page that is missing in the middle is an error', async () => {
    const intercept = onTags(({ query }) =>
      query.includes('last=') ? problem(404, 'NAME_UNKNOWN') : undefined,
    );
    await using registry = await startRegistry({ store: storeWithTags(3), tagsPerPage: 2, intercept });
    await using repository = openRepository(`${registry.host}/a`);
    await assert.rejects(repository.reader.tags(), { code: 'REGISTRY_NOT_FOUND' });
  });
});

describe('the list of referrers', () => {
  it('has what the registry knows', async () => {
    const store = createStore();
    const image = sampleImage();
    const referrer = sampleImage({ seed: 'referrer', subject: image.root });
    storeImage(store, 'a', image, 'v1');
    storeImage(store, 'a', referrer);
    await using registry = await startRegistry({ store, referrers: true });
    await using repository = openRepository(`${registry.host}/a`);
    const found = await repository.reader.referrers(image.root.digest);
    assert.deepEqual(
      found?.map(({ digest, mediaType }) => [digest, mediaType]),
      [[referrer.root.digest, mediaTypes.manifest]],
    );
    assert.deepEqual(await repository.reader.referrers(referrer.root.digest), []);
    registry.assertRules();
  });

  it('is read over all of its pages', async () => {
    const image = sampleImage();
    const { mediaType, digest, size } = image.root;
    const intercept = ({ path, query }: RecordedRequest): Reply | undefined =>
      path.includes('/referrers/')
        ? {
            status: 200,
            headers:
              query === '' ? { link: ['<a>; rel="first"', `<?next=1>; title="a, b"; rel = next`] } : {},
            body: JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, size }] }),
          }
        : undefined;
    await using registry = await startRegistry({ intercept });
    await using repository = openRepository(`${registry.host}/a`);
    assert.equal((await repository.reader.referrers(digest))?.length, 2);
  });

  for (const status of [404, 400, 405]) {
    it(`is none where the registry answers ${status}`, async () => {
      await using registry = await startRegistry({ intercept: () => problem(status, 'UNSUPPORTED') });
      await using repository = openRepository(`${registry.host}/a`);
      assert.equal(await repository.reader.referrers(digestOf(Buffer.from('x'))), undefined);
    });
  }

  it('is an error where the registry refuses it', async () => {
    await using registry = await startRegistry({ intercept: () => problem(403, 'DENIED') });
    await using repository = openRepository(`${registry.host}/a`);
    await assert.rejects(repository.reader.referrers(digestOf(Buffer.from('x'))), RegistryError);
  });
});
