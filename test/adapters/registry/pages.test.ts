// Lists in pages: which page is the next, and which lists are refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listReferrers, listTags } from '../../../src/adapters/registry/content-lists.ts';
import { readPages } from '../../../src/adapters/registry/pages.ts';
import { tagsPerPage } from '../../../src/adapters/registry/paths.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { scriptSession } from '../../support/scripted-session.ts';
import type { Script, ScriptedAnswer } from '../../support/scripted-session.ts';

const page = (document: unknown, link?: string | string[]): ScriptedAnswer => ({
  status: 200,
  headers: link === undefined ? {} : { link },
  body: typeof document === 'string' ? document : JSON.stringify(document),
});

const read = (script: Script | readonly ScriptedAnswer[]) => {
  const scripted = scriptSession(script, { access: 'pull' });
  return { ...scripted, pages: readPages(scripted.session, '/v2/list', { accept: 'x/y' }) };
};

describe('a list', () => {
  it('is one page without a link', async () => {
    const { pages, lines, requests } = read([page({ a: 1 })]);
    assert.deepEqual(await pages, [{ a: 1 }]);
    assert.deepEqual(lines(), ['GET https://reg.test/v2/list']);
    assert.deepEqual(requests[0]?.headers, { accept: 'x/y' });
  });

  it('that is not there is none', async () => {
    const { pages, discarded } = read([{ status: 404 }]);
    assert.equal(await pages, undefined);
    assert.equal(discarded(), 1);
  });

  it('may not lose a later page', async () => {
    const { pages } = read([page({}, '</v2/list?p=2>; rel="next"'), { status: 404 }]);
    await assert.rejects(pages, { status: 404 });
  });

  const followed: readonly (readonly [name: string, link: string | string[], next: string])[] = [
    ['a path', '</v2/list?p=2>; rel="next"', 'https://reg.test/v2/list?p=2'],
    ['an address', '<https://reg.test/v2/list?p=2>; rel=next', 'https://reg.test/v2/list?p=2'],
    ['a query', '<?p=2>; rel="next"', 'https://reg.test/v2/list?p=2'],
    ['one of several', '</a>; rel="prev", </v2/p2>; rel="next"', 'https://reg.test/v2/p2'],
    ['one of several headers', ['</a>; rel="prev"', '</v2/p2>; rel="next"'], 'https://reg.test/v2/p2'],
    ['the same twice', '</v2/p2>; rel="next", </v2/p2>; rel="next"', 'https://reg.test/v2/p2'],
    ['one of this page', '</v2/p2>; rel="next"; anchor="/v2/list"', 'https://reg.test/v2/p2'],
    ['one of a part of this page', '</v2/p2>; rel="next"; anchor="#top"', 'https://reg.test/v2/p2'],
  ];
  for (const [name, link, next] of followed) {
    it(`goes on by ${name}`, async () => {
      const { pages, lines } = read([page({ a: 1 }, link), page({ b: 2 })]);
      assert.deepEqual(await pages, [{ a: 1 }, { b: 2 }]);
      assert.deepEqual(lines(), ['GET https://reg.test/v2/list', `GET ${next}`]);
    });
  }

  for (const [name, link] of [
    ['another relation', '</v2/p2>; rel="last"'],
    ["another page's next", '</v2/p2>; rel="next"; anchor="/v2/other"'],
    ["another host's next", '</v2/p2>; rel="next"; anchor="https://o.test/v2/list"'],
  ] as const) {
    it(`ends at ${name}`, async () => {
      const { pages, lines } = read([page({ a: 1 }, link)]);
      assert.deepEqual(await pages, [{ a: 1 }]);
      assert.equal(lines().length, 1);
    });
  }

  const refused: readonly (readonly [
    name: string,
    answer: ScriptedAnswer,
    message: RegExp,
    hint?: RegExp,
  ])[] = [
    [
      'several next pages',
      page({}, '</a>; rel="next", </b>; rel="next"'),
      /list: the Link header names several next pages, so the list may not be whole$/,
      /RFC 8288/,
    ],
    [
      'two hosts',
      page({}, '</a>; rel="next", <https://o.test/a>; rel="next"'),
      /names several next pages/,
      /RFC 8288/,
    ],
    ['half a link', page({}, '</a>; rel="next", </b'), /list: the Link header can't be read, so/, /RFC 8288/],
    [
      'another host',
      page({}, '<https://o.test/a>; rel="next"'),
      /list: the link to the next page leads to https:\/\/o\.test$/,
      /refused for safety/,
    ],
    [
      'itself',
      page({}, '</v2/list>; rel="next"'),
      /list: the link to the next page leads back to one before$/,
    ],
    ['plain HTTP', page({}, '<http://o.test/a>; rel="next"'), /not encrypted/, /refused for safety/],
    ['no JSON', page('<'), /reg\.test\/v2\/list/],
    ['a list without names', page([]), /reg\.test\/v2\/list/],
    ['more than 16 MiB', page(' '.repeat(16 * 1024 * 1024 + 1)), /list: expected a page of at most 16 MiB$/],
  ];
  for (const [name, answer, message, hint] of refused) {
    it(`is refused with ${name}`, async () => {
      const { pages } = read([answer, page({})]);
      await assert.rejects(pages, {
        code: 'REGISTRY_PROTOCOL',
        message,
        ...(hint === undefined ? {} : { hint }),
      });
    });
  }

  it('may have pages of 16 MiB', async () => {
    const text = '{"a":1}';
    const { pages } = read([page(text + ' '.repeat(16 * 1024 * 1024 - text.length))]);
    assert.deepEqual(await pages, [{ a: 1 }]);
  });

  it('is refused when it leads back to its second page', async () => {
    const links = ['/v2/b', '/v2/c', '/v2/b'];
    const { pages, lines } = read((_, number) => page({}, `<${links[number - 1] ?? ''}>; rel="next"`));
    await assert.rejects(pages, /leads back to one before/);
    assert.equal(lines().length, 3);
  });

  it('has 2000 pages at most', async () => {
    const upTo = (count: number) => (_: unknown, number: number) =>
      page({}, number < count ? `</v2/p${number}>; rel="next"` : undefined);
    assert.equal((await read(upTo(2000)).pages)?.length, 2000);
    const message = /expected a list of at most 2000 pages and 128 MiB, got more$/;
    await assert.rejects(read(upTo(2001)).pages, { code: 'REGISTRY_PROTOCOL', message });
  });

  it('has 128 MiB at most', async () => {
    const full = Buffer.alloc(16 * 1024 * 1024, ' ');
    full.write('{}');
    const upTo = (count: number) => (_: unknown, number: number) => ({
      ...page({}, number < count ? `</v2/p${number}>; rel="next"` : undefined),
      ...(number <= 8 ? { body: full } : {}),
    });
    assert.equal((await read(upTo(8)).pages)?.length, 8);
    await assert.rejects(read(upTo(9)).pages, /2000 pages and 128 MiB/);
  });
});

describe('listTags', () => {
  const list = (script: Script | readonly ScriptedAnswer[]) => {
    const scripted = scriptSession(script, { access: 'pull' });
    return { ...scripted, tags: listTags(scripted.session) };
  };
  const first = 'GET https://reg.test/v2/team/app/tags/list?n=1000';
  const names = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `t${from + at}`);

  it('asks for JSON, a thousand at a time', async () => {
    const { tags, lines, requests } = list([page({ name: 'team/app', tags: ['a', 'b', 'a'] })]);
    assert.deepEqual(await tags, ['a', 'b']);
    assert.deepEqual(lines(), [first]);
    assert.deepEqual(requests[0]?.headers, { accept: 'application/json' });
  });

  for (const [name, document] of [
    ['null', { name: 'team/app', tags: null }],
    ['null alone', { tags: null }],
    ['a name alone', { name: 'team/app' }],
    ['an empty list', { tags: [] }],
  ] as const) {
    it(`has none for ${name}`, async () => {
      const { tags, lines } = list([page(document)]);
      assert.deepEqual(await tags, []);
      assert.deepEqual(lines(), [first]);
    });
  }

  it('has none where there is no repository', async () => {
    assert.deepEqual(await list([{ status: 404 }]).tags, []);
  });

  for (const document of [{}, { name: 1 }, { name: 'a', tags: 'a' }, { tags: [1] }, { errors: [] }]) {
    it(`refuses ${JSON.stringify(document)}`, async () => {
      await assert.rejects(list([page(document)]).tags, {
        code: 'REGISTRY_PROTOCOL',
        message: 'expected a list of tags from reg.test, got none',
      });
    });
  }

  for (const [count, goesOn] of [
    [49, false],
    [50, true],
    [51, false],
    [100, true],
    [tagsPerPage - 1, false],
    [tagsPerPage, true],
    [tagsPerPage + 1, true],
  ] as const) {
    it(`${goesOn ? 'goes on' : 'ends'} after a page of ${count}`, async () => {
      const { tags, lines } = list([page({ tags: names(count) }), page({ tags: ['z'] })]);
      assert.deepEqual(await tags, goesOn ? [...names(count), 'z'] : names(count));
      assert.deepEqual(lines(), goesOn ? [first, `${first}&last=t${count - 1}`] : [first]);
    });
  }

  it('ends when the same page comes again', async () => {
    const { tags, lines } = list(() => page({ tags: names(50) }));
    assert.deepEqual(await tags, names(50));
    assert.equal(lines().length, 2);
  });

  it('believes a link more than the number', async () => {
    const { tags, lines } = list([
      page({ tags: names(50) }, '</v2/team/app/tags/list?next=1>; rel="next"'),
      page({ tags: ['z'] }),
    ]);
    assert.equal((await tags).length, 51);
    assert.equal(lines()[1], 'GET https://reg.test/v2/team/app/tags/list?next=1');
  });

  it('fails as its request does', async () => {
    await assert.rejects(list([{ status: 400 }]).tags, { status: 400 });
  });
});

