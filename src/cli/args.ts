// From argv and the environment to a command with its options. Knows their spelling, not their meaning.

import { parseArgs } from 'node:util';
import type { Environment } from '../core/environment.ts';
import { BimaError, throwProblems } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import { nearest } from '../core/suggest.ts';
import { commands, isCommandName } from './commands.ts';
import type { CommandName, CommandSpec, OptionSpec } from './commands.ts';
import { foreignCommands, habitOf } from './habits.ts';
import type { Meaning } from './habits.ts';
import { readOutputAttributes } from './output-attributes.ts';

/** The values of the options that were given, or that the environment or a default gives. */
export interface Options {
  /** The last value given. */
  string(name: string): string | undefined;
  /** All values given, in order. */
  strings(name: string): readonly string[];
  flag(name: string): boolean;
  /** True when the option stands on the command line itself. */
  isGiven(name: string): boolean;
  /** What stands behind `--`, for a command that hands it on; undefined without one. */
  readonly handedOn?: readonly string[] | undefined;
}

export type Invocation =
  | { readonly type: 'help'; readonly command?: CommandName }
  | { readonly type: 'version' }
  | {
      readonly type: 'command';
      readonly name: CommandName;
      readonly options: Options;
      readonly positionals: readonly string[];
    };

/** @throws BimaError INPUT_INVALID for anything that the table of commands doesn't have */
export function parseArguments(argv: readonly string[], environment: Environment): Invocation {
  const [first, ...rest] = argv;
  if (first === undefined || first === '--help' || first === '-h') return { type: 'help' };
  if (first === '--version' || first === '-v' || first === 'version') return { type: 'version' };
  if (first === 'help') {
    const [topic] = rest;
    if (topic === undefined || topic.startsWith('-')) return { type: 'help' };
    return { type: 'help', command: mustBeCommand(topic) };
  }
  const name = mustBeCommand(first);
  const spec: CommandSpec = commands[name];
  // What is handed on is nothing of ours, whatever it looks like.
  const end = spec.handsOn === true ? rest.indexOf('--') : -1;
  const own = end === -1 ? rest : rest.slice(0, end);
  const { values, positionals } = parseOptions(own, name, spec);
  const handedOn = end === -1 ? undefined : rest.slice(end + 1);
  const options = { ...readOptions(values, spec, environment), handedOn };
  if (options.flag('help')) return { type: 'help', command: name };
  return { type: 'command', name, options, positionals };
}

function mustBeCommand(word: string): CommandName {
  if (isCommandName(word)) return word;
  const names = Object.keys(commands);
  throw new BimaError('INPUT_INVALID', `expected a command (${names.join(', ')}), got "${word}"`, {
    hint: [...hintsForCommand(word, names), 'See "bima --help".'].join(' '),
  });
}

function hintsForCommand(word: string, names: readonly string[]): readonly string[] {
  const foreign = Object.hasOwn(foreignCommands, word) ? foreignCommands[word] : undefined;
  if (foreign !== undefined) return [foreign];
  if (word.startsWith('-')) return ['Options stand behind the command: bima build --tar FOLDER.'];
  if (/^[.~]|[/\\]/.test(word)) return [`To build a folder, write "bima build ${word}".`];
  const close = nearest(word, names);
  return close === undefined ? [] : [`Did you mean "${close}"?`];
}

type Values = ReadonlyMap<string, readonly (string | boolean)[]>;

/** What an option is called here, and whether the name stands for its opposite. */
interface OptionName {
  readonly option: string;
  readonly spec: OptionSpec;
  readonly isOpposite: boolean;
}

interface GivenOption {
  /** Without dashes. */
  readonly name: string;
  /** As it was written, with dashes. */
  readonly written: string;
  /** Undefined for none. */
  readonly value: string | undefined;
  /** False when the value is an argument of its own. */
  readonly isInline: boolean;
}

