// What goes from a full cache, and what stays.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { evict } from '../../../src/adapters/disk/evict.ts';
import { nameOwner } from '../../../src/adapters/filesystem/process-owner.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { temporaryFolder } from '../../support/folder.ts';

const day = 24 * 60 * 60 * 1000;
const now = 1_700_000_000_000;

/** Files of ten bytes, by name, each so many milliseconds old. */
function folderOf(test: TestContext, ages: Readonly<Record<string, number>>): string {
  const folder = temporaryFolder(test);
  for (const [name, age] of Object.entries(ages)) {
    writeFileSync(join(folder, name), '0123456789');
    utimesSync(join(folder, name), (now - age) / 1000, (now - age) / 1000);
  }
  return folder;
}

const used = (...names: readonly string[]) =>
  new Map(names.map((name): [Digest, unknown] => [`sha256:${name}`, undefined]));

describe('evict', () => {
  const ages = { b: 5000, d: 4000, a: 3000, e: 2000, c: 1000 };
  const rows: [limit: number, inUse: string[], left: string][] = [
    [50, [], 'abcde'],
    [49, [], 'acde'],
    [40, [], 'acde'],
    [39, [], 'ace'],
    [10, [], 'c'],
    [0, [], ''],
    [20, ['b', 'd'], 'bd'],
    [30, ['b', 'd'], 'bcd'],
    [0, ['b', 'd'], 'bd'],
  ];
  for (const [limit, inUse, left] of rows)
    it(`leaves "${left}" for ${limit} bytes, with "${inUse.join('')}" in use`, async (test) => {
      const folder = folderOf(test, ages);
      await evict(folder, limit, used(...inUse), now);
      assert.deepEqual(readdirSync(folder).sort(), left.split(''));
    });

  it('removes temporary files that are over a day old and of no owner that is known, and counts none', async (test) => {
    const own = `.bima-${await nameOwner()}`;
    const folder = folderOf(test, { '.old': day + 1, '.day': day, '.new': 0, [own]: 9 * day, a: 1000 });
    await evict(folder, 10, used(), now);
    assert.deepEqual(readdirSync(folder).sort(), ['.day', '.new', own, 'a'].sort());
  });

  it('leaves what can not be removed, and what is not there', async (test) => {
    const folder = folderOf(test, { b: 1000 });
    mkdirSync(join(folder, 'a/inside'), { recursive: true });
    mkdirSync(join(folder, '.old/inside'), { recursive: true });
    symlinkSync('nowhere', join(folder, 'lost'));
    for (const name of ['a', '.old']) utimesSync(join(folder, name), 1, 1);
    await evict(folder, 0, used(), now);
    assert.deepEqual(readdirSync(folder).sort(), ['.old', 'a', 'lost']);
    await evict(join(folder, 'none'), 0, used(), now);
  });
});
