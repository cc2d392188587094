import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { openContext } from '../../../src/adapters/context/context.ts';
import type { Entry } from '../../../src/core/files/entry.ts';
import { findSources, NothingMatches } from '../../../src/core/files/find-sources.ts';
import type { SourceFlags } from '../../../src/core/files/find-sources.ts';
import { rootfsTree } from '../../../src/core/files/rootfs-tree.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { outlineMatches, position } from './outline.ts';

const files = ['a.txt', 'b.md', 'd/a.txt', 'd/e/a.txt', 'd/e/f', 'd2/e/f', 'k'];
const folders = ['d', 'd/e', 'd2', 'd2/e', 'empty', 'links'];
const innerLinks = { 'links/d': '../d' };
const links = { ...innerLinks, 'links/root': '/d', 'links/out': '../../out' };

type Find = (path: string, flags: SourceFlags) => Promise<string[]>;

/** The same files as a context and as a rootfs. */
const trees: [name: string, open: (test: TestContext, links: Record<string, string>) => Promise<Find>][] = [
  [
    'a context',
    async (test, targets) => {
      const folder = realpathSync(temporaryFolder(test, Object.fromEntries(files.map((file) => [file, '']))));
      for (const name of folders) mkdirSync(join(folder, name), { recursive: true });
      for (const [link, target] of Object.entries(targets)) symlinkSync(target, join(folder, link));
      const context = await openContext(folder);
      return async (path, flags) => outlineMatches(await context.match({ path, position }, flags));
    },
  ],
  [
    'a rootfs',
    (_, targets) => {
      const owner = { uid: 0, gid: 0 };
      const open = () => streamOf();
      const entries: Entry[] = [
        ...folders.map((path): Entry => ({ type: 'directory', path, mode: 0o755, ...owner })),
        ...files.map((path): Entry => ({ type: 'file', path, mode: 0o644, ...owner, size: 0, open })),
        ...Object.entries(targets).map(([path, target]): Entry => ({
          type: 'symlink',
          path,
          mode: 0o777,
          ...owner,
          target,
        })),
      ];
      const tree = rootfsTree({ entries: new Map(entries.map((entry) => [entry.path, entry])) }, 'base');
      return Promise.resolve((path, flags) =>
        Promise.resolve().then(() => outlineMatches(findSources(tree, { path, position }, flags))),
      );
    },
  ],
];

const parents = { parents: true } as const;
const including = { isInclude: true } as const;
const excluding = (...exclude: string[]): SourceFlags => ({ exclude });

// What is expected is what BuildKit's copier (github.com/tonistiigi/fsutil) makes, by its tests and its code.
const found: [name: string, path: string, flags: SourceFlags, expected: string[]][] = [
  ['a file with its folders', 'd/e/f', parents, ['/', '/d/', '/d/e/', '/d/e/f 0']],
  ['a file with the folders behind the pivot', 'd/./e/f', parents, ['d/', 'd/e/', 'd/e/f 0']],
  ['a file at the top', './k', parents, ['/', '/k 0']],
  ['the folders from the first pivot on', 'd/./e/./f', parents, ['d/', 'd/e/', 'd/e/f 0']],
  ['a folder with its folders', '/d/e/.', parents, ['/', '/d/', '/d/e/', '/d/e/a.txt 0', '/d/e/f 0']],
  [
    'a pattern with its folders',
    'd*/e/f',
    parents,
    ['/', '/d/', '/d/e/', '/d/e/f 0', '/d2/', '/d2/e/', '/d2/e/f 0'],
  ],
  ['a pattern at any depth', 'd/**/a.txt', parents, ['/', '/d/', '/d/a.txt 0', '/d/e/', '/d/e/a.txt 0']],
  ['a pattern before the pivot', 'd*/./e/f', parents, ['d/', 'd/e/', 'd/e/f 0', 'd2/', 'd2/e/', 'd2/e/f 0']],
  ['an empty folder with its folders', 'empty', parents, ['/', '/empty/']],
  ['a link behind the pivot, kept', 'links/d', parents, ['/', '/links/', '/links/d -> ../d']],
  ['a link before the pivot, followed', 'links/d/./e/f', parents, ['d/', 'd/e/', 'd/e/f 0']],
  [
    'all links of a folder, kept wherever they lead',
    'links',
    {},
    ['links/', 'links/d -> ../d', 'links/out -> ../../out', 'links/root -> /d'],
  ],
  ['a link that an include names', 'links/d', including, ['d -> ../d']],
  ['a link that an include names, wherever it leads', '/links/out', including, ['out -> ../../out']],
  ['what is behind a link of an include', 'links/d/e/f', including, ['f 0']],
  ['a folder of an include, with or without a slash', './d2/', including, ['d2/', 'd2/e/', 'd2/e/f 0']],
  ['a folder less what is right in it', 'd', excluding('*.txt'), ['d/', 'd/e/', 'd/e/a.txt 0', 'd/e/f 0']],
  ['a folder less what is anywhere', 'd', excluding('**/*.txt'), ['d/', 'd/e/', 'd/e/f 0']],
  ['a folder less two patterns', 'd', excluding('e/f', 'a.txt'), ['d/', 'd/e/', 'd/e/a.txt 0']],
  ['a folder less a folder', 'd', excluding('e'), ['d/', 'd/a.txt 0']],
  ['a folder less one, but for a file', 'd', excluding('e', '!e/f'), ['d/', 'd/a.txt 0', 'd/e/', 'd/e/f 0']],
  ['a folder less everything', 'd', excluding('*'), ['d/']],
  ['what a pattern matches, less files by name', '[abk]*', excluding('*.txt', '*.md'), ['k 0']],
  [
    'folders of a pattern, each less the same',
    'd*',
    excluding('e/f', '*.txt'),
    ['d/', 'd/e/', 'd/e/a.txt 0', 'd2/', 'd2/e/'],
  ],
  [
    'what is behind a pivot, less paths from there',
    'd/./**/a.txt',
    { ...parents, exclude: ['e'] },
    ['d/', 'd/a.txt 0'],
  ],
];

