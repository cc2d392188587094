// The JSON form of COPY, CMD and ENTRYPOINT: a list of strings, each with its place.

import { limits } from '../limits.ts';
import { quote } from '../text.ts';

export interface JsonWord {
  readonly value: string;
  /** Offset of its opening quote. */
  readonly offset: number;
}

/** What is wrong with the list, and where. */
export interface JsonProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

const example = '["a", "b c"]';
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Reads the list that begins with `[` at this offset and ends with the text.
 * @param otherwise ends the hint with what to write if no list is meant
 */
export function readJsonWords(
  text: string,
  from: number,
  otherwise: string,
): readonly JsonWord[] | JsonProblem {
  const hint = `Write a JSON list of strings in double quotes, such as ${example}, or ${otherwise}.`;
  const words: JsonWord[] = [];
  let next = skipSpace(text, from + 1);
  if (text[next] === ']') return atEnd(text, next + 1, hint) ?? words;
  for (;;) {
    const end = findStringEnd(text, next, hint);
    if (typeof end !== 'number') return end;
    const value = JSON.parse(text.slice(next, end)) as string;
    if (/\0|\p{Cs}/u.test(value)) {
      return {
        offset: next,
        message: 'expected text in the JSON string, got a character that no file name or argument can hold',
        hint: 'Remove \\u0000 and single halves of surrogate pairs.',
      };
    }
    words.push({ value, offset: next });
    if (words.length > limits.words) {
      const message = `expected at most ${limits.words} strings in a JSON list, got more`;
      return { offset: next, message, hint: 'Name a folder instead of its files.' };
    }

    next = skipSpace(text, end);
    if (text[next] === ']') return atEnd(text, next + 1, hint) ?? words;
    if (text[next] !== ',') return unexpected(text, next, '"," or "]" in the JSON list', hint);
    next = skipSpace(text, next + 1);
  }
}

/** Finds the offset in `text` of each character of the string whose opening quote is at `start`, by its index. */
export function placesInJson(text: string, start: number): (index: number) => number {
  // Computed on first use, which is rare.
  let places: number[] | undefined;
  return (index) => {
    places ??= listPlaces(text, start + 1);
    return places[index] ?? start;
  };
}

function listPlaces(text: string, from: number): number[] {
  const places = [];
  for (let next = from; next < text.length && text[next] !== '"';) {
    places.push(next);
    escapeSequence.lastIndex = next;
    next += text[next] === '\\' ? (escapeSequence.exec(text)?.[0].length ?? 1) : 1;
  }
  return places;
}

/** The offset after the closing quote of the string that should begin here. */
function findStringEnd(text: string, start: number, hint: string): number | JsonProblem {
  if (text[start] !== '"') return unexpected(text, start, 'a string in double quotes in the JSON list', hint);
  let next = start + 1;
  while (next < text.length) {
    const character = text[next];
    if (character === '"') return next + 1;
    if (character === '\t') {
      return {
        offset: next,
        message: 'expected no bare tab in a JSON string',
        hint: 'Write \\t for a tab inside a JSON string.',
      };
    }
    if (character !== '\\') {
      next += 1;
      continue;
    }
    escapeSequence.lastIndex = next;
    const [sequence] = escapeSequence.exec(text) ?? [];
    if (sequence === undefined) {
      return {
        offset: next,
        message: `expected an escape sequence of JSON, got ${quote(text.slice(next, next + 2))}`,
        hint: 'Write \\\\ for a backslash inside a JSON string.',
      };
    }
    next += sequence.length;
  }
  return { offset: start, message: 'the quote of a JSON string is never closed', hint };
}

function atEnd(text: string, after: number, hint: string): JsonProblem | undefined {
  const next = skipSpace(text, after);
  if (next >= text.length) return undefined;
  const problem = unexpected(text, next, 'nothing after the JSON list', hint);
  return text[next] === '#' ? { ...problem, hint: 'A comment needs a line of its own.' } : problem;
}

function unexpected(text: string, offset: number, expected: string, hint: string): JsonProblem {
  const [word] = /\S+/.exec(text.slice(offset, offset + 40)) ?? [];
  const got = word === undefined ? 'the end of the instruction' : quote(word, 30);
  return {
    offset: Math.min(offset, text.length),
    message: `expected ${expected}, got ${got}`,
    hint,
  };
}

function skipSpace(text: string, from: number): number {
  let next = from;
  while (text[next] === ' ' || text[next] === '\t') next += 1;
  return next;
}
