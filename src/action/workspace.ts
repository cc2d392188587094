// Paths from inputs, held to the workspace: what lies there may come from a pull request, and a symbolic link in it must
// not lead to files of the runner. A path that the workflow itself names outside of the workspace is its own business.

import { lstat, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { buildFileNames } from '../adapters/context/find-containerfile.ts';
import { findLayouts } from '../adapters/disk/find-layouts.ts';
import { BimaError, isSystemError, throwProblems } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import { localName } from '../core/oci/image-name.ts';
import type { Inputs } from './inputs.ts';
import type { Environment } from '../core/environment.ts';

/** The limit of Linux. */
const maxLinks = 40;

/** The files of a layout that are opened by name. */
const partsOfLayout = ['oci-layout', 'index.json', 'blobs/sha256'];

/**
 * Follows the paths of all inputs one component at a time.
 * @throws BimaError INPUT_INVALID with every link in the workspace that leads out of it
 */
export async function holdToWorkspace(
  inputs: Pick<
    Inputs,
    'context' | 'file' | 'buildContexts' | 'fromLayout' | 'conversion' | 'ociLayout' | 'tar' | 'signing'
  >,
  { GITHUB_WORKSPACE: workspace = '' }: Environment,
): Promise<void> {
  if (workspace === '') return;
  const root = await realOrWritten(workspace);
  const problems: Problem[] = [];
  const known = new Set<string>();
  for (const [input, paths] of await pathsOf(inputs)) {
    for (const path of paths) {
      const { link } = await walk(path, root);
      // The first Containerfile that is there is read, and no other one is looked at.
      if (link === undefined && input === 'file' && (await isThere(path))) break;
      if (link === undefined || known.has(link)) continue;
      known.add(link);
      problems.push({
        code: 'INPUT_INVALID',
        message: `expected a path in the workspace for the input "${input}", got "${path}", where the symbolic link "${shorten(link, root)}" leads out of it`,
        hint: 'Put a copy of what the link points to in its place, or name that path itself in the workflow.',
      });
      break;
    }
  }
  throwProblems(problems);
}

/**
 * A check of the layouts and archives that a Containerfile names: they lie in the workspace or in the context, links
 * followed, unless a build argument of the workflow is their name.
 */
export function holdBaseImages(
  { context, buildArguments }: Pick<Inputs, 'context' | 'buildArguments'>,
  { GITHUB_WORKSPACE: workspace = '' }: Environment,
): (path: string) => Promise<void> {
  const named = new Set(
    [...buildArguments.values()].flatMap((value) => pathsIn(value).map((path) => resolve(context, path))),
  );
  return async (path) => {
    if (workspace === '' || named.has(path)) return;
    const roots = [await realOrWritten(workspace), await realOrWritten(context)];
    for (const part of inLayout(path)) {
      const { end } = await walk(part, roots[0] ?? '');
      if (roots.some((root) => isInside(root, end))) continue;
      const what = part === path ? '' : `, whose "${relative(path, part)}" leads elsewhere`;
      throw new BimaError(
        'CONTEXT_PATH',
        `expected a layout or an archive in the workspace, got "${path}"${what}`,
        { hint: 'Put it into the workspace, or have the workflow name it with the input "build-args".' },
      );
    }
  };
}

/** Every layout and archive below the folder of downloads, too; what is wrong with them is said by whoever reads them. */
async function inDownloads(path: string): Promise<readonly string[]> {
  const found = await findLayouts([path]).catch(() => []);
  return [path, ...found].flatMap(inLayout);
}

function inLayout(path: string): readonly string[] {
  return [path, ...partsOfLayout.map((part) => join(path, part))];
}

async function pathsOf({
  context,
  file,
  buildContexts,
  fromLayout,
  conversion,
  ociLayout,
  tar,
  signing,
}: Parameters<typeof holdToWorkspace>[0]) {
  const inContext = (name: string) => `${context}${sep}${name}`;
  // In the order in which they are tried.
  const files =
    file === undefined ? [...buildFileNames.map(inContext), ...buildFileNames] : [file, inContext(file)];
  const isBuild = fromLayout.length === 0 && conversion === undefined;
  const { image = '', kernel = '', init = '' } = conversion ?? {};
  const named = (text: string) => (text === '' ? [] : pathsIn(text));
  const paths: readonly [input: string, paths: readonly string[]][] = [
    ['context', isBuild ? [context] : []],
    ['file', isBuild ? files : []],
    ['build-contexts', isBuild ? [...buildContexts.values()].flatMap(pathsIn).flatMap(inLayout) : []],
    ['from-layout', (await Promise.all(fromLayout.flatMap(pathsIn).map(inDownloads))).flat()],
    ['from-image', named(image).flatMap(inLayout)],
    ['kernel', named(kernel)],
    ['init', named(init)],
    ['oci-layout', ociLayout === undefined ? [] : inLayout(ociLayout)],
    ['tar', tar === undefined ? [] : [tar]],
    ['attest-trust-config', signing?.trustPath === undefined ? [] : [signing.trustPath]],
  ];
  return paths;
}

/** Every path that a name of an image on disk may mean: a colon in it may begin the tag, or belong to the path. */
function pathsIn(text: string): string[] {
  const name = localName(text);
  if (name === undefined) return text.includes('://') ? [] : [text];
  const ends = [...name.matchAll(/[:@]/g)].map(({ index }) => index);
  return [name, ...ends.map((end) => name.slice(0, end)).filter((path) => path !== '')];
}

interface Walked {
  /** The first link in the workspace that leads out of it; the walk ends there. */
  readonly link?: string;
  /** Where the path ends; what isn't there leads nowhere. */
  readonly end: string;
}

/**
 * Follows a path as the system does.
 * @param root of the workspace, absolute and with its links resolved
 */
async function walk(path: string, root: string): Promise<Walked> {
  let current = isAbsolute(path) ? parse(path).root : await realpath('.');
  /** Parts of the path, and the ends of links that were followed. */
  const ahead: (string | { readonly followed: string })[] = partsOf(path);
  for (let links = 0; ahead.length > 0;) {
    const next = ahead.shift();
    if (next === undefined) break;
    if (typeof next !== 'string') {
      if (!isInside(root, current)) return { link: next.followed, end: current };
      continue;
    }
    if (next === '..') {
      current = dirname(current);
      continue;
    }
    const place = join(current, next);
    const target = await readLink(place);
    if (target === undefined) {
      current = place;
      continue;
    }
    // Opening the path will report that it leads nowhere.
    if (++links > maxLinks) return { end: place };
    if (isInside(root, place)) ahead.unshift({ followed: place });
    if (isAbsolute(target)) current = parse(target).root;
    ahead.unshift(...partsOf(target));
  }
  return { end: current };
}

/** The real path, or the path as written where it doesn't exist. */
function realOrWritten(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

/** Splits a path into its components, without the root, `.` and empty ones. */
function partsOf(path: string): string[] {
  const parts = path.slice(parse(path).root.length).split(sep === '/' ? '/' : /[/\\]/);
  return parts.filter((part) => part !== '' && part !== '.');
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function isInside(root: string, path: string): boolean {
  const inner = relative(root, path);
  return inner.split(sep)[0] !== '..' && !isAbsolute(inner);
}

function shorten(link: string, root: string): string {
  return relative(root, link).replaceAll(sep, '/');
}
