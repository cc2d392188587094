// `cmd`, `entrypoint`, `cmdline` and `envs` of a bunnyfile: the guest's arguments and environment. No variables are replaced in them.

import type { LabelPair } from '../containerfile/instruction.ts';
import { shellRules, splitWords } from '../containerfile/words.ts';
import { quote, suggestion } from '../text.ts';
import type { Section } from './section.ts';
import type { StatedWords } from './stated.ts';

/** Undefined for an empty list, as in bunny: what the base has then stays. */
export function readGuestWords(file: Section, key: 'cmd' | 'entrypoint'): StatedWords | undefined {
  const items = file.words(key, (text) => `Write ${key}: ${listOf(wordsOf(text))}`);
  if (items === undefined || items.length === 0) return undefined;
  return { words: items.map(({ text }) => text), position: file.placeOf(key) };
}

/** The old form of `cmd`, which counts only where that has no words. */
export function readCmdline(file: Section, isReplaced: boolean): StatedWords | undefined {
  const cmdline = file.text('cmdline', { isLiteral: true });
  if (cmdline === undefined) return undefined;
  const { text, position } = cmdline;
  const words = splitWords(text, 0, shellRules);
  const place = file.placeOf('cmdline');
  if (isReplaced) {
    file.warn(place, 'what "cmdline" says is left out: "cmd" says it too', 'Remove "cmdline".');
    return undefined;
  }
  const values = words.map(({ value }) => value);
  if (words.some(({ unclosed }) => unclosed !== undefined)) {
    const hint = 'Write cmd: ["…", "…"] with each argument in quotes of its own.';
    file.error(position, `a quote in ${quote(text)} is never closed`, hint);
    return undefined;
  }
  if (/["'`\\]/.test(text)) {
    const message = `the quotes in "cmdline" are read as a shell reads them: ${quote(text)}`;
    file.warn(position, message, `Write cmd: ${listOf(values)}, which leaves no doubt.`);
  }
  return values.length === 0 ? undefined : { words: values, position: place };
}

/** Entries that aren't `NAME=value` are reported and left out. */
export function readEnvs(file: Section): readonly LabelPair[] {
  const node = file.node('envs');
  if (node?.type === 'mapping') {
    const [first] = node.entries;
    const value = first?.value.type === 'scalar' ? first.value.text : 'value';
    const hint = `Write "- ${suggestion(first?.key ?? 'NAME')}=${suggestion(value)}".`;
    file.error(node.position, 'expected a list in "envs", got a mapping', hint);
    return [];
  }
  const items = file.words('envs', (text) => `Write envs: ${listOf([text])}`) ?? [];
  return items.flatMap(({ text, position }): LabelPair[] => {
    const equals = text.indexOf('=');
    if (equals > 0 && !text.includes('\0'))
      return [{ key: text.slice(0, equals), value: text.slice(equals + 1), position }];
    file.error(position, `expected NAME=value in "envs", got ${quote(text)}`, 'Write "- NAME=value".');
    return [];
  });
}

function wordsOf(text: string): readonly string[] {
  return splitWords(text, 0, shellRules).map(({ value }) => value);
}

function listOf(words: readonly string[]): string {
  return suggestion(`[${words.map((word) => JSON.stringify(word)).join(', ')}]`);
}
