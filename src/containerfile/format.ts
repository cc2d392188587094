// Instructions back to text that parses to the same instructions.

import type { Arguments, Copy, From, Instruction, Stage } from './instruction.ts';
import { formatPair, formatQuoted } from './label-text.ts';
import { platformNames } from './variables.ts';

/** A path that is the same word with and without the rules of quoting. */
const plainPath = /^(?!--|[[#])[^\s"'\\$<\p{C}]+$/u;

const reference = new RegExp(`\\$(?=\\{?(?:${platformNames.join('|')})(?![\\p{L}\\p{Nd}_]))`, 'gu');

/** One instruction a line, with a line feed after each. */
export function formatContainerfile(stages: readonly Stage[]): string {
  return stages
    .flatMap(({ from, instructions }) => [from, ...instructions])
    .map((instruction) => `${formatInstruction(instruction)}\n`)
    .join('');
}

/** The instruction on one line, as it can stand in a Containerfile with the default escape character. */
export function formatInstruction(instruction: From | Instruction): string {
  switch (instruction.type) {
    case 'from':
      return formatFrom(instruction);
    case 'copy':
      return formatCopy(instruction);
    case 'label':
      return `LABEL ${instruction.pairs.map(({ key, value }) => formatPair(key, value)).join(' ')}`;
    case 'cmd':
      return `CMD ${formatArguments(instruction.arguments)}`;
    case 'entrypoint':
      return `ENTRYPOINT ${formatArguments(instruction.arguments)}`;
  }
}

function formatFrom({ image, platform, name }: From): string {
  const flag = platform === undefined ? '' : `--platform=${platform} `;
  return `FROM ${flag}${image}${name === undefined ? '' : ` AS ${name}`}`;
}

function formatCopy({ from, sources, destination, chmod, chown }: Copy): string {
  const paths = [...sources.map(({ path }) => path), destination];
  return [
    'COPY',
    ...(from === undefined ? [] : [`--from=${formatWord(from.value)}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod.toString(8).padStart(4, '0')}`]),
    ...(chown === undefined ? [] : [`--chown=${chown.uid}:${chown.gid}`]),
    ...(paths.every((path) => plainPath.test(path))
      ? paths
      : [formatList(paths.map((path) => path.replaceAll('$', '\\$$')))]),
  ].join(' ');
}

function formatArguments(args: Arguments): string {
  return args.form === 'exec' ? formatList(args.words.map(withoutReferences)) : args.text;
}

function formatWord(text: string): string {
  return plainPath.test(text) ? text : formatQuoted(text, '\\');
}

/** Only these have a meaning in every file; other variables are the guest's. */
function withoutReferences(text: string): string {
  return text.replaceAll(reference, '\\$&');
}

/** JSON, and nothing in it that is a control character or a line end to somebody. */
function formatList(words: readonly string[]): string {
  const list = `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
  return list.replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
