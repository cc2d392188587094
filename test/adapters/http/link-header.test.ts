import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLinks } from '../../../src/adapters/http/link-header.ts';
import { linkForms } from '../../support/link-forms.ts';

/** The target of the first link with the relation `next`. */
function nextOf(headers: string | readonly string[]): string | undefined {
  return parseLinks(headers).links.find(({ relations }) => relations.includes('next'))?.target;
}

describe('parseLinks', () => {
  for (const [name, form] of linkForms) {
    const headers = form('/b');
    it(`finds the next page: ${name}`, () => {
      assert.equal(nextOf(headers), '/b');
      assert.equal(parseLinks(headers).isCut, false);
    });
  }

  const others: readonly (readonly [name: string, header: string | undefined])[] = [
    ['no header', undefined],
    ['an empty header', ''],
    ['another relation', '</b>; rel="prev"'],
    ['a relation that only begins so', '</b>; rel="nextish"'],
    ['a rel that comes second', '</b>; rel="prev"; rel="next"'],
    ['a title that says so', '</b>; title="rel=next"; rel="prev"'],
  ];
  for (const [name, header] of others) {
    it(`finds no next page: ${name}`, () => {
      assert.equal(nextOf(header ?? []), undefined);
      assert.equal(parseLinks(header).isCut, false);
    });
  }

  const broken: readonly (readonly [name: string, header: string])[] = [
    ['no angle brackets', '/b; rel="next"'],
    ['an open angle bracket', '</b; rel="next"'],
    ['an open quote', '</b>; title="x; rel=next'],
    ['an equals sign without a value', '</b>; title=; rel="next"'],
    ['no relation', '</b>'],
    ['an empty relation', '</b>; rel=""'],
    ['words between links', '</a>; rel="prev" and </b>; rel="next"'],
  ];
  for (const [name, header] of broken) {
    it(`says that it can't read everything: ${name}`, () => {
      assert.equal(parseLinks(header).isCut, true);
    });
  }

  it('keeps the links before what it cannot read', () => {
    assert.deepEqual(parseLinks('</b>; rel="next", oops'), {
      links: [{ target: '/b', relations: ['next'], anchor: undefined }],
      isCut: true,
    });
  });

  it('gives the anchor', () => {
    assert.equal(parseLinks('</b>; rel="next"; anchor="#foo"').links[0]?.anchor, '#foo');
  });

  for (const piece of ['<', '</b>', '</b>; rel=next, ', ',', ';', '</b>; a="', '\\"', '</b>;;', '= ', '"']) {
    it(`takes linear time: a megabyte of ${piece}`, () => {
      const started = process.cpuUsage();
      parseLinks(`</b>; title="${piece.repeat((1024 * 1024) / piece.length)}`);
      parseLinks(piece.repeat((1024 * 1024) / piece.length));
      assert.ok(process.cpuUsage(started).user < 2_000_000);
    });
  }
});
