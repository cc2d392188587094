// What the source of a COPY names in a tree of files: a path or a pattern, with --parents and --exclude.

import { isAbsolute } from 'node:path';
import type { Copy, CopySource } from '../containerfile/instruction.ts';
import { BimaError, throwProblems } from '../errors.ts';
import type { Position, Problem } from '../errors.ts';
import { nearest } from '../suggest.ts';
import { followLinks, joinPath, lastPart } from './file-tree.ts';
import type { Followed, TreeItem } from './file-tree.ts';
import { bothRules, noIgnoreRules, parseExcludes, rulesBelow, rulesOutside } from './ignore.ts';
import type { IgnoreRules } from './ignore.ts';
import type { Match } from './match.ts';
import { advance, parsePlainPath, parseSourcePath, splitAtPivot } from './source-path.ts';
import type { SourcePath } from './source-path.ts';
import { attempt, listTree } from './source-tree.ts';
import type { SourceTree } from './source-tree.ts';

/** The flags of a COPY that select files. */
export type SourceFlags = Pick<Copy, 'parents' | 'exclude' | 'isInclude'>;

/** Thrown for a source of which nothing is left: no error where another source of the same COPY brings something. */
export class NothingMatches extends BimaError {}

/**
 * What a source names, sorted; at least one thing. Links that the source names are followed; those inside a folder,
 * those behind the pivot of --parents, and that at the end of an include, are kept.
 * @throws BimaError CONTEXT_PATH, with the source's position, for a source that isn't there, and for everything that an
 *   image can't hold; NothingMatches
 */
export function findSources<Item extends TreeItem>(
  tree: SourceTree<Item>,
  source: CopySource,
  flags: SourceFlags = {},
): readonly Match[] {
  return new SourceFinder(tree, source, flags).find();
}

/**
 * What is at the end of a path.
 * @throws BimaError CONTEXT_PATH for a path that leads nowhere, or by a link to where the tree may not be left
 */
function mustFollow<Item extends TreeItem>(
  tree: SourceTree<Item>,
  parts: readonly string[],
  source: CopySource,
): Extract<Followed<Item>, { type: 'found' }> {
  const followed = followLinks(tree, parts, tree.isConfined);
  switch (followed.type) {
    case 'found':
      return followed;
    case 'missing': {
      const { message, hint } = explainMissing(tree, source, followed);
      throw refusal(source.position, message, hint);
    }
    case 'endless':
    case 'outside':
      throw explainLink(followed, source.position);
  }
}

/** The error for a link that is not to be followed. */
export function explainLink(
  { type, link }: Extract<Followed<TreeItem>, { type: 'endless' | 'outside' }>,
  position?: Position,
): BimaError {
  if (type === 'endless') return refusal(position, `the symbolic link "${link.path}" leads to itself`);
  const isOutward = !link.target.startsWith('/') && !isAbsolute(link.target);
  const where = isOutward ? 'leads out of the context, to' : 'has an absolute target,';
  const hint =
    'A link that is followed must stay in the context: point it there by a relative path, put a copy of what it points to in its place, or have the ignore file leave it out.';
  return refusal(position, `the symbolic link "${link.path}" ${where} "${link.target}"`, hint);
}

class SourceFinder<Item extends TreeItem> {
  readonly #tree: SourceTree<Item>;
  readonly #source: CopySource;
  readonly #start: SourcePath;
  /** What is behind the pivot of --parents. */
  readonly #below: SourcePath | undefined;
  readonly #included: IgnoreRules | undefined;
  readonly #excluded: IgnoreRules | undefined;
  readonly #isInclude: boolean;
  /** The first match that is ignored. */
  #ignored: string | undefined;

  constructor(tree: SourceTree<Item>, source: CopySource, flags: SourceFlags) {
    const { parents, exclude = [], isInclude = false } = flags;
    this.#tree = tree;
    this.#source = source;
    this.#isInclude = isInclude;
    const { start, below } = parents === true ? splitAtPivot(source.path) : { start: source.path };
    this.#start = this.#read(start);
    this.#below = below === undefined ? undefined : this.#read(below);
    this.#included = below === undefined ? undefined : rulesOutside(below);
    this.#excluded = exclude.length === 0 ? undefined : parseExcludes(exclude);
  }

