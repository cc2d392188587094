// Many inputs at once, and everything that is wrong with them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attemptAll, withoutUndefined } from '../../src/action/input-problems.ts';
import { BimaError } from '../../src/core/errors.ts';
import { caught } from '../support/caught.ts';

const fail = (message: string) => (): number => {
  throw new BimaError('INPUT_INVALID', message);
};

describe('attempts', () => {
  it('give their values when nothing is wrong', () => {
    assert.deepEqual(
      attemptAll((attempt) => [attempt(() => 1, 0), attempt(() => 2, 0)]),
      [1, 2],
    );
  });

  it('go on after what is wrong, with something else in its place, and say all of it', async () => {
    const values: number[] = [];
    const problems = await caught(() => {
      attemptAll((attempt) => {
        values.push(
          attempt(fail('one'), 7),
          attempt(() => 2, 0),
          attempt(fail('three'), 9),
        );
      });
    });
    assert.deepEqual(values, [7, 2, 9]);
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['one', 'three'],
    );
  });

  it('end with a mistake of our own', () => {
    const mistake = new TypeError('oh');
    const run = () =>
      attemptAll((attempt) =>
        attempt(() => {
          throw mistake;
        }, 5),
      );
    assert.throws(run, (error) => error === mistake);
  });
});

describe('an object without what is undefined', () => {
  it('keeps everything else', () => {
    const given = { a: undefined, b: null, c: 0, d: '', e: false };
    assert.deepEqual(withoutUndefined(given), { b: null, c: 0, d: '', e: false });
    assert.deepEqual(Object.keys(withoutUndefined(given)), ['b', 'c', 'd', 'e']);
  });
});
