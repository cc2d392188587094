// A tree that COPY takes files from, and what lies below a folder of it.

import { BimaError, throwProblems } from '../errors.ts';
import type { Problem } from '../errors.ts';
import { joinPath } from './file-tree.ts';
import type { FileTree, TreeItem } from './file-tree.ts';
import type { IgnoreRules } from './ignore.ts';
import type { Found, FoundDirectory, FoundFile, FoundSymlink } from './match.ts';

export interface SourceTree<Item extends TreeItem> extends FileTree<Item> {
  /** Name in messages: `the context`, or the quoted name of an image. */
  readonly name: string;
  /** Whether no link that is followed may lead out of the tree. */
  readonly isConfined: boolean;
  /** What the tree leaves out, by paths in it. */
  readonly rules: IgnoreRules;
  /** What is to be kept of a folder. */
  attributesOf(folder: Item): Pick<FoundDirectory, 'mode' | 'origin'>;
  /**
   * A file or a link, as COPY takes it.
   * @param isNamed whether the source itself names it, rather than a folder that holds it
   * @throws BimaError CONTEXT_PATH for what an image can't hold
   */
  take(item: Item, name: string, isNamed: boolean): FoundFile | FoundSymlink;
  /** Says where a source is looked for, and how it may have been meant. */
  adviseOn(source: string): string;
  /** Says why the rules leave a path out. */
  explainIgnored(path: string): { readonly message: string; readonly hint: string };
}

/**
 * A folder with everything below it that the rules don't leave out.
 * @param path of the folder, with no link on the way
 * @param name that it is known by
 * @param isOnTheWay tells of the path of a folder whether it counts for what it holds alone
 * @throws BimaError CONTEXT_PATH with everything below that an image can't hold, CONTEXT_CHANGED for what vanishes
 *   meanwhile
 */
export function listTree<Item extends TreeItem>(
  tree: SourceTree<Item>,
  folder: Item,
  path: string,
  name: string,
  rules: IgnoreRules,
  isOnTheWay: (path: string) => boolean = () => false,
): FoundDirectory {
  const problems: Problem[] = [];
  /** Folders that count only if something in them does, each with those beside it. */
  const doubtful: { readonly siblings: Found[]; readonly found: Found; readonly children: Found[] }[] = [];
  // A loop, like all walks here: what others made may be too deep for the stack.
  const pending: {
    readonly siblings: Found[];
    readonly folder: Item;
    readonly path: string;
    readonly name: string;
  }[] = [];
  const top = open(folder, path, name);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { siblings, ...child } = next;
    attempt(problems, () => {
      add(siblings, child.folder, child.path, child.name);
    });
  }
  throwProblems(problems);
  // The innermost first.
  for (const { siblings, found, children } of doubtful.reverse())
    if (children.length === 0) siblings.splice(siblings.indexOf(found), 1);
  return top.found;

  function open(item: Item, at: string, as: string): { found: FoundDirectory; children: Found[] } {
    const children: Found[] = [];
    attempt(problems, () => {
      for (const child of [...tree.list(item)].reverse())
        pending.push({ siblings: children, folder: item, path: joinPath(at, child), name: child });
    });
    const way = isOnTheWay(at) ? { isOnTheWay: true } : {};
    return { found: { type: 'directory', name: as, ...tree.attributesOf(item), ...way, children }, children };
  }

  function add(siblings: Found[], parent: Item, at: string, as: string): void {
    const isIgnored = rules.ignores(at);
    if (isIgnored && !rules.mayKeepBelow(at)) return;
    const item = tree.lookUp(parent, as);
    if (item === undefined) throw vanished(at);
    if (item.type === 'directory') {
      const { found, children } = open(item, at, as);
      siblings.push(found);
      if (isIgnored) doubtful.push({ siblings, found, children });
    } else if (!isIgnored) {
      siblings.push(tree.take(item, as, false));
    }
  }
}

/** Runs `body`, and adds the problems of a BimaError that it throws to the list. */
export function attempt(problems: Problem[], body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    for (const problem of error.problems) problems.push(problem);
  }
}

function vanished(path: string): BimaError {
  return new BimaError('CONTEXT_CHANGED', `"${path}" was removed while the context was read`, {
    hint: 'Build again when nothing writes to the context.',
  });
}
