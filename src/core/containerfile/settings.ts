// WORKDIR, USER, STOPSIGNAL, MAINTAINER, SHELL, VOLUME and ONBUILD: instructions that set one field of the config.

import { quote, suggestion } from '../text.ts';
import type { Instruction, OnBuild, Shell, Volume } from './instruction.ts';
import { placesInJson, readJsonWords } from './json-words.ts';
import { formatPair } from './label-text.ts';
import { expandText, expandWord } from './references.ts';
import { isSignal } from './signals.ts';
import { checkWords, isInlineComment, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, readWord, splitWords } from './words.ts';

export function parseWorkdir(statement: Statement): Instruction | undefined {
  const path = readRest(statement, 'WORKDIR /path');
  return path === undefined ? undefined : { type: 'workdir', path, position: positionOf(statement) };
}

export function parseUser(statement: Statement): Instruction | undefined {
  const user = readRest(statement, 'USER name, or USER uid:gid');
  return user === undefined ? undefined : { type: 'user', user, position: positionOf(statement) };
}

export function parseStopSignal(statement: Statement): Instruction | undefined {
  const signal = readRest(statement, 'STOPSIGNAL SIGTERM');
  if (signal === undefined) return undefined;
  if (!isSignal(signal)) {
    const hint = 'Write its name, such as SIGTERM, or its number.';
    statement.error(statement.rest, `expected a signal, got ${quote(signal)}`, hint);
    return undefined;
  }
  return { type: 'stopsignal', signal, position: positionOf(statement) };
}

/** All that follows is the name, quotes and dollar signs included, as in Docker. */
export function parseMaintainer(statement: Statement): Instruction | undefined {
  const name = statement.text.slice(statement.rest);
  if (name === '') {
    statement.error(statement.start, 'MAINTAINER names nobody', 'Write a LABEL instead.');
    return undefined;
  }
  const label = formatPair('org.opencontainers.image.authors', name);
  const message = 'MAINTAINER is deprecated: it sets the author of the image alone';
  statement.warn(statement.start, message, `Write LABEL ${suggestion(label)}`);
  return { type: 'maintainer', name, position: positionOf(statement) };
}

/** Nothing is expanded in its list, as in Docker. */
export function parseShell(statement: Statement): Shell | undefined {
  const { text, rest, start } = statement;
  const form = 'Write SHELL ["/bin/sh", "-c"].';
  if (!text.startsWith('[', rest)) {
    statement.error(start, 'expected a JSON list after SHELL', form);
    return undefined;
  }
  const list = readJsonWords(text, rest, 'remove the instruction');
  if ('message' in list) {
    statement.error(list.offset, list.message, list.hint);
    return undefined;
  }
  if (list.length === 0) {
    statement.error(rest, 'expected a shell, got an empty list', form);
    return undefined;
  }
  return { type: 'shell', words: list.map(({ value }) => value), position: positionOf(statement) };
}

/** A list, or words. Nothing is mounted for an image: the paths are the runtime's to read. */
export function parseVolume(statement: Statement): Volume | undefined {
  const { text, rest, start, escape } = statement;
  const words = text.startsWith('[', rest) ? readJsonWords(text, rest, 'put quotes around the path') : [];
  if ('message' in words) {
    statement.error(words.offset, words.message, words.hint);
    return undefined;
  }
  const plain = text.startsWith('[', rest) ? [] : splitWords(text, rest, dockerfileRules(escape));
  if (!checkWords(statement, plain) || plain.some((word) => isInlineComment(statement, word)))
    return undefined;
  const paths = [
    ...words.map(({ value, offset }) => expandText(statement, value, placesInJson(text, offset))),
    ...plain.map((word) => expandWord(statement, word)),
  ];
  if (paths.some(({ hasFailed }) => hasFailed)) return undefined;
  const values = paths.map(({ value }) => value.trim());
  if (values.length === 0 || values.includes('')) {
    statement.error(start, 'expected a path after VOLUME, got nothing', 'Write VOLUME /path.');
    return undefined;
  }
  return { type: 'volume', paths: values, position: positionOf(statement) };
}

/** Kept unchanged for images that are built on this one. */
export function parseOnBuild(statement: Statement): OnBuild | undefined {
  const { text, rest, start, heredocs } = statement;
  const [keyword = ''] = /^[^ \t]+/.exec(text.slice(rest)) ?? [];
  if (['', 'ONBUILD', 'FROM', 'MAINTAINER'].includes(keyword.toUpperCase())) {
    const got = keyword === '' ? 'nothing' : quote(keyword);
    statement.error(
      start,
      `expected an instruction for a later build, got ${got}`,
      'Write ONBUILD COPY a b.',
    );
    return undefined;
  }
  const message =
    'OCI has no field for ONBUILD: only Docker and BuildKit read it, where the image is built on';
  statement.warn(
    start,
    message,
    'Write the instruction where the image is built on, for all other builders.',
  );
  const documents = heredocs.map(({ raw, name }) => `\n${raw}${name}`);
  return { type: 'onbuild', text: text.slice(rest) + documents.join(''), position: positionOf(statement) };
}

/** All that follows the keyword as one word, its variables replaced; undefined, with an error, when that is nothing. */
function readRest(statement: Statement, form: string): string | undefined {
  const { text, rest, start, escape, keyword } = statement;
  const word = readWord(text, rest, { ...dockerfileRules(escape), isWhole: true });
  if (rest === text.length) {
    statement.error(start, `${keyword} has no argument`, `Write ${form}.`);
    return undefined;
  }
  if (!checkWords(statement, [word])) return undefined;
  const comment = /[ \t]#/.exec(text.slice(rest));
  if (comment !== null && !word.quoted) {
    isInlineComment(statement, { ...word, start: rest + comment.index + 1 });
    return undefined;
  }
  const { value, hasFailed } = expandWord(statement, word, true);
  if (hasFailed) return undefined;
  if (value === '') {
    statement.error(rest, `expected an argument of ${keyword}, got nothing`, `Write ${form}.`);
    return undefined;
  }
  return value;
}
