import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editDistance } from '../src/edit-distance.ts';

describe('editDistance', () => {
  const rows: [a: string, b: string, distance: number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['kernel', 'kernel', 0],
    ['kernel', 'kernle', 2],
    ['kernel', 'kerne', 1],
    ['kernel', 'kennel', 1],
    ['kitten', 'sitting', 3],
  ];
  for (const [a, b, distance] of rows) {
    it(`is ${distance} from "${a}" to "${b}", and back`, () => {
      assert.equal(editDistance(a, b), distance);
      assert.equal(editDistance(b, a), distance);
    });
  }
});
