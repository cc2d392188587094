// Patterns, in the language of Go's filepath.Match (https://pkg.go.dev/path/filepath#Match), which Docker uses, and with
// the `**` that its ignore files add. A text is read once, from its start to its end, however many stars a pattern has.

/** A character class. */
interface CharacterClass {
  readonly negated: boolean;
  /** First and last code points: apart from each other, and in ascending order. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/**
 * What a part of a pattern matches: a number is a character; `one` and `some` are `?` and `*`; `folders` is `**`, any
 * number of characters that end with a slash, and stands after the `optional` that skips it; `any` is any number of
 * characters, slashes included.
 */
export type GlobToken = number | CharacterClass | 'one' | 'some' | 'optional' | 'folders' | 'any';

/** Tokens at which a match may go on, ascending; the number of tokens means that the text matches. */
type States = readonly number[];

export interface GlobPattern {
  /** Whether it matches the whole text. */
  test(text: string): boolean;
}

const slash = 0x2f;
const [star, question, bracket, closing, caret, hyphen, backslash] = [
  0x2a, 0x3f, 0x5b, 0x5d, 0x5e, 0x2d, 0x5c,
];

/** True when the text holds a `*`, `?` or `[` that no backslash escapes. */
export function hasWildcards(text: string): boolean {
  return /[*?[]/.test(text.replace(/\\./gsu, ''));
}

/** The text that a pattern without wildcards stands for. */
export function unescapePattern(pattern: string): string {
  return pattern.replace(/\\(.)/gsu, '$1');
}

/** A pattern for names, single parts of a path; undefined when it is malformed. `**` is just a `*`. */
export function compilePattern(pattern: string): GlobPattern | undefined {
  const tokens = readTokens(pattern, false);
  if (tokens === undefined) return undefined;
  const automaton = new Automaton(tokens);
  return { test: (text) => automaton.test(text) };
}

/**
 * The tokens of a pattern; undefined when it is malformed.
 * @param isPath whether `**` spans folders, as in github.com/moby/patternmatcher
 */
export function readTokens(pattern: string, isPath: boolean): readonly GlobToken[] | undefined {
  const units = Array.from(pattern, (character) => character.codePointAt(0) ?? 0);
  const tokens: GlobToken[] = [];
  for (let at = 0; at < units.length;) {
    const unit = units[at] ?? 0;
    if (unit === star && isPath && units[at + 1] === star) {
      at += units[at + 2] === slash ? 3 : 2;
      addFolders(tokens, at === units.length);
    } else if (unit === star) {
      at += 1;
      if (tokens.at(-1) !== 'some') tokens.push('some');
    } else if (unit === question) {
      at += 1;
      tokens.push('one');
    } else if (unit === bracket) {
      const read = readClass(units, at + 1);
      if (read === undefined) return undefined;
      at = read.end;
      tokens.push(read.characterClass);
    } else {
      if (unit === backslash) at += 1;
      const literal = units[at];
      if (literal === undefined) return undefined;
      at += 1;
      tokens.push(literal);
    }
  }
  return tokens;
}

/** One `**` after another adds nothing. */
function addFolders(tokens: GlobToken[], isLast: boolean): void {
  if (isLast) tokens.push('any');
  else if (tokens.at(-1) !== 'folders') tokens.push('optional', 'folders');
}

/** @param start behind the bracket */
function readClass(
  units: readonly number[],
  start: number,
): { readonly characterClass: CharacterClass; readonly end: number } | undefined {
  const negated = units[start] === caret;
  const ranges: [number, number][] = [];
  let at = negated ? start + 1 : start;
  const readOne = (): number | undefined => {
    const unit = units[at];
    if (unit === closing || unit === hyphen) return undefined;
    at += unit === backslash ? 2 : 1;
    return units[at - 1];
  };
  while (units[at] !== closing || ranges.length === 0) {
    const first = readOne();
    if (first === undefined) return undefined;
    let last: number | undefined = first;
    if (units[at] === hyphen) {
      at += 1;
      last = readOne();
    }
    if (last === undefined || last < first) return undefined;
    ranges.push([first, last]);
  }
  return { characterClass: { negated, ranges: merge(ranges) }, end: at + 1 };
}

function merge(ranges: [number, number][]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.sort(([one], [other]) => one - other)) {
    const previous = merged.at(-1);
    if (previous === undefined || first > previous[1]) merged.push([first, last]);
    else previous[1] = Math.max(previous[1], last);
  }
  return merged;
}

/** The states before the first character. */
export function firstStates(tokens: readonly GlobToken[]): States {
  const states: number[] = [];
  enter(tokens, states, 0);
  return states;
}

/** The states after one more character. There are never more than tokens, nor than three for each character read. */
export function nextStates(tokens: readonly GlobToken[], states: States, character: number): States {
  const next: number[] = [];
  for (const state of states) {
    const token = tokens[state];
    if (token === undefined) continue;
    if (token === 'some' || token === 'any' || token === 'folders') {
      if (token !== 'some' || character !== slash) enter(tokens, next, state);
      if (token === 'folders' && character === slash) enter(tokens, next, state + 1);
    } else if (matchesOne(token, character)) {
      enter(tokens, next, state + 1);
    }
  }
  return next;
}

/** Adds a state with those that need no character more. */
function enter(tokens: readonly GlobToken[], states: number[], from: number): void {
  for (let state = from; ; state++) {
    const token = tokens[state];
    if (token === 'optional') {
      add(states, state + 1);
      // Past the folders that are skipped.
      state += 1;
      continue;
    }
    add(states, state);
    if (token !== 'some' && token !== 'any') return;
  }
}

/** They come in ascending order, and one that is lower than the last is there already. */
function add(states: number[], state: number): void {
  if (state > (states.at(-1) ?? -1)) states.push(state);
}

function matchesOne(token: Exclude<GlobToken, 'some' | 'any' | 'folders'>, character: number): boolean {
  if (typeof token === 'number') return token === character;
  if (typeof token === 'string') return token === 'one' && character !== slash;
  return isInRanges(token.ranges, character) !== token.negated;
}

function isInRanges(ranges: CharacterClass['ranges'], character: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const [first, last] = ranges[middle] ?? [0, 0];
    if (character < first) high = middle;
    else if (character > last) low = middle + 1;
    else return true;
  }
  return false;
}

