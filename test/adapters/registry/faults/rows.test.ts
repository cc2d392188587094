// Every fault by its number: a test says "row N:" in its name, or docs/registry.md says why there is none.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '../../../..');
const rows = Array.from({ length: 86 }, (_, at) => at + 1);

describe('the 86 faults', () => {
  it('each have a test, or a reason why not', () => {
    const files = globSync(
      ['test/adapters/registry/faults/*.test.ts', 'test/integration/registry/*.test.ts'],
      {
        cwd: root,
      },
    );
    const sources = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    const tested = new Set([...sources.matchAll(/\brow (\d+):/g)].map((match) => Number(match[1])));
    const docs = readFileSync(join(root, 'docs/registry.md'), 'utf8');
    const excused = new Set(
      [...docs.matchAll(/^\| (\d+) .*not covered: /gm)].map((match) => Number(match[1])),
    );
    assert.deepEqual(
      rows.filter((row) => !tested.has(row) && !excused.has(row)),
      [],
    );
    assert.deepEqual(
      [...excused].filter((row) => tested.has(row)),
      [],
    );
  });
});
