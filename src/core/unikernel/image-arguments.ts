// Entrypoint and Cmd of the image: from urunc v0.6 on, the guest's command line is made of them.

import { argumentWords } from '../containerfile/arguments.ts';
import { quote, suggestion } from '../text.ts';
import type { Cmd, Entrypoint } from '../containerfile/instruction.ts';
import type { Position, Problem } from '../errors.ts';
import { uruncKeys } from './urunc-annotations.ts';
import { lastPairs } from './labels.ts';
import type { LabelInput } from './labels.ts';

export interface ImageArguments {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** For `completeLabels`: what ENTRYPOINT and CMD say together, undefined without either. */
  readonly words: readonly string[] | undefined;
  readonly warnings: readonly Problem[];
}

/** Those of a base image. */
export interface InheritedArguments {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
}

/** The instructions of a build. */
export interface OwnArguments {
  readonly entrypoint?: Entrypoint | undefined;
  readonly cmd?: Cmd | undefined;
  /** What SHELL says at one of them; `/bin/sh -c` by default. */
  readonly shellOf?: (instruction: Entrypoint | Cmd) => readonly string[] | undefined;
}

/**
 * Takes ENTRYPOINT and CMD as they are given, or else as they are inherited, and without either the cmdline label,
 * split at white space. As in Docker, an ENTRYPOINT that is given makes an inherited CMD void.
 * Never the path of the binary: urunc would pass it to the guest as its first argument.
 * @param instructions of each kind the one that counts
 * @param pairs those that `completeLabels` gets
 */
export function imageArguments(
  instructions: OwnArguments,
  pairs: readonly LabelInput[],
  inherited: InheritedArguments = {},
): ImageArguments {
  const labels = lastPairs(pairs);
  const type = labels.get(uruncKeys.unikernelType)?.value ?? '';
  const { entrypoint, cmd } = instructions;
  const isGiven = entrypoint !== undefined || cmd !== undefined;
  if (!isGiven && inherited.entrypoint === undefined && inherited.cmd === undefined)
    return fromLabel(labels.get(uruncKeys.cmdline), type);

  const given = joinArguments(instructions, inherited, type);
  const all = [...(given.entrypoint ?? []), ...(given.cmd ?? [])];
  const warnings = [entrypoint, cmd].flatMap((instruction) => warnOfShell(instruction, type));
  const { position } = cmd ?? entrypoint ?? {};
  const doubts = [...warnOfNothing(all, position), ...warnOfIgnored(all, type, position)];
  return { ...given, words: all, warnings: [...warnings, ...doubts] };
}

/** The same for an ordinary container image: Docker's rules alone, and words as they are. */
export function containerArguments(
  instructions: OwnArguments,
  inherited: InheritedArguments = {},
): ImageArguments {
  return { ...joinArguments(instructions, inherited, 'linux'), words: undefined, warnings: [] };
}

/** As in Docker, an ENTRYPOINT that is given makes an inherited CMD void. */
function joinArguments(
  { entrypoint, cmd, shellOf }: OwnArguments,
  inherited: InheritedArguments,
  type: string,
): InheritedArguments {
  const words = (instruction: Entrypoint | Cmd) => wordsOf(instruction, type, shellOf?.(instruction));
  return {
    ...(entrypoint === undefined || entrypoint.keepsCmd === true ? inherited : {}),
    ...(entrypoint === undefined ? {} : { entrypoint: words(entrypoint) }),
    ...(cmd === undefined ? {} : { cmd: words(cmd) }),
  };
}

function fromLabel(cmdline: LabelInput | undefined, type: string): ImageArguments {
  if (cmdline === undefined) return { words: undefined, warnings: [] };
  const words = wordsOfLabel(cmdline.value);
  const cmd = words.length === 0 ? {} : { cmd: words };
  const { position } = cmdline;
  const warnings = [...warnOfNothing(words, position), ...warnOfIgnored(words, type, position)];
  return { ...cmd, words: undefined, warnings };
}

/** White space as Go's strings.Fields has it, with which urunc itself splits the label. */
function wordsOfLabel(value: string): readonly string[] {
  return value.split(/\p{White_Space}+/u).filter((word) => word !== '');
}

