import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isBunnyfile } from '../../../src/core/bunnyfile/bunnyfile-mark.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const isBunny = (text: string) => isBunnyfile(new TextEncoder().encode(text));

describe('isBunnyfile', () => {
  for (const name of readdirSync(join(fixtures, 'bunnyfiles')))
    it(`is true for ${name}`, () => {
      assert.ok(isBunnyfile(readFileSync(join(fixtures, 'bunnyfiles', name))));
    });
  for (const name of readdirSync(join(fixtures, 'containerfiles')))
    it(`tells what ${name} is, whatever its name`, () => {
      const isIt = name === 'bunnyfile.Containerfile';
      assert.equal(isBunnyfile(readFileSync(join(fixtures, 'containerfiles', name))), isIt);
    });

  for (const text of [
    'version: v0.1\r\nplatforms:\r\n',
    '\ufeff# a comment\n\n---\nplatforms:\n',
    '%YAML 1.2\n---\nversion: 1\n',
    'kernel:\n  from: local\nversion: v0.1\n',
    '"version": v0.1\n',
    '{"kernel": {}, "version": "v0.1"}',
    '{version: v0.1}',
  ])
    it(`is true for ${JSON.stringify(text)}`, () => {
      assert.ok(isBunny(text));
    });

  for (const text of [
    '',
    '# nothing\n',
    'FROM scratch\n',
    'FROM scratch\nCOPY <<EOF /compose.yaml\nversion: "3"\nplatforms:\nEOF\n',
    '# syntax=harbor.nbfc.io/nubificus/bunny:latest\nFROM scratch\n',
    'services:\n  version: 3\n',
    'LABEL version: 1\nversion: 1\n',
    'version\n',
    '{"services": {"versions": 1}}',
  ])
    it(`is false for ${JSON.stringify(text)}`, () => {
      assert.ok(!isBunny(text));
    });

  it('takes no longer than a moment for any file', () => {
    const before = performance.now();
    for (const part of ['#\n', ' ', '\n', '---\n', '%\n', 'a:\n', '{ ']) isBunny(part.repeat(500_000));
    assert.ok(performance.now() - before < 5000);
  });
});
