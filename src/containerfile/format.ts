// Instructions back to text that parses to the same instructions.

import type { Arguments, Copy, From, Instruction } from './instruction.ts';
import { formatPair } from './label-text.ts';

/** A path that is the same word with and without the rules of quoting. */
const plainPath = /^(?!--|[[#])[^\s"'\\$<\p{C}]+$/u;

/** One instruction a line, with a line feed after each. */
export function formatContainerfile(instructions: readonly Instruction[]): string {
  return instructions.map((instruction) => `${formatInstruction(instruction)}\n`).join('');
}

/** The instruction on one line, as it can stand in a Containerfile with the default escape character. */
export function formatInstruction(instruction: Instruction): string {
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

function formatCopy({ sources, destination, chmod, chown }: Copy): string {
  const paths = [...sources.map(({ path }) => path), destination];
  return [
    'COPY',
    ...(chmod === undefined ? [] : [`--chmod=${chmod.toString(8).padStart(4, '0')}`]),
    ...(chown === undefined ? [] : [`--chown=${chown.uid}:${chown.gid}`]),
    ...(paths.every((path) => plainPath.test(path)) ? paths : [formatList(paths)]),
  ].join(' ');
}

function formatArguments(args: Arguments): string {
  return args.form === 'exec' ? formatList(args.words) : args.text;
}

/** JSON, and nothing in it that is a control character or a line end to somebody. */
function formatList(words: readonly string[]): string {
  const list = `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
  return list.replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