/**
 * What still holds of a base's ENTRYPOINT and CMD beside the labels of the build: nothing, where they only repeat the
 * base's cmdline label and the build has another one.
 * @param ofBase what the base says of its unikernel
 */
export function keptArguments(
  inherited: InheritedArguments,
  ofBase: readonly LabelInput[],
  own: readonly LabelInput[],
): InheritedArguments {
  const before = lastPairs(ofBase).get(uruncKeys.cmdline);
  if (before === undefined || !lastPairs(own).has(uruncKeys.cmdline)) return inherited;
  const words = [...(inherited.entrypoint ?? []), ...(inherited.cmd ?? [])];
  const repeated = wordsOfLabel(before.value);
  const isRepeated = words.length === repeated.length && words.every((word, at) => word === repeated[at]);
  return isRepeated ? {} : inherited;
}

// Docker runs the shell form with a shell. In a Linux guest there may be one, so the same is meant there.
// Any other unikernel is a single program: "/bin/sh -c" would only be two wrong arguments of it.
function wordsOf(
  instruction: Entrypoint | Cmd,
  type: string,
  shell: readonly string[] = ['/bin/sh', '-c'],
): readonly string[] {
  const { arguments: given } = instruction;
  return given.form === 'shell' && type === 'linux' ? [...shell, given.text] : argumentWords(given);
}

function warnOfShell(instruction: Entrypoint | Cmd | undefined, type: string): Problem[] {
  if (instruction?.arguments.form !== 'shell' || type === 'linux') return [];
  const name = instruction.type.toUpperCase();
  return [
    {
      code: 'CONTAINERFILE_UNSUPPORTED',
      message: `expected a JSON list after ${name}, got ${quote(instruction.arguments.text)}, which needs a shell`,
      hint: `Write ${name} ${suggestion(JSON.stringify(argumentWords(instruction.arguments)))}: a unikernel has no shell, so the words are taken as they are.`,
      position: instruction.position,
    },
  ];
}

function warnOfNothing(words: readonly string[], position: Position | undefined): Problem[] {
  if (words.length > 0) return [];
  return [
    {
      code: 'LABEL_INVALID',
      message: 'expected arguments for the guest, got none',
      hint: 'Add CMD ["…"] with at least one word, or name one at each start: Kubernetes and Docker start no image without a command.',
      ...(position === undefined ? {} : { position }),
    },
  ];
}

/** A mewz guest gets nothing of them, in any urunc up to v0.8. */
function warnOfIgnored(words: readonly string[], type: string, position: Position | undefined): Problem[] {
  if (type !== 'mewz' || words.length === 0) return [];
  return [
    {
      code: 'LABEL_INVALID',
      message: `expected no arguments for a guest of the unikernelType "mewz", which ignores them, got ${quote(words.join(' '))}`,
      hint: 'Build them into the unikernel; one word has to stay, since Kubernetes and Docker start no image without a command.',
      ...(position === undefined ? {} : { position }),
    },
  ];
}

/** From urunc v0.6 on, a cmdline label beside an inherited ENTRYPOINT or CMD is not what the guest gets. */
export function warnOfInherited(
  inherited: InheritedArguments,
  own: readonly LabelInput[],
): readonly Problem[] {
  const cmdline = lastPairs(own).get(uruncKeys.cmdline);
  const words = [...(inherited.entrypoint ?? []), ...(inherited.cmd ?? [])];
  if (cmdline === undefined || words.length === 0 || cmdline.value === words.join(' ')) return [];
  return [
    {
      code: 'LABEL_INVALID',
      message: `expected ${quote(words.join(' '))} in "${cmdline.key}", as ENTRYPOINT and CMD of the base image have it, got ${quote(cmdline.value)}`,
      hint: `Add CMD ${suggestion(JSON.stringify(wordsOfLabel(cmdline.value)))}: from v0.6 on, urunc runs the guest with ENTRYPOINT and CMD.`,
      ...(cmdline.position === undefined ? {} : { position: cmdline.position }),
    },
  ];
}