  find(): readonly Match[] {
    const problems: Problem[] = [];
    const matches: Match[] = [];
    for (const written of this.#paths(this.#tree.rules)) {
      attempt(problems, () => {
        const found = this.#take(written);
        if (found !== undefined) matches.push({ source: this.#source, found });
      });
    }
    throwProblems(problems);
    if (matches.length > 0) return matches;
    throw this.#explainNothing();
  }

  #read(text: string): SourcePath {
    const path = this.#isInclude ? parsePlainPath(text) : parseSourcePath(text);
    const written = this.#source.path;
    switch (path) {
      case 'leaves the context': {
        const hint = this.#tree.adviseOn(written);
        throw refusal(this.#source.position, `"${written}" leads out of ${this.#tree.name}`, hint);
      }
      case 'malformed pattern': {
        const hint = 'Close every "[" with a "]", or write "[[]" for the character itself.';
        throw refusal(this.#source.position, `"${written}" is not a valid pattern`, hint);
      }
      case 'null byte':
        throw refusal(this.#source.position, 'a source of COPY holds a null byte');
      default:
        return path;
    }
  }

  /** The path that the source names, or those that its pattern matches, without what is behind a pivot. */
  #paths(rules: IgnoreRules): readonly string[] {
    const { parts, pattern } = this.#start;
    if (pattern.length === 0) return [parts.join('/')];
    const followed = followLinks(this.#tree, parts, this.#tree.isConfined);
    if (followed.type === 'missing') return [];
    const { path, item } = mustFollow(this.#tree, parts, this.#source);
    return item.type === 'directory' ? this.#pathsBelow(item, path, rules) : [];
  }

  /**
   * The paths below a folder that the pattern matches, in bytewise order of their parts. What lies in a folder that
   * matches comes with it, and is no match of its own. Links are matched, and never walked through, as in Docker.
   */
  #pathsBelow(folder: Item, path: string, rules: IgnoreRules): readonly string[] {
    const { pattern } = this.#start;
    const matches: string[] = [];
    const pending: { folder: Item; name: string; path: string; states: ReadonlySet<number> }[] = [];
    const enter = (item: Item, at: string, states: ReadonlySet<number>): void => {
      for (const name of [...this.#tree.list(item)].reverse()) {
        const next = advance(pattern, states, name);
        if (next.size > 0) pending.push({ folder: item, name, path: joinPath(at, name), states: next });
      }
    };
    enter(folder, path, new Set([0]));
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (rules.ignores(next.path) && !rules.mayKeepBelow(next.path)) continue;
      if (next.states.has(pattern.length)) {
        matches.push(next.path);
        continue;
      }
      const item = this.#tree.lookUp(next.folder, next.name);
      if (item?.type === 'directory') enter(item, next.path, next.states);
    }
    return matches;
  }

  /** What is at a path, under the name that the source knows it by, which may be that of a link. */
  #take(written: string): Match['found'] | undefined {
    const { rules } = this.#tree;
    const { path, item } = this.#linkAt(written) ?? mustFollow(this.#tree, written.split('/'), this.#source);
    const isFolder = item.type === 'directory';
    const ignored = [written, path].find((at) => at !== '' && rules.ignores(at));
    const isKept = ignored === undefined || (ignored === path && isFolder && rules.mayKeepBelow(path));
    const found = isKept ? this.#takeItem(item, path, lastPart(written)) : undefined;
    if (ignored === undefined || (found?.type === 'directory' && found.children.length > 0)) return found;
    this.#ignored ??= ignored;
    return undefined;
  }

  /** The link that an include names, which it keeps. */
  #linkAt(written: string): { readonly path: string; readonly item: Item } | undefined {
    if (!this.#isInclude) return undefined;
    const parts = written.split('/');
    const folder = followLinks(this.#tree, parts.slice(0, -1), this.#tree.isConfined);
    if (folder.type !== 'found') return undefined;
    const name = lastPart(written);
    const item = this.#tree.lookUp(folder.item, name);
    return item?.target === undefined ? undefined : { path: joinPath(folder.path, name), item };
  }

  #takeItem(item: Item, path: string, name: string): Match['found'] | undefined {
    if (item.type === 'directory') {
      const included = this.#included === undefined ? undefined : rulesBelow(this.#included, path);
      const isOnTheWay = (at: string) => included?.ignores(at) === true;
      const found = listTree(this.#tree, item, path, name, this.#rulesBelow(path), isOnTheWay);
      return found.children.length > 0 || this.#below === undefined ? found : undefined;
    }
    if (this.#below !== undefined || this.#excluded?.ignores(name) === true) return undefined;
    const found = this.#tree.take(item, name, true);
    return found.type === 'file' || this.#isInclude ? found : undefined;
  }

  /** Rules below a folder, with the COPY's own flags, whose patterns start at the folder. */
  #rulesBelow(folder: string): IgnoreRules {
    let { rules } = this.#tree;
    for (const flag of [this.#excluded, this.#included])
      if (flag !== undefined) rules = bothRules(rules, rulesBelow(flag, folder));
    return rules;
  }

  #explainNothing(): BimaError {
    const isPattern = this.#start.pattern.length > 0 || (this.#below?.pattern.length ?? 0) > 0;
    const { message, hint } = this.#reasonForNothing(isPattern);
    const options = { hint, position: this.#source.position };
    const mayBeNothing = isPattern || (this.#excluded !== undefined && this.#ignored === undefined);
    return mayBeNothing
      ? new NothingMatches('CONTEXT_PATH', message, options)
      : new BimaError('CONTEXT_PATH', message, options);
  }

  #reasonForNothing(isPattern: boolean): Reason {
    const { rules, name, isConfined } = this.#tree;
    const { path } = this.#source;
    // As far as it has no wildcards.
    const parts = [
      ...this.#start.parts,
      ...(this.#start.pattern.length > 0 ? [] : (this.#below?.parts ?? [])),
    ];
    const followed = followLinks(this.#tree, parts, isConfined);
    if (followed.type === 'missing') return explainMissing(this.#tree, this.#source, followed);
    if (followed.type === 'found' && !isPattern && rules.ignores(followed.path))
      this.#ignored ??= followed.path;
    if (this.#start.pattern.length > 0)
      this.#ignored ??= this.#paths(noIgnoreRules).find((found) => rules.ignores(found));
    if (this.#ignored !== undefined) return this.#tree.explainIgnored(this.#ignored);
    const hint =
      this.#below === undefined || this.#excluded !== undefined
        ? this.#tree.adviseOn(path)
        : 'Behind the "/./" of --parents no link is followed: write it after the link.';
    const but = this.#excluded === undefined ? '' : ' but what --exclude leaves out';
    return { message: `nothing in ${name} matches "${path}"${but}`, hint };
  }
}

interface Reason {
  readonly message: string;
  readonly hint: string;
}

function explainMissing<Item extends TreeItem>(
  tree: SourceTree<Item>,
  source: CopySource,
  { folder, name, link }: Extract<Followed<Item>, { type: 'missing' }>,
): Reason {
  if (link !== undefined) {
    return {
      message: `the symbolic link "${link.path}" points to "${joinPath(folder, name)}", which is not in ${tree.name}`,
      hint: 'A link that COPY names is followed: put a file where it points to, or name another source.',
    };
  }
  const at = followLinks(tree, folder.split('/'), tree.isConfined);
  const names = at.type === 'found' && at.item.type === 'directory' ? [...tree.list(at.item)] : [];
  const twin = names.find((other) => other !== name && other.normalize() === name.normalize());
  const similar = nearest(name, names);
  const root = source.path.startsWith('/') ? '/' : '';
  const hint =
    twin !== undefined
      ? `The file's own name looks the same, and is in another Unicode form (NFC or NFD): write it as "ls" gives it.`
      : similar !== undefined
        ? `Did you mean "${root}${joinPath(folder, similar)}"? Names are case-sensitive.`
        : tree.adviseOn(source.path);
  return { message: `"${source.path}" is not in ${tree.name}`, hint };
}

function refusal(position: Position | undefined, message: string, hint?: string): BimaError {
  return new BimaError('CONTEXT_PATH', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(position === undefined ? {} : { position }),
  });
}