/** States that were met before, with where the next character leads. */
interface Node {
  readonly states: States;
  readonly isMatch: boolean;
  readonly next: Map<number, Node>;
}

/** Nodes that one pattern keeps. */
const maxNodes = 256;

/** Runs one pattern over texts, and caches its transitions: most texts begin alike. */
export class Automaton {
  readonly #tokens: readonly GlobToken[];
  readonly #nodes = new Map<string, Node>();
  #first: Node | undefined;

  constructor(tokens: readonly GlobToken[]) {
    this.#tokens = tokens;
  }

  /** Whether it matches the whole text. */
  test(text: string): boolean {
    let node = this.#start();
    for (const character of text) {
      node = this.#step(node, character);
      if (node.states.length === 0) return false;
    }
    return node.isMatch;
  }

  /** Whether it matches a path, or a folder above it; and if not, whether it could match something below the path. */
  testPath(path: string): 'matches' | 'reaches' | 'neither' {
    let node = this.#start();
    for (const character of path) {
      if (character === '/' && node.isMatch) return 'matches';
      node = this.#step(node, character);
      if (node.states.length === 0) return 'neither';
    }
    if (node.isMatch) return 'matches';
    return this.#step(node, '/').states.length > 0 ? 'reaches' : 'neither';
  }

  #start(): Node {
    this.#first ??= this.#nodeOf(firstStates(this.#tokens));
    return this.#first;
  }

  #step(node: Node, character: string): Node {
    const code = character.codePointAt(0) ?? 0;
    const known = node.next.get(code);
    if (known !== undefined) return known;
    const next = this.#nodeOf(nextStates(this.#tokens, node.states, code));
    node.next.set(code, next);
    return next;
  }

  #nodeOf(states: States): Node {
    const key = states.join();
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    if (this.#nodes.size >= maxNodes) {
      this.#nodes.clear();
      this.#first = undefined;
    }
    const node = { states, isMatch: states.at(-1) === this.#tokens.length, next: new Map<number, Node>() };
    this.#nodes.set(key, node);
    return node;
  }
}
