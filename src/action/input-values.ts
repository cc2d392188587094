// How the raw strings of inputs become values. Every error names the input.

import { parseFields, parseLines } from '../core/csv.ts';
import { BimaError } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';

/** The value of an input, trimmed; empty when it isn't set. */
export type InputReader = (name: string) => string;

/**
 * The secrets among the inputs, to be masked before anything else is done.
 * Each with what it looks like in a header.
 */
export function readSecrets(read: InputReader): string[] {
  const { username, password, token } = {
    username: read('username'),
    password: read('password'),
    token: read('github-token'),
  };
  const encoded = Buffer.from(`${username}:${password}`).toString('base64');
  const signing = [...secretLines(read('attest-key')), read('attest-key-password')];
  return [...(password === '' ? [] : [password, encoded]), token, ...signing].filter((text) => text !== '');
}

/** A key, and each of its lines: one may be printed without the others. */
function secretLines(key: string): string[] {
  const lines = key.split(/\r?\n/).map((line) => line.trim());
  return [key, ...lines.filter((line) => line.length >= 8 && !/^-----.*-----$/.test(line))];
}

/** The input's text; undefined when it is empty. */
export function readText(read: InputReader, name: string): string | undefined {
  const text = read(name);
  return text === '' ? undefined : text;
}

/** A boolean as YAML 1.2 writes it ("core schema"). @throws BimaError INPUT_INVALID */
export function readBoolean(read: InputReader, name: string, fallback: boolean): boolean {
  const text = read(name);
  if (text === '') return fallback;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  throw new BimaError('INPUT_INVALID', `expected true or false for the input "${name}", got "${text}"`);
}

/** One of the words; booleans in any of YAML's cases. @throws BimaError INPUT_INVALID */
export function readChoice<const Word extends string>(
  read: InputReader,
  name: string,
  words: readonly Word[],
  fallback: Word,
): Word {
  const text = read(name);
  if (text === '') return fallback;
  const plain = /^(?:true|false)$/i.test(text) ? text.toLowerCase() : text;
  const chosen = words.find((word) => word === plain);
  if (chosen !== undefined) return chosen;
  const list = words.map((word) => `"${word}"`).join(', ');
  throw new BimaError('INPUT_INVALID', `expected one of ${list} for the input "${name}", got "${text}"`);
}

/**
 * The lines that aren't empty, trimmed; an item in double quotes may hold line breaks.
 * @throws BimaError INPUT_INVALID for quotes that stay open
 */
export function readLines(read: InputReader, name: string): string[] {
  return parseLines(read(name), `the input "${name}"`);
}

/** Everything between white space and commas, also in double quotes. @throws BimaError as `readLines` does */
export function readWords(read: InputReader, name: string): string[] {
  return parseFields(read(name), `the input "${name}"`)
    .flatMap((field) => field.split(/[\s,]/))
    .filter((word) => word !== '');
}

/** Runs what doesn't know that it reads an input, and names the input in its error. @throws BimaError */
export function ofInput<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    const { code, message, hint } = error;
    throw new BimaError(code, `${message} in the input "${name}"`, {
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

/** A whole number in the range. @throws BimaError INPUT_INVALID */
export function readNumber(
  read: InputReader,
  name: string,
  [least, most]: readonly [number, number],
): number | undefined {
  const text = read(name);
  if (text === '') return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new BimaError(
    'INPUT_INVALID',
    `expected a number from ${least} to ${most} for the input "${name}", got "${text}"`,
  );
}

/** Items of `key=value`, one a line. @throws BimaError INPUT_INVALID with every item that is none */
export function readPairs(read: InputReader, name: string): { key: string; value: string }[] {
  const problems: Problem[] = [];
  const pairs = readLines(read, name).flatMap((line) => {
    const equals = line.indexOf('=');
    if (equals > 0) return [{ key: line.slice(0, equals).trim(), value: line.slice(equals + 1) }];
    problems.push({
      code: 'INPUT_INVALID',
      message: `expected lines of key=value in the input "${name}", got "${line}"`,
    });
    return [];
  });
  const [first] = problems;
  if (first !== undefined) throw new BimaError(first.code, first.message, { problems });
  return pairs;
}