describe('findSources', () => {
  for (const [tree, open] of trees) {
    for (const [name, path, flags, expected] of found) {
      it(`finds in ${tree} ${name}`, async (test) => {
        const find = await open(test, links);
        assert.deepEqual(await find(path, flags), expected);
      });
    }

    const nothing: [path: string, flags: SourceFlags, message: RegExp][] = [
      ['*.none', {}, /nothing in .* matches "\*\.none"$/],
      ['none/*', {}, /"none\/\*" is not in/],
      ['k', excluding('k'), /matches "k" but what --exclude leaves out/],
      ['d/*/none', parents, /nothing in .* matches "d\/\*\/none"/],
      ['d/e/f', { ...parents, exclude: ['d'] }, /but what --exclude leaves out/],
    ];
    for (const [path, flags, message] of nothing) {
      it(`finds nothing in ${tree} for ${path} ${JSON.stringify(flags)}`, async (test) => {
        const expected = { code: 'CONTEXT_PATH', message, position };
        const find = await open(test, links);
        await assert.rejects(find(path, flags), (error) => {
          assert.ok(error instanceof NothingMatches);
          assert.throws(() => {
            throw error;
          }, expected);
          return true;
        });
      });
    }

    const refused: [path: string, flags: SourceFlags, message: RegExp][] = [
      ['*.txt', including, /"\*\.txt" is not in/],
      ['../x', including, /"\.\.\/x" leads out of/],
      ['links/none', including, /"links\/none" is not in/],
      ['d/e/g', parents, /"d\/e\/g" is not in/],
      ['links/d/e', parents, /nothing in .* matches "links\/d\/e"/],
      ['k/./x', parents, /"k\/\.\/x" is not in/],
      ['d/./../../x', parents, /leads out of/],
      ['d/./[', parents, /not a valid pattern/],
    ];
    for (const [path, flags, message] of refused) {
      it(`refuses in ${tree} ${path} with --parents`, async (test) => {
        const find = await open(test, links);
        await assert.rejects(find(path, flags), (error) => {
          assert.ok(!(error instanceof NothingMatches));
          assert.throws(
            () => {
              throw error;
            },
            { code: 'CONTEXT_PATH', message, position },
          );
          return true;
        });
      });
    }
  }

  it('finds the same in a context and in a rootfs', async (test) => {
    const part = fc.constantFrom(
      'a.txt',
      'd',
      'e',
      'f',
      'd2',
      'links',
      '.',
      '*',
      '**',
      '?',
      'd*',
      '[de]',
      '*.txt',
    );
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const flags = fc.record(
      {
        parents: fc.constant(true as const),
        exclude: fc.array(
          path.map((text) => text),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    );
    const [one, other] = await Promise.all(trees.map(([, open]) => open(test, innerLinks)));
    const outcome = (find: Find | undefined, text: string, given: SourceFlags) =>
      find?.(text, given).catch((error: unknown) => error instanceof NothingMatches);
    await fc.assert(
      fc.asyncProperty(path, flags, async (text, given) => {
        assert.deepEqual(await outcome(one, text, given), await outcome(other, text, given));
      }),
      { numRuns: 1000 },
    );
  });
});
