import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { absoluteDestination } from '../../../src/core/files/destination.ts';
import { matchDocuments } from '../../../src/core/files/documents.ts';
import { comparePaths, contentSizeOf } from '../../../src/core/files/entry.ts';
import {
  advance,
  parsePlainPath,
  parseSourcePath,
  splitAtPivot,
} from '../../../src/core/files/source-path.ts';
import type { PatternPart } from '../../../src/core/files/source-path.ts';
import { readAll } from '../../../src/core/oci/blob.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { fileEntry } from '../../support/root-tree.ts';

describe('the source of a COPY', () => {
  const rows: readonly (readonly [
    text: string,
    parts: readonly string[] | string,
    pattern?: readonly string[],
  ])[] = [
    ['a', ['a']],
    ['', []],
    ['.', []],
    ['/', []],
    ['/a//b/./c/', ['a', 'b', 'c']],
    ['a/../b', ['b']],
    ['a/b/../../c', ['c']],
    ['..', 'leaves the context'],
    ['a/../..', 'leaves the context'],
    ['/..', 'leaves the context'],
    ['a\0', 'null byte'],
    ['a/*', ['a'], ['name']],
    ['a/*/b', ['a'], ['name', 'name']],
    ['a/**/b?', ['a'], ['**', 'name']],
    ['[ab]/c', [], ['name', 'name']],
    ['[a', 'malformed pattern'],
    ['a/b/[', 'malformed pattern'],
    [String.raw`a\*/b\[`, ['a*', 'b[']],
  ];
  for (const [text, parts, pattern = []] of rows) {
    it(`is read: ${JSON.stringify(text)}`, () => {
      const found = parseSourcePath(text);
      if (typeof found === 'string') assert.equal(found, parts);
      else {
        assert.deepEqual(found.parts, parts);
        assert.deepEqual(
          found.pattern.map((part) => (part === '**' ? part : 'name')),
          pattern,
        );
      }
    });
  }

  it('is plain where no character is a wildcard', () => {
    for (const text of ['a*b', '[', 'a?', String.raw`a\b`])
      assert.deepEqual(parsePlainPath(text), { parts: [text], pattern: [] });
    assert.equal(parsePlainPath('../a'), 'leaves the context');
  });

  it('is kept behind its pivot', () => {
    assert.deepEqual(splitAtPivot('a/b'), { start: '', below: 'a/b' });
    assert.deepEqual(splitAtPivot('a/./b'), { start: 'a', below: 'b' });
    assert.deepEqual(splitAtPivot('a/./b/./c'), { start: 'a', below: 'b/./c' });
    assert.deepEqual(splitAtPivot('/./a'), { start: '', below: 'a' });
    assert.deepEqual(splitAtPivot('./a'), { start: '', below: './a' });
  });

  it('matches name by name, with ** for any number of folders', () => {
    const patternOf = (text: string): readonly PatternPart[] => {
      const found = parseSourcePath(text);
      assert.ok(typeof found !== 'string');
      return found.pattern;
    };
    const matches = (text: string, path: string): boolean => {
      const pattern = patternOf(text);
      let states: ReadonlySet<number> = new Set([0]);
      for (const name of path.split('/')) states = advance(pattern, states, name);
      return states.has(pattern.length);
    };
    for (const [text, path, is] of [
      ['*', 'a', true],
      ['*', 'a/b', false],
      ['*/b', 'a/b', true],
      ['*/b', 'a/c', false],
      ['**/b', 'b', true],
      ['**/b', 'a/b', true],
      ['**/b', 'a/x/b', true],
      ['**/b', 'a/x/c', false],
      ['**/**/b', 'b', true],
      ['**/b/*', 'x/b/c', true],
      ['**/b/*', 'b/b/c', true],
      ['**/b/*', 'b', false],
      ['*/**', 'a/b', true],
      ['*/**', 'a', false],
      // As in Docker: what lies in a folder that matches comes with it.
      ['**', 'a', true],
      ['**', 'a/b', false],
    ] as const)
      assert.equal(matches(text, path), is, `${text} and ${path}`);
    assert.deepEqual([...advance(patternOf('**/b'), new Set([0]), 'b')].sort(), [0, 2]);
    assert.deepEqual([...advance(patternOf('*/b'), new Set([2]), 'b')], []);
  });
});

describe('the destination of a COPY', () => {
  for (const [workingDir, destination, expected] of [
    ['/', 'a', '/a'],
    ['/w', 'a', '/w/a'],
    ['/w', '/a', '/a'],
    ['w', 'a', '/w/a'],
    ['/w', 'a/', '/w/a/'],
    ['/w', '.', '/w/'],
    ['/w', './', '/w/'],
    ['/w', 'a/.', '/w/a/'],
    ['/w', 'a.', '/w/a.'],
    ['/w', '..', '/'],
    ['/w/x', '..', '/w'],
    ['/w', '../', '/'],
    ['/', '.', '/'],
    ['/', '/', '/'],
    ['/', '//', '/'],
    ['/w', '', '/w/'],
    ['/w', 'a/../b', '/w/b'],
  ] as const)
    it(`is ${expected} for "${destination}" in ${workingDir}`, () => {
      assert.equal(absoluteDestination(workingDir, destination), expected);
    });
});

describe('the heredocs of a COPY', () => {
  it('are files of their bytes', async () => {
    const position = { file: 'Containerfile', line: 1, column: 6 };
    const [match, ...others] = matchDocuments({
      type: 'copy',
      sources: [],
      destination: '/',
      position,
      documents: [{ name: 'EOF', text: 'é\n', position }],
    });
    assert.deepEqual(others, []);
    assert.deepEqual(match?.source, { path: '<<EOF', position });
    const { found } = match;
    assert.ok(found.type === 'file');
    const { identify, open, ...facts } = found;
    assert.deepEqual(facts, { type: 'file', name: 'EOF', size: 3, executable: false });
    assert.equal(identify?.(), digestOf(Buffer.from('é\n')));
    assert.equal(String(await readAll(open())), 'é\n');
  });

  it('are none where there are none', () => {
    const position = { file: 'Containerfile', line: 1, column: 6 };
    assert.deepEqual(matchDocuments({ type: 'copy', sources: [], destination: '/', position }), []);
  });
});

describe('the order of entries', () => {
  it('is that of their bytes in UTF-8', () => {
    const paths = [
      'a',
      'a/b',
      'a-b',
      'b',
      'ab',
      '\uffff',
      '\u{1f600}',
      '\ue000',
      '\ud7ff',
      'é',
      '',
      'a/\u{1f600}',
      'a/\uffff',
    ];
    const bytewise = [...paths].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    assert.deepEqual([...paths].sort(comparePaths), bytewise);
    assert.deepEqual([...paths].reverse().sort(comparePaths), bytewise);
    assert.equal(comparePaths('a', 'a'), 0);
    assert.ok(comparePaths('a', 'ab') < 0 && comparePaths('ab', 'a') > 0);
  });

  it('counts for nothing in the size of the content', () => {
    const folder = { type: 'directory', path: 'd', mode: 0o755, uid: 0, gid: 0 } as const;
    assert.equal(contentSizeOf([folder, fileEntry('a', 'xyz'), fileEntry('b', 'four')]), 7);
    assert.equal(contentSizeOf([]), 0);
  });
});
