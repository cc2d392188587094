// Lists as Docker's actions read them: lines of comma-separated values (RFC 4180), in which an item in double quotes may
// hold commas and line breaks. Pure.

import { BimaError } from './errors.ts';

/**
 * One item for each line, with its commas, trimmed; empty ones are left out.
 * @param place what the text comes from, for errors
 * @throws BimaError INPUT_INVALID for a double quote that isn't closed
 */
export function parseLines(text: string, place: string): string[] {
  return parseRecords(text, place, false)
    .map((fields) => fields.join(',').trim())
    .filter((item) => item !== '');
}

/** Each field of each line, trimmed; empty ones are left out. @throws BimaError INPUT_INVALID as `parseLines` does */
export function parseFields(text: string, place: string): string[] {
  return parseRecords(text, place, true)
    .flat()
    .map((field) => field.trim())
    .filter((field) => field !== '');
}

/** @param isLoose true where blanks may stand before each quoted field; otherwise only before the first of a line */
function parseRecords(text: string, place: string, isLoose: boolean): string[][] {
  const records: string[][] = [[]];
  for (let position = 0; position < text.length;) {
    const isFirst = records.at(-1)?.length === 0;
    const start = isLoose || isFirst ? endOf(/[ \t]*/y, text, position) : position;
    const { value, end } = readQuoted(text, start, place) ?? readPlain(text, position);
    records.at(-1)?.push(value);
    if (text[end] === '\n') records.push([]);
    // What follows the last comma is an empty field.
    else if (end === text.length - 1) records.at(-1)?.push('');
    position = end + 1;
  }
  return records;
}

interface Field {
  readonly value: string;
  /** The offset of the comma or the line feed behind it. */
  readonly end: number;
}

/** Undefined for a field that doesn't begin with a double quote. */
function readQuoted(text: string, opening: number, place: string): Field | undefined {
  if (text[opening] !== '"') return undefined;
  let value = '';
  for (let from = opening + 1; ;) {
    const closing = text.indexOf('"', from);
    if (closing === -1) {
      // Without the text: the value of a build argument may be a secret.
      const line = text.slice(0, opening).split('\n').length;
      throw new BimaError(
        'INPUT_INVALID',
        `expected a closing double quote in ${place} for the one in line ${line}, got none`,
        { hint: 'Close it at the end of the item, and write a double quote within one twice.' },
      );
    }
    value += text.slice(from, closing);
    if (text[closing + 1] === '"') {
      value += '"';
      from = closing + 2;
      continue;
    }
    const end = endOf(/[ \t\r]*/y, text, closing + 1);
    const isWhole = end === text.length || text[end] === ',' || text[end] === '\n';
    if (isWhole) return { value, end };
    // Docker keeps the quotes of a field that goes on behind them.
    const rest = readPlain(text, closing + 1);
    return { value: `"${value}"${rest.value}`, end: rest.end };
  }
}

function readPlain(text: string, start: number): Field {
  const end = endOf(/[^,\n]*/y, text, start);
  return { value: text.slice(start, end), end };
}

/** Where a match that begins at an offset ends. @param pattern sticky, and matching nothing as well */
function endOf(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
}
