// HEALTHCHECK: a field that OCI reserves for Docker. A mistake in it never stops a build.

import { quote } from '../text.ts';
import type { Health, Healthcheck } from './instruction.ts';
import { readJsonWords } from './json-words.ts';
import { positionOf } from './statement.ts';
import type { Statement } from './statement.ts';

const durations: Readonly<Record<string, keyof Health>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

/** In nanoseconds, by the units of Go's time.ParseDuration. */
const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Undefined, with a warning, for what can't be read: it is left out. */
export function parseHealthcheck(statement: Statement): Healthcheck | undefined {
  const { text, rest, start } = statement;
  const health = readHealth(text, rest);
  if (typeof health !== 'string') {
    return { type: 'healthcheck', health, text: text.slice(rest), position: positionOf(statement) };
  }
  statement.warn(
    start,
    `HEALTHCHECK is left out: ${health}`,
    'Write HEALTHCHECK --interval=30s CMD ["program"], or HEALTHCHECK NONE.',
  );
  return undefined;
}

/** What is wrong with it, in words, if something is. */
function readHealth(text: string, from: number): Health | string {
  const options: Partial<Record<keyof Health, number>> = {};
  const flag = /--([a-z-]+)=("?)([^\s"]*)\2[ \t]*/y;
  let next = from;
  for (;;) {
    flag.lastIndex = next;
    const match = flag.exec(text);
    if (match === null) break;
    next = flag.lastIndex;
    const [, name = '', , value = ''] = match;
    const field = durations[name];
    if (field !== undefined) {
      const duration = parseDuration(value);
      if (duration === undefined) return `expected a duration such as 30s, got ${quote(value)}`;
      options[field] = duration;
    } else if (name === 'retries') {
      if (!/^\d{1,9}$/.test(value)) return `expected a number of retries, got ${quote(value)}`;
      options.Retries = Number(value);
    } else return `it has no flag ${quote(`--${name}`)}`;
  }
  const given = Object.entries(options).filter(([, value]) => value !== 0);
  const [word = ''] = /^[^ \t]*[ \t]*/.exec(text.slice(next)) ?? [];
  const kind = word.trim().toUpperCase();
  const command = text.slice(next + word.length);
  if (kind === 'NONE') return command === '' ? { Test: ['NONE'] } : 'NONE takes no arguments';
  if (kind !== 'CMD') return `expected CMD or NONE, got ${quote(word.trim())}`;
  if (command === '') return 'CMD has no command';
  const list = command.startsWith('[') ? readJsonWords(command, 0, 'no list') : { message: 'no list' };
  const isList = !('message' in list);
  if (isList && list.length === 0) return 'CMD has no command';
  const Test = isList ? ['CMD', ...list.map(({ value }) => value)] : ['CMD-SHELL', command];
  return { Test, ...Object.fromEntries(given) };
}

function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text.length > 40 || !/^\+?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (units[unit] ?? 0);
  }
  const rounded = Math.round(total);
  // Docker accepts nothing below a millisecond.
  return rounded === 0 || (rounded >= 1e6 && Number.isSafeInteger(rounded)) ? rounded : undefined;
}
