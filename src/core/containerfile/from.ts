// FROM: [--platform=…] image [AS name].

import { quote } from '../text.ts';
import type { From } from './instruction.ts';
import { expandWord, warnOfMachine } from './references.ts';
import { findStage } from './stage.ts';
import { checkWords, isInlineComment, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, splitWords } from './words.ts';
import type { Word } from './words.ts';

const form = 'Write FROM scratch, or FROM image AS name.';
const stageName = /^[a-z][a-z0-9_.-]*$/i;
/** Looser than a reference: whoever reads the base image checks that. */
const plain = /^[^\s"'\\$#-][^\s"'\\$]*$/;

/**
 * Undefined, with errors reported, when the base image can't be read.
 * @param stages those before this one
 */
export function parseFrom(statement: Statement, stages: readonly From[]): From | undefined {
  const words = splitWords(statement.text, statement.rest, dockerfileRules(statement.escape));
  if (!checkWords(statement, words)) return undefined;
  const comment = words.findIndex((word) => isInlineComment(statement, word));
  const meant = (comment === -1 ? words : words.slice(0, comment))
    .filter((word) => !isDefaultPlatform(statement, word))
    .map((word) => expandWord(statement, word));
  if (meant.some(({ hasFailed }) => hasFailed)) return undefined;

  const isFlag = (word: Word) => statement.text.startsWith('--', word.start);
  const firstOperand = meant.findIndex((word) => !isFlag(word));
  const flags = firstOperand === -1 ? meant : meant.slice(0, firstOperand);
  const [image, as, name, ...others] = firstOperand === -1 ? [] : meant.slice(firstOperand);
  const platform = readPlatform(statement, flags);
  if (image === undefined) {
    if (comment === -1) statement.error(statement.start, 'FROM names no base image', form);
    return undefined;
  }
  if (!plain.test(image.value)) {
    statement.error(image.start, `expected the name of a base image, got ${quote(image.value)}`, form);
    return undefined;
  }
  const stage = findStage(stages, image.value);
  const base = {
    type: 'from',
    image: image.value,
    ...(stage === undefined ? {} : { stage }),
    ...(platform === undefined ? {} : { platform }),
    position: positionOf(statement),
    imagePosition: statement.positionAt(image.start),
  } as const;
  if (as === undefined) return base;
  if (as.value.toUpperCase() !== 'AS') {
    statement.error(as.start, `expected AS after the base image, got ${quote(as.value)}`, form);
    return { ...base, name: (others.at(-1) ?? name ?? as).value };
  }
  if (name === undefined) {
    if (comment === -1) statement.error(as.start, 'expected a name after AS', form);
    return base;
  }
  if (!stageName.test(name.value)) {
    const hint = 'It has letters, digits, "_", "-" and ".", and begins with a letter.';
    statement.error(name.start, `expected a name after AS, got ${quote(name.value)}`, hint);
    return { ...base, name: name.value };
  }
  const [other] = others;
  if (other !== undefined) {
    statement.error(other.start, `expected nothing after the name, got ${quote(other.value)}`, form);
  }
  return { ...base, name: name.value };
}

/** The stand-in for a FROM that can't be read, with the name of its stage. */
export function faultyFrom(statement: Statement): From {
  const position = positionOf(statement);
  const words = splitWords(statement.text, statement.rest, dockerfileRules(statement.escape));
  const name = words.at(-1)?.value;
  return {
    type: 'from',
    image: 'scratch',
    isFaulty: true,
    position,
    imagePosition: position,
    ...(words.length < 2 || name === undefined ? {} : { name }),
  };
}

/** The platform is that of the base anyway, even where nobody named it. */
function isDefaultPlatform(statement: Statement, { start, end }: Word): boolean {
  const { text, variables } = statement;
  const written = /^--platform="?\$(?:((?:TARGET|BUILD)PLATFORM)|\{((?:TARGET|BUILD)PLATFORM)\})"?$/;
  const [, bare, braced] = written.exec(text.slice(start, end)) ?? [];
  const name = bare ?? braced;
  const isDefault =
    name !== undefined && [name, 'TARGETPLATFORM'].every((known) => variables.value(known) === undefined);
  if (isDefault && name === 'BUILDPLATFORM') warnOfMachine(statement, name, statement.start);
  return isDefault;
}

function readPlatform(statement: Statement, flags: readonly Word[]): string | undefined {
  let platform: string | undefined;
  for (const { start, value } of flags) {
    const [, given] = /^--platform=(.*)$/s.exec(value) ?? [];
    if (given === undefined && value !== '--platform') {
      const hint = 'FROM takes --platform=os/architecture only.';
      statement.error(start, `FROM has no flag ${quote(value)}`, hint, 'CONTAINERFILE_UNSUPPORTED');
    } else if (given === undefined || !plain.test(given)) {
      const hint = 'Write it as --platform=linux/amd64.';
      statement.error(start, `expected a platform, got ${quote(given ?? '')}`, hint);
    } else if (platform !== undefined) {
      statement.error(start, 'the flag "--platform" is given twice', 'Remove one of the two.');
    } else {
      platform = given;
    }
  }
  return platform;
}
