import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pushScope, withChallenged } from '../../../src/adapters/registry/scope.ts';

describe('withChallenged', () => {
  const own = [pushScope('team/app'), 'repository:base:pull'];
  const rows: readonly (readonly [string, string | undefined, readonly string[]])[] = [
    ['nothing besides', undefined, own],
    ['less of the same', 'repository:team/app:pull', own],
    ['something else, once', 'registry:catalog:* registry:catalog:*', [...own, 'registry:catalog:*']],
    ['something else among the same', 'repository:base:pull aws', [...own, 'aws']],
    [
      'another repository with a port in its name',
      'repository:host:5000/app:pull',
      [...own, 'repository:host:5000/app:pull'],
    ],
  ];
  for (const [name, challenged, expected] of rows) {
    it(name, () => {
      assert.deepEqual(withChallenged(own, challenged), expected);
    });
  }
});
