// The changes of the sources that count for nothing in `npm run mutation` are those of sources that are still so.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { equivalents, onOneLine } from './support/changed-text.ts';

it('names places that exist, and says why the change is none', () => {
  for (const { file, line, of, why } of equivalents) {
    const place = `${file}: ${line}`;
    assert.ok(existsSync(file), `${place}: no such file`);
    const text = readFileSync(file, 'utf8');
    assert.ok(
      text.split('\n').some((each) => each.trim() === line),
      `${place}: no such line`,
    );
    assert.ok(onOneLine(text).includes(of), `${place}: "${of}" is not in it`);
    assert.match(why, /\w+ \w+ \w+/, `${place}: it doesn't say why`);
  }
});

it('names none twice', () => {
  const keys = equivalents.map(({ file, line, of, becomes }) => JSON.stringify([file, line, of, becomes]));
  assert.deepEqual(
    keys.filter((key, i) => keys.indexOf(key) !== i),
    [],
  );
});
