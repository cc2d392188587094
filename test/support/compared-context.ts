// A context for the builds that are compared with those of other builders: fixed files, and random ones below `r`.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';

/** A file with or without the right to be executed, a link, or a folder. */
export type RandomTree = 'file' | 'program' | { readonly link: string } | RandomFolder;
export interface RandomFolder {
  readonly [name: string]: RandomTree;
}

const treeName = fc.constantFrom('a', 'b', 'c.txt', 'd', 'x.log', '.hid', 's p');
const link = fc
  .constantFrom('a', '../b', 'd/a', '/r/a', '../../../out', 'none', '.', 'd', '..', '/etc', 'b')
  .map((target) => ({ link: target }));
const leaf: fc.Arbitrary<RandomTree> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<RandomTree>('file', 'program') },
  { weight: 1, arbitrary: link },
);
const inner: fc.Arbitrary<RandomTree> = fc.oneof(
  { weight: 3, arbitrary: leaf },
  { weight: 2, arbitrary: fc.dictionary(treeName, leaf, { maxKeys: 4 }) },
);

export const randomFolder: fc.Arbitrary<RandomFolder> = fc.dictionary(
  treeName,
  fc.oneof(inner, fc.dictionary(treeName, inner, { maxKeys: 4 })),
  { maxKeys: 6 },
);

/** The text of an ignore file that leaves what every build needs. */
export const randomIgnoreFile: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      ...[
        'r/a',
        'r/*',
        '**/*.log',
        '*.txt',
        'r/d',
        '**/a',
        'r/d/..',
        '# r',
        '',
        '/r/b',
        '  r/c.txt',
        'links/',
      ],
      ...['d/e', '*/.hid*', 'r/[ab]', 'r/d/*/a', 'r/**', 'links\n!links'],
      // To BuildKit, an exception counts for what a folder holds only where a rule before leaves the folder out.
      ...['r/d\n!r/d', '**/a\n!**/a', 'r/*\n!r/[^a]'],
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((lines) => `${lines.join('\n')}\n`);

/** Of different sizes: buildah takes a file of the same size and time for the same file. */
const fixedFiles = {
  ...{ f: 'f', run: 'run', 's p': 'spaced', 'd/x': 'xx', 'd/.hidden': 'hidden!', 'd/e/z': 'zz zz' },
  'users/passwd': 'root:x:0:0::/:\napp:x:11:12::/:\n',
  'users/group': 'root:x:0:\nstaff:x:13:\n',
};

/** Makes the folder, which isn't there. Modes are those that a build gives, on any system. */
export function writeComparedContext(folder: string): void {
  writeFiles(folder, fixedFiles);
  mkdirSync(join(folder, 'links'));
  copyFileSync(join(import.meta.dirname, '../../examples/hello/hello-amd64'), join(folder, 'unikernel'));
  for (const path of ['run', 'unikernel', 'd/x']) chmodSync(join(folder, path), 0o755);
  symlinkSync('x', join(folder, 'd/link'));
  const links = { absolute: '/f', outside: '../../../etc/passwd', nowhere: 'none', folder: '/d' };
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(folder, 'links', path));
}

/** Adds `t.tar` and `t.tgz`. @param work a folder for what is in them */
export function addArchives(folder: string, work: string): void {
  writeFiles(work, {
    'e/file': 'of an archive',
    'e/tool': 'tool',
    'deep/er/est': 'deep',
    x: 'x of an archive',
  });
  symlinkSync('../x', join(work, 'e/link'));
  symlinkSync('/etc/passwd', join(work, 'out'));
  chmodSync(join(work, 'e/tool'), 0o4750);
  chmodSync(join(work, 'deep'), 0o1777);
  execFileSync('ln', ['e/file', 'hard'], { cwd: work });
  const pack = (flags: readonly string[], path: string, names: readonly string[]) =>
    execFileSync('tar', [...flags, '--sort=name', path, '-C', work, ...names]);
  pack(['-c', '--owner=:21', '--group=:22'], `-f${join(folder, 't.tar')}`, ['.']);
  pack(['-cz', '--owner=:23', '--format=pax'], `-f${join(folder, 't.tgz')}`, ['e', 'hard', 'deep/er']);
}

export function writeRandomFolder(folder: string, tree: RandomFolder): void {
  mkdirSync(folder);
  for (const [name, is] of Object.entries(tree)) {
    const path = join(folder, name);
    if (typeof is === 'string')
      writeFileSync(path, `${name} `.repeat(path.length), { mode: is === 'file' ? 0o644 : 0o755 });
    else if (typeof is.link === 'string') symlinkSync(is.link, path);
    else writeRandomFolder(path, is as RandomFolder);
  }
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
