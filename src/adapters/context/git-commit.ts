// The commit that is checked out where a folder is, read from Git's own files (git-scm.com/docs/gitrepository-layout):
// no program is run.

import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { limits } from '../../core/limits.ts';
import { readRegular } from '../filesystem/open-regular.ts';

/** Hexadecimal; undefined outside of a repository, before its first commit, and where its files can't be read. */
export async function findCommit(folder: string): Promise<string | undefined> {
  const git = await findGitFolder(resolve(folder));
  if (git === undefined) return undefined;
  const head = await readText(join(git, 'HEAD'));
  const [, ref] = /^ref: (refs\/[\w./@+-]+)$/.exec(head) ?? [];
  if (ref === undefined) return commitIn(head);
  if (ref.split('/').includes('..')) return undefined;
  // Of a worktree, branches are in the repository that it belongs to.
  const common = await readText(join(git, 'commondir'));
  const repository = common === '' ? git : resolve(git, common);
  const loose = commitIn(await readText(join(repository, ref)));
  if (loose !== undefined) return loose;
  const packed = await readText(join(repository, 'packed-refs'));
  const line = packed.split('\n').find((one) => one.endsWith(` ${ref}`));
  return line === undefined ? undefined : commitIn(line.slice(0, line.indexOf(' ')));
}

function commitIn(text: string): string | undefined {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : undefined;
}

async function findGitFolder(from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, '.git');
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() === true) return path;
    // A worktree or a submodule names the place.
    if (found?.isFile() === true) {
      const [, place] = /^gitdir: (.+)$/.exec(await readText(path)) ?? [];
      return place === undefined ? undefined : resolve(folder, place);
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** Without the line's end; empty for what isn't there. */
async function readText(path: string): Promise<string> {
  try {
    const bytes = await readRegular(path, limits.ignoreFile, { code: 'CONTEXT_PATH', follow: true });
    return Buffer.from(bytes).toString().trimEnd();
  } catch {
    return '';
  }
}