function parseOptions(
  args: readonly string[],
  command: CommandName,
  spec: CommandSpec,
): { values: Values; positionals: string[] } {
  const names = optionNames(spec);
  const values = new Map<string, (string | boolean)[]>();
  const positionals: string[] = [];
  const problems: Problem[] = [];
  const add = (option: string, value: string | boolean) => {
    if (option === '' && typeof value === 'string') positionals.push(value);
    else values.set(option, [...(values.get(option) ?? []), value]);
  };
  const { tokens } = parseArgs({
    args: joinAttributes(args),
    options: parserOptions(names),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const isInline = token.inlineValue === true;
    // A short option may have its value behind "=" as well.
    const isShort = !token.rawName.startsWith('--');
    const value = isShort && isInline ? token.value.replace(/^=/, '') : token.value;
    try {
      const given = { name: token.name, written: token.rawName, value, isInline };
      for (const [option, one] of meaningOf(given, names, command)) add(option, one);
    } catch (error) {
      if (!(error instanceof BimaError)) throw error;
      problems.push(...error.problems);
    }
  }
  throwProblems(problems);
  return { values, positionals };
}

/** docker buildx has the attributes of this option as an argument of their own; here it is a flag. */
function joinAttributes(args: readonly string[]): string[] {
  return args.flatMap((arg, at) => {
    if (arg === '--attest' && args[at + 1]?.startsWith('type=') === true)
      return [`${arg}=${args[at + 1] ?? ''}`];
    return args[at - 1] === '--attest' && arg.startsWith('type=') ? [] : [arg];
  });
}

function optionNames({ options }: CommandSpec): ReadonlyMap<string, OptionName> {
  return new Map<string, OptionName>(
    Object.entries(options).flatMap(([option, spec]): [string, OptionName][] => [
      ...[option, ...(spec.aliases ?? [])].map((name): [string, OptionName] => [
        name,
        { option, spec, isOpposite: false },
      ]),
      ...(spec.opposites ?? []).map((name): [string, OptionName] => [
        name,
        { option, spec, isOpposite: true },
      ]),
    ]),
  );
}

type ParserOptions = Record<string, { type: 'string' | 'boolean'; multiple: true; short?: string }>;

function parserOptions(names: ReadonlyMap<string, OptionName>): ParserOptions {
  const known = [...names].map(([name, { option, spec }]) => {
    const short = name === option ? spec.short : undefined;
    return [name, { type: spec.type, multiple: true, ...(short === undefined ? {} : { short }) }] as const;
  });
  const foreign = [...habitOf]
    .filter(([name]) => !names.has(name))
    .map(([name, { value }]) => {
      return [name, { type: value === 'none' ? 'boolean' : 'string', multiple: true }] as const;
    });
  return Object.fromEntries([...known, ...foreign]);
}

/** @throws BimaError INPUT_INVALID */
function meaningOf(
  given: GivenOption,
  names: ReadonlyMap<string, OptionName>,
  command: CommandName,
): Meaning {
  const { name, written, value } = given;
  const known = names.get(name);
  const habit = habitOf.get(name);
  const isWord = known?.spec.words?.includes((value ?? 'true').toLowerCase()) === true;
  if (!isWord && (value !== undefined || known === undefined)) {
    const read =
      name === 'output' || name === 'out' ? readOutputAttributes(value ?? '') : habit?.read?.(value);
    if (read?.every(([option]) => option === '' || names.has(option)) === true) return read;
  }
  if (known === undefined) {
    const what = value === undefined || habit === undefined ? '' : ` with the value "${value}"`;
    const hidden = habit !== undefined && isSecret.test(name) ? '' : what;
    throw new BimaError('INPUT_INVALID', `bima ${command} has no option ${written}${hidden}`, {
      hint: hintForOption(name, names, command),
    });
  }
  if (known.spec.words !== undefined) return [[known.option, readWord(given, known.spec.words, habit?.note)]];
  return [[known.option, known.spec.type === 'string' ? mustBeText(given) : readFlag(given, known)]];
}

/** A flag with more values than two. */
function readWord(
  { written, value }: GivenOption,
  words: readonly string[],
  note: string | undefined,
): string {
  const word = (value ?? 'true').toLowerCase();
  if (words.includes(word)) return word;
  const list = words.map((one) => `"${one}"`).join(', ');
  throw new BimaError('INPUT_INVALID', `expected one of ${list} behind ${written}=, got "${value ?? ''}"`, {
    ...(note === undefined ? {} : { hint: note }),
  });
}

/** Options whose value nobody should print. */
const isSecret = /token|password|creds|secret|attest-key/;

function hintForOption(name: string, names: ReadonlyMap<string, OptionName>, command: CommandName): string {
  const note = habitOf.get(name)?.note;
  if (note !== undefined) return note;
  const close = name.length === 1 ? undefined : nearest(name, [...names.keys(), ...habitOf.keys()]);
  return `${close === undefined ? '' : `Did you mean --${close}? `}See "bima ${command} --help".`;
}

function mustBeText({ written, value, isInline }: GivenOption): string {
  const looksLikeOption = value !== undefined && !isInline && /^-./.test(value);
  if (value !== undefined && !looksLikeOption) return value;
  const got = value === undefined ? 'none' : `the option "${value}"`;
  throw new BimaError('INPUT_INVALID', `expected a value for ${written}, got ${got}`, {
    hint: `One that begins with "-" is written after "=", as in ${written.startsWith('--') ? written : '--tag'}=-x.`,
  });
}

/** As Go's flags are read, for which many hands are trained. */
function readFlag({ written, value }: GivenOption, { isOpposite }: OptionName): boolean {
  if (value === undefined || /^(?:true|t|1)$/i.test(value)) return !isOpposite;
  if (/^(?:false|f|0)$/i.test(value)) return isOpposite;
  throw new BimaError('INPUT_INVALID', `expected true or false for ${written}, got "${value}"`);
}

function readOptions(values: Values, spec: CommandSpec, environment: Environment): Options {
  const strings = (name: string): readonly string[] => {
    const given = values.get(name)?.filter((value) => typeof value === 'string');
    if (given !== undefined) return given;
    const option = spec.options[name];
    const fallback = (option?.env === undefined ? undefined : environment[option.env]) ?? option?.default;
    return fallback === undefined || fallback === '' ? [] : [fallback];
  };
  return {
    string: (name) => strings(name).at(-1),
    strings,
    flag: (name) => values.get(name)?.at(-1) === true,
    isGiven: (name) => values.has(name),
  };
}
