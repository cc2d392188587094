// Instructions back to text that parses to the same instructions.

import type { Arguments, Copy, From, Instruction, Stage } from './instruction.ts';
import { formatPair, formatQuoted } from './label-text.ts';
import { formatOwner } from './owner.ts';
import { formatRootfsForm } from './rootfs-flag.ts';
import { platformNames } from './variables.ts';

/** A path that is the same word with and without the rules of quoting. */
const plainPath = /^(?!--|[[#])[^\s"'\\$<\p{C}]+$/u;

const reference = new RegExp(`\\$(?=\\{?(?:${platformNames.join('|')})(?![\\p{L}\\p{Nd}_]))`, 'gu');

/** One instruction a line, with a line feed after each, and its heredocs below it. */
export function formatContainerfile(stages: readonly Stage[]): string {
  return stages
    .flatMap(({ from, instructions }) => [from, ...instructions])
    .map((instruction) => {
      if (instruction.type !== 'copy') return `${formatInstruction(instruction)}\n`;
      const texts = (instruction.documents ?? []).map(({ name, text }) => `${text}${name}\n`);
      return [`${formatCopy(instruction, true)}\n`, ...texts].join('');
    })
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
    case 'env':
      return `ENV ${instruction.pairs.map(({ key, value }) => formatPair(key, value)).join(' ')}`;
    case 'expose':
      return `EXPOSE ${instruction.ports.join(' ')}`;
    case 'healthcheck':
      return `HEALTHCHECK ${endOfLine(instruction.text)}`;
    case 'maintainer':
      return `MAINTAINER ${endOfLine(instruction.name)}`;
    case 'onbuild':
      return `ONBUILD ${endOfLine(instruction.text)}`;
    case 'shell':
      return `SHELL ${formatList(instruction.words)}`;
    case 'stopsignal':
      return `STOPSIGNAL ${instruction.signal}`;
    case 'user':
      return `USER ${formatWord(instruction.user)}`;
    case 'volume':
      return `VOLUME ${formatList(instruction.paths.map((path) => path.replaceAll('$', '\\$$')))}`;
    case 'workdir':
      return `WORKDIR ${formatWord(instruction.path)}`;
  }
}

/** A backslash at the end would continue the line; a no-break space behind it doesn't, and is trimmed when it is read. */
function endOfLine(text: string): string {
  return text.endsWith('\\') ? `${text}\u00a0` : text;
}

function formatFrom({ image, platform, name }: From): string {
  const flag = platform === undefined ? '' : `--platform=${platform} `;
  return `FROM ${flag}${image}${name === undefined ? '' : ` AS ${name}`}`;
}

/** @param quotes whether the names of heredocs are in quotes, since their variables are replaced already */
function formatCopy(copy: Copy, quotes = false): string {
  const { from, sources, documents = [], destination, chmod, chown, isAdd, unpack, checksum } = copy;
  const { rootfs, parents, exclude = [] } = copy;
  const paths = [...sources.map(({ path }) => path), destination];
  const isPlain = documents.length > 0 || paths.every((path) => plainPath.test(path));
  const heredocs = documents.map(({ name }) => `<<${quotes ? formatQuoted(name, '\\') : name}`);
  const words = documents.length > 0 ? paths.map(formatWord) : paths;
  return [
    isAdd === true ? 'ADD' : 'COPY',
    ...(unpack === undefined ? [] : [`--unpack=${unpack}`]),
    ...(checksum === undefined ? [] : [`--checksum=${checksum}`]),
    ...(from === undefined ? [] : [`--from=${formatWord(from.value)}`]),
    ...(rootfs === undefined ? [] : [`--rootfs=${formatRootfsForm(rootfs)}`]),
    ...(chmod === undefined ? [] : [`--chmod=${formatMode(chmod)}`]),
    ...(chown === undefined ? [] : [`--chown=${formatWord(formatOwner(chown))}`]),
    ...(parents === true ? ['--parents'] : []),
    ...exclude.map((pattern) => `--exclude=${formatWord(pattern)}`),
    ...(isPlain
      ? [...words.slice(0, -1), ...heredocs, ...words.slice(-1)]
      : [formatList(paths.map((path) => path.replaceAll('$', '\\$$')))]),
  ].join(' ');
}

function formatMode(mode: number | string): string {
  return typeof mode === 'string' ? mode : mode.toString(8).padStart(4, '0');
}

function formatArguments(args: Arguments): string {
  return args.form === 'exec' ? formatList(args.words.map(withoutReferences)) : args.text;
}

function formatWord(text: string): string {
  return plainPath.test(text) ? text : formatQuoted(text, '\\');
}

/** Only these have a meaning in every file; other variables belong to the guest. */
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
