// The table of docs/registry.md: each fault has its tests in the files that the row names, which begin with its name.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '../../../..');
const folders = ['test/adapters/registry/faults', 'test/integration/registry'];

const table = /\n\| fault +\| file +\|\n\|[ -]+\|[ -]+\|\n((?:\|.*\n)+)/.exec(
  readFileSync(join(root, 'docs/registry.md'), 'utf8'),
)?.[1];
const rows = [...(table ?? '').matchAll(/^\| (.*?) +\| (.*?) +\|$/gm)].map(([, fault = '', files = '']) => ({
  fault,
  files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
}));

describe('the faults of docs/registry.md', () => {
  it('are 86, each of its own name', () => {
    assert.equal(rows.length, 86);
    assert.equal(new Set(rows.map(({ fault }) => fault)).size, 86);
  });

  for (const { fault, files } of rows) {
    it(`have a test: ${fault}`, () => {
      assert.notEqual(files.length, 0);
      for (const file of files) {
        const path = folders.map((folder) => join(root, folder, file)).find((place) => existsSync(place));
        const source = readFileSync(path ?? assert.fail(`there is no ${file}`), 'utf8');
        const begins = ["'", '"', '`'].some((quote) => source.includes(`${quote}${fault}: `));
        assert.ok(begins, `no test of ${file} begins with "${fault}: "`);
      }
    });
  }
});