describe('listReferrers', () => {
  const digest: Digest = `sha256:${'a'.repeat(64)}`;
  const one = { mediaType: mediaTypes.manifest, digest, size: 3 };
  const list = (script: readonly ScriptedAnswer[]) => {
    const scripted = scriptSession(script, { access: 'pull' });
    return { ...scripted, found: listReferrers(scripted.session, digest) };
  };

  it('is those of all pages', async () => {
    const { found, lines, requests } = list([
      page({ manifests: [one] }, '</v2/team/app/x>; rel="next"'),
      page({ manifests: [{ ...one, size: 4 }] }),
    ]);
    assert.deepEqual(await found, [one, { ...one, size: 4 }]);
    assert.equal(lines()[0], `GET https://reg.test/v2/team/app/referrers/${digest}`);
    assert.deepEqual(requests[0]?.headers, { accept: mediaTypes.index });
  });

  for (const status of [400, 404, 405, 501]) {
    it(`is unknown after ${status}`, async () => {
      assert.equal(await list([{ status }]).found, undefined);
    });
  }

  for (const status of [403, 410]) {
    it(`fails for ${status}`, async () => {
      await assert.rejects(list([{ status }]).found, { status });
    });
  }

  for (const [document, message] of [
    [{}, `the referrers of ${digest}: manifests is not a list`],
    [{ manifests: {} }, `the referrers of ${digest}: manifests is not a list`],
    [{ manifests: [one, 5] }, new RegExp(`^the referrers of ${digest}: manifests\\[1\\]`)],
  ] as const) {
    it(`refuses ${JSON.stringify(document).slice(0, 30)}`, async () => {
      await assert.rejects(list([page(document)]).found, { code: 'LAYOUT_INVALID', message });
    });
  }
});
