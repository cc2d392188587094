// Tags that have a meaning of their own.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meaningForImages, meaningOfTag } from '../../src/action/reserved-tags.ts';

const [version, request, referrer] = ['a version', "a pull request's", 'of signatures or other referrers'];

describe('the meaning of a tag', () => {
  const rows: readonly [tag: string, meaning: string | undefined, forImages: string | undefined][] = [
    ['latest', 'what everybody gets who names no tag', undefined],
    ['latest-news', undefined, undefined],
    ['7', version, undefined],
    ['v8', version, undefined],
    ['12', version, undefined],
    ['v12.30', version, undefined],
    ['1.2', version, undefined],
    ['v1.2.3', version, undefined],
    ['1.2.3.4', version, undefined],
    ['1.2-rc.1', version, undefined],
    ['v1.2+build', version, undefined],
    ['1.2_1', version, undefined],
    ['7-fix', undefined, undefined],
    ['v8-engine', undefined, undefined],
    ['xv1.2', undefined, undefined],
    ['1.2x', undefined, undefined],
    ['12x', undefined, undefined],
    ['1.', undefined, undefined],
    ['v', undefined, undefined],
    ['pr-5', request, request],
    ['pr-52', request, request],
    ['pr-5-fix', undefined, undefined],
    ['xpr-5', undefined, undefined],
    ['pr-', undefined, undefined],
    ['sha256-abc', referrer, referrer],
    ['sha512-abc', referrer, referrer],
    ['xsha256-abc', undefined, undefined],
    ['sha1-abc', undefined, undefined],
    ['sha256', undefined, undefined],
    ['main', undefined, undefined],
  ];
  for (const [tag, meaning, forImages] of rows) {
    it(`of ${tag} is ${meaning ?? 'none'}`, () => {
      assert.equal(meaningOfTag(tag), meaning);
      assert.equal(meaningForImages(tag), forImages);
    });
  }
});
