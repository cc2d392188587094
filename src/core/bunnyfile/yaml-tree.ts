// The YAML of a bunnyfile as plain values, each with its place.

import type { Position, Problem } from '../errors.ts';
import { excerpt, quote } from '../text.ts';
import type { ParsedNode, YAMLParseError } from 'yaml';
import type * as YamlLibrary from './yaml-library.ts';

interface YamlBase {
  readonly position: Position;
}

export interface YamlScalar extends YamlBase {
  readonly type: 'scalar';
  /** The text as written, without quotes: `0.10` stays `0.10`. */
  readonly text: string;
}

export interface YamlList extends YamlBase {
  readonly type: 'list';
  readonly items: readonly YamlNode[];
}

export interface YamlEntry {
  readonly key: string;
  /** Position of the key. */
  readonly position: Position;
  readonly value: YamlNode;
}

export interface YamlMapping extends YamlBase {
  readonly type: 'mapping';
  /** In their order; a key may be there twice. */
  readonly entries: readonly YamlEntry[];
}

/** Nothing: `key:` alone, or `null`. */
export interface YamlNothing extends YamlBase {
  readonly type: 'nothing';
}

export type YamlNode = YamlScalar | YamlList | YamlMapping | YamlNothing;

export interface YamlTree {
  /** Undefined when there are errors. */
  readonly root?: YamlNode;
  readonly errors: readonly Problem[];
}

/** Advice by the library's error code. */
const hints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Indent with spaces: YAML takes no tabs.',
  BAD_INDENT: 'Give all keys of one mapping the same number of spaces.',
  MULTIPLE_DOCS: 'A bunnyfile is one document: remove the "---" and what is behind it.',
  RESOURCE_EXHAUSTION: 'Check that this is the file you meant.',
  MISSING_CHAR: 'Close every quote and every bracket.',
};
const usualHint = 'Put text that holds ": ", " #" or a quote into quotes of the other kind.';

/** Deeper nesting is a slip or an attack. */
const maxDepth = 20;

/** Loads the YAML library. Never throws: what is wrong is listed. @param file the name in positions */
export async function readYamlTree(text: string, file: string): Promise<YamlTree> {
  const library = await import('./yaml-library.ts');
  // Not "silent", which is silent about a second document, too.
  const options = { uniqueKeys: false, prettyErrors: false, logLevel: 'error' } as const;
  const document = library.parseDocument(text, options);
  const placeOf = places(text, file);
  const errors = syntaxErrors(document.errors, placeOf);
  if (errors.length > 0) return { errors };
  const root = createConverter(library, placeOf, errors)(document.contents, 0, 0);
  return errors.length > 0 ? { errors } : { root, errors };
}

type SyntaxFault = Pick<YAMLParseError, 'code' | 'message' | 'pos'>;

/** Errors, the first one for each place: others there follow from it. */
function syntaxErrors(found: readonly SyntaxFault[], placeOf: (offset: number) => Position): Problem[] {
  const first = new Map([...found].reverse().map((error) => [error.pos[0], error]));
  return [...first.values()].reverse().map(({ code, message, pos }) => ({
    code: 'BUNNYFILE_INVALID',
    // Behind a semicolon stands which of its functions the library means.
    message: `not valid YAML: ${lowerFirst(excerpt(message.replace(/; please use .*/, '')))}`,
    hint: hints[code] ?? usualHint,
    position: placeOf(pos[0]),
  }));
}

function lowerFirst(text: string): string {
  return text.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase());
}

/** Turns offsets in the text into positions. */
function places(text: string, file: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

type Convert = (node: ParsedNode | null | undefined, depth: number, otherwise: number) => YamlNode;

/** Converts nodes. A missing value gets the given offset. */
function createConverter(
  library: typeof YamlLibrary,
  placeOf: (offset: number) => Position,
  errors: Problem[],
): Convert {
  const { isAlias, isMap, isScalar, isSeq } = library;
  const refuse = (position: Position, message: string, hint: string): YamlNothing => {
    errors.push({ code: 'BUNNYFILE_INVALID', message, hint, position });
    return { type: 'nothing', position };
  };
  const keyOf = (node: ParsedNode | null, position: Position): string => {
    if (isScalar(node)) return typeof node.value === 'string' ? node.value : node.source;
    refuse(position, 'expected a word as a key', 'Write a key such as "kernel:".');
    return '';
  };
  const convert: Convert = (node, depth, otherwise) => {
    const position = placeOf(node?.range[0] ?? otherwise);
    if (node === null || node === undefined) return { type: 'nothing', position };
    if (depth > maxDepth)
      return refuse(position, 'expected fewer values within each other', 'Write it flat.');
    if (isAlias(node)) {
      const message = `expected a value, got the alias ${quote(`*${node.source}`)}`;
      return refuse(position, message, 'Write out what it stands for.');
    }
    if (isSeq<ParsedNode>(node)) {
      const items = node.items.map((item) => convert(item, depth + 1, node.range[0]));
      return { type: 'list', items, position };
    }
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const entries = node.items.map(({ key, value }): YamlEntry => {
        const place = placeOf(key.range[0]);
        const end = key.range[1];
        return { key: keyOf(key, place), position: place, value: convert(value, depth + 1, end) };
      });
      return { type: 'mapping', entries, position };
    }
    if (!isScalar(node) || node.value === null) return { type: 'nothing', position };
    const text = typeof node.value === 'string' ? node.value : node.source;
    return { type: 'scalar', text, position };
  };
  return convert;
}
