import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScopedMap } from '../../../src/core/containerfile/scoped-map.ts';

describe('a map that goes on from another', () => {
  it('is what a copy would be, whatever is done to them', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const change = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key, value: fc.nat(9) }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('go on' as const), from: fc.nat(200) }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 150 }), (changes) => {
        const maps = [new ScopedMap<number>()];
        const copies = [new Map<string, number>()];
        for (const each of changes) {
          // Only the last one may still change.
          const [map, copy] = [maps.at(-1), copies.at(-1)];
          if (each.do === 'set') {
            map?.set(each.key, each.value);
            copy?.set(each.key, each.value);
          }
          if (each.do === 'delete') {
            map?.delete(each.key);
            copy?.delete(each.key);
          }
          if (each.do === 'go on') {
            const number = each.from % maps.length;
            maps.push(new ScopedMap(maps[number]));
            copies.push(new Map(copies[number]));
          }
        }
        for (const [at, map] of maps.entries()) {
          assert.deepEqual(map.keys().sort(), [...(copies[at]?.keys() ?? [])].sort());
          for (const name of ['a', 'b', 'c', 'd']) {
            assert.equal(map.get(name), copies[at]?.get(name));
            assert.equal(map.has(name), copies[at]?.has(name) === true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  for (const [name, parentOf] of [
    ['one another', (at: number) => at - 1],
    ['the same', () => 0],
    ['the end of a line', (at: number) => Math.min(at - 1, 40)],
  ] as const) {
    it(`holds what was set once, when many go on from ${name}`, () => {
      const first = new ScopedMap<number>();
      for (let at = 0; at < 1000; at++) first.set(`a${at}`, at);
      const maps = [first];
      for (let at = 1; at < 500; at++) {
        const next = new ScopedMap(maps[parentOf(at)]);
        next.set('own', at);
        maps.push(next);
      }
      assert.equal(maps.at(-1)?.get('a999'), 999);
      assert.equal(maps.at(-1)?.get('own'), 499);
      assert.equal(
        maps.reduce((sum, map) => sum + map.ownSize, 0),
        1000 + 499,
      );
    });
  }
});
