// COPY and ADD: [flags] source… destination, or the same as a JSON list.

import { limits } from '../limits.ts';
import { readCopyFlags } from './copy-flags.ts';
import { quote } from '../text.ts';
import type { Heredoc } from './heredoc.ts';
import type { Copy, CopyDocument, CopySource, From } from './instruction.ts';
import { placesInJson, readJsonWords } from './json-words.ts';
import { expandDocument, expandText, expandWord } from './references.ts';
import type { Expanded } from './references.ts';
import { checkWords, isInlineComment, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { urlName } from './url-name.ts';
import { dockerfileRules, readWord, splitWords } from './words.ts';
import type { Word } from './words.ts';

/** A path and where it begins. */
interface Operand extends Expanded {
  readonly offset: number;
  /** What it names, if not a path. */
  readonly heredoc?: Heredoc;
}

/**
 * Undefined, with errors reported, when sources and destination can't be read.
 * @param stages those that `--from` can name, the current one last
 */
export function parseCopy(statement: Statement, stages: readonly From[]): Copy | undefined {
  if (!checkHeredocs(statement)) return undefined;
  const { flagWords, next } = takeFlags(statement);
  if (!checkWords(statement, flagWords)) return undefined;
  const expandedFlags = flagWords.map((word) => expandWord(statement, word));
  const readable = expandedFlags.filter(({ hasFailed }) => !hasFailed);
  const { hasBadFrom, ...flags } = readCopyFlags(statement, readable, stages);

  const isList = /^\[[ \t]*(?:["'\]]|$)/.test(statement.text.slice(next));
  const operands = isList ? readList(statement, next) : readPlain(statement, next);
  // Looking for such files in the build context would only confuse.
  if (operands === undefined || hasBadFrom) return undefined;
  if ([...operands, ...expandedFlags].some(({ hasFailed }) => hasFailed)) return undefined;
  const destination = checkOperands(statement, operands, flags.rootfs !== undefined);
  if (destination === undefined) return undefined;
  const sources = operands.slice(0, -1);
  if (!checkUrls(statement, sources, destination, flags.checksum)) return undefined;
  const documents = sources.flatMap(({ heredoc }) => (heredoc === undefined ? [] : [heredoc]));
  const texts = documents.map((heredoc) => readDocument(statement, heredoc));
  if (!texts.every((text) => text !== undefined)) return undefined;
  return {
    type: 'copy',
    ...(statement.keyword === 'ADD' ? { isAdd: true } : {}),
    sources: sources
      .filter(({ heredoc }) => heredoc === undefined)
      .map(({ value, offset }): CopySource => {
        const position = statement.positionAt(offset);
        return isUrl(value) ? { path: value, isUrl: true, position } : { path: value, position };
      }),
    ...(texts.length === 0 ? {} : { documents: texts }),
    destination: destination.value,
    ...flags,
    position: positionOf(statement),
  };
}

/**
 * The destination; undefined, with an error, when COPY can't take the operands.
 * @param isFile whether it is one file, however many sources there are
 */
function checkOperands(
  statement: Statement,
  operands: readonly Operand[],
  isFile: boolean,
): Operand | undefined {
  const { keyword } = statement;
  const destination = operands.at(-1);
  const sources = operands.slice(0, -1);
  if (destination === undefined || sources.length === 0) {
    const only = destination === undefined ? '' : `, got only ${quote(destination.value)}`;
    const message = `expected a source and a destination in ${keyword}${only}`;
    const form = `Write ${keyword} source destination.`;
    statement.error(destination?.offset ?? statement.start, message, form);
    return undefined;
  }
  if (destination.heredoc !== undefined) {
    const hint = `Write ${keyword} ${destination.value} /path.`;
    statement.error(destination.offset, 'expected a destination, got a heredoc', hint);
    return undefined;
  }
  const empty = operands.find(({ value }) => value === '');
  if (empty !== undefined) {
    statement.error(empty.offset, 'expected a path, got an empty word', 'Write "." for the folder itself.');
    return undefined;
  }
  const long = operands.find(({ value }) => Buffer.byteLength(value) > limits.path);
  if (long !== undefined) {
    const message = `expected a path of at most ${limits.path} bytes, got ${quote(long.value)}`;
    statement.error(long.offset, message, 'Linux takes no longer ones.');
    return undefined;
  }
  const remote = sources.filter((source) => reportRemote(statement, source.value, source.offset));
  if (remote.length > 0) return undefined;
  const isFolder = /(?:^|\/)\.?$/.test(destination.value);
  if (isFile && isFolder) {
    const message = `expected the path of a file after --rootfs, got ${quote(destination.value)}`;
    statement.error(destination.offset, message, 'Name the file that holds the root file system.');
    return undefined;
  }
  if (sources.length > 1 && !isFile && !isFolder) {
    statement.error(
      destination.offset,
      `expected a destination that ends with "/" for several sources, got ${quote(destination.value)}`,
      `Write ${quote(`${destination.value}/`)} for a folder; a path with spaces needs quotes or the JSON form.`,
    );
  }
  return destination;
}

/** True, and reported, for sources that are neither in the context nor files that ADD downloads. */
function reportRemote(statement: Statement, source: string, offset: number): boolean {
  const { keyword } = statement;
  const isGit = /^(?:git|ssh):\/\/|^git@|^https?:\/\/[^?#]*\.git(?:[?#]|$)/i.test(source);
  if (!isGit && (keyword === 'ADD' || !isUrl(source))) return false;
  const [what, hint] = isGit
    ? ['a git repository', 'Clone it in a step before, into the build context, and COPY what it holds.']
    : ['a URL', 'Write ADD, which downloads it, with --checksum=sha256:… of what it is to be.'];
  const message = `${keyword} of ${what} is not supported: ${quote(source)}`;
  statement.error(offset, message, hint, 'CONTAINERFILE_UNSUPPORTED');
  return true;
}

function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** Whether URLs and the checksum fit; without one, the same Containerfile may give another image tomorrow. */
function checkUrls(
  statement: Statement,
  sources: readonly Operand[],
  destination: Operand,
  checksum: string | undefined,
): boolean {
  const urls = sources.filter(({ value, heredoc }) => heredoc === undefined && isUrl(value));
  const [first] = sources;
  if (checksum !== undefined && (sources.length !== 1 || urls.length !== 1)) {
    const got = urls.length === sources.length ? `${urls.length} URLs` : 'something else';
    const hint = 'Write an ADD for each URL; files of the context need no checksum.';
    statement.error(first?.offset ?? statement.start, `expected one URL with --checksum, got ${got}`, hint);
    return false;
  }
  const wrong = urls.filter((url) => !checkUrl(statement, url, destination));
  if (wrong.length > 0) return false;
  for (const { value, offset } of checksum === undefined ? urls : []) {
    const message = `what ${quote(value)} gives may change, and the image with it`;
    statement.warn(
      offset,
      message,
      'Write ADD --checksum=sha256:… with the digest of the file that is meant.',
    );
  }
  return true;
}

function checkUrl(statement: Statement, { value, offset }: Operand, destination: Operand): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.username !== '' || url.password !== '') {
    const got = url === undefined ? quote(value) : 'one with a user name';
    statement.error(offset, `expected a URL such as https://example.org/file, got ${got}`);
    return false;
  }
  if (urlName(value) !== undefined || !/(?:^|\/)\.?$/.test(destination.value)) return true;
  const hint = 'Write the name of the file into the destination.';
  statement.error(offset, `expected a URL that ends with the name of a file, got ${quote(value)}`, hint);
  return false;
}

/** Reports heredocs without a last line: nobody can tell where they end. */
function checkHeredocs(statement: Statement): boolean {
  const open = statement.heredocs.find(({ closed }) => !closed);
  if (open === undefined) return true;
  const hint = `End it with a line that holds ${quote(open.name)} and nothing else.`;
  statement.error(open.offset, `no line ${quote(open.name)} ends the heredoc that begins here`, hint);
  return false;
}

function readDocument(statement: Statement, heredoc: Heredoc): CopyDocument | undefined {
  const { name, content, expands, offset } = heredoc;
  if (name.includes('/') || name === '.' || name === '..') {
    const hint = 'Write the folder into the destination.';
    statement.error(offset, `expected a file name as the name of a heredoc, got ${quote(name)}`, hint);
    return undefined;
  }
  const { value, hasFailed } = expands
    ? expandDocument(statement, heredoc)
    : { value: content, hasFailed: false };
  return hasFailed ? undefined : { name, text: value, position: statement.positionAt(offset) };
}

/** The words that begin with `--`, up to the first that doesn't or that is nothing else. */
function takeFlags(statement: Statement): { flagWords: readonly Word[]; next: number } {
  const { text, escape } = statement;
  const flagWords: Word[] = [];
  let next = statement.rest;
  while (text.startsWith('--', next)) {
    const word = readWord(text, next, dockerfileRules(escape));
    next = word.end;
    while (text[next] === ' ' || text[next] === '\t') next += 1;
    if (word.value === '--') break;
    flagWords.push(word);
  }
  return { flagWords, next };
}

function readList(statement: Statement, next: number): readonly Operand[] | undefined {
  const list = readJsonWords(statement.text, next, 'put quotes around a name that begins with "["');
  if ('message' in list) {
    statement.error(list.offset, list.message, list.hint);
    return undefined;
  }
  return list.map(({ value, offset }) => {
    return { ...expandText(statement, value, placesInJson(statement.text, offset)), offset };
  });
}

function readPlain(statement: Statement, next: number): readonly Operand[] | undefined {
  const words = splitWords(statement.text, next, dockerfileRules(statement.escape));
  if (!checkWords(statement, words)) return undefined;
  const comment = words.findIndex((word) => isInlineComment(statement, word));
  const meant = comment === -1 ? words : words.slice(0, comment);
  const [, ...behind] = meant;
  const flag = behind.find(({ start, end }) =>
    /^--(?:chmod|chown|from|link|exclude|parents|checksum|unpack|keep-git-dir|rootfs)(?:=|$)/.test(
      statement.text.slice(start, end),
    ),
  );
  if (flag !== undefined) {
    const hint = `Write the flags right after ${statement.keyword}.`;
    statement.error(flag.start, `expected a path, got the flag ${quote(flag.value)}`, hint);
    return undefined;
  }
  // What is left before a comment may be whole or not: one error is enough.
  if (comment !== -1 && meant.length < 2) return undefined;
  const spaced = statement.heredocs.find(({ offset }) => /^\d*<<-?[ \t]/.test(statement.text.slice(offset)));
  if (spaced !== undefined) {
    const hint = `Write <<${spaced.name} without a space.`;
    statement.error(spaced.offset, 'expected the name of the heredoc right after "<<"', hint);
    return undefined;
  }
  const heredocs = new Map(statement.heredocs.map((heredoc) => [heredoc.offset, heredoc]));
  return meant.map((word) => {
    const heredoc = heredocs.get(word.start);
    if (heredoc === undefined) return { ...expandWord(statement, word), offset: word.start };
    const written = statement.text.slice(word.start, word.end);
    return { value: written, hasFailed: false, offset: word.start, heredoc };
  });
}
