// From argv and the environment to a command with its options. Knows their spelling, not their meaning.

import { parseArgs } from 'node:util';
import type { Environment } from '../core/environment.ts';
import { BimaError } from '../core/errors.ts';
import { commands, isCommandName } from './commands.ts';
import type { CommandName, CommandSpec, OptionSpec } from './commands.ts';

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
    return topic !== undefined && isCommandName(topic) ? { type: 'help', command: topic } : { type: 'help' };
  }
  if (!isCommandName(first)) {
    throw new BimaError(
      'INPUT_INVALID',
      `expected a command (${Object.keys(commands).join(', ')}), got "${first}"`,
      {
        hint: 'See "bima --help".',
      },
    );
  }
  const spec: CommandSpec = commands[first];
  // What is handed on is nothing of ours, whatever it looks like.
  const end = spec.handsOn === true ? rest.indexOf('--') : -1;
  const own = end === -1 ? rest : rest.slice(0, end);
  const { values, positionals } = parseOptions(own, first, spec);
  const handedOn = end === -1 ? undefined : rest.slice(end + 1);
  const options = { ...readOptions(values, spec, environment), handedOn };
  if (options.flag('help')) return { type: 'help', command: first };
  return { type: 'command', name: first, options, positionals };
}

type Values = ReadonlyMap<string, readonly (string | boolean)[]>;

function parseOptions(
  args: readonly string[],
  command: CommandName,
  spec: CommandSpec,
): { values: Values; positionals: string[] } {
  const names = new Map(
    Object.entries(spec.options).flatMap(([name, option]) =>
      [name, ...(option.aliases ?? [])].map((alias) => [alias, name]),
    ),
  );
  const config = Object.fromEntries(
    [...names].map(([alias, name]) => [alias, parserOption(spec.options[name], alias === name)]),
  );
  try {
    const { tokens, positionals } = parseArgs({
      args: [...args],
      options: config,
      allowPositionals: true,
      tokens: true,
    });
    const values = new Map<string, (string | boolean)[]>();
    for (const token of tokens) {
      if (token.kind !== 'option') continue;
      const name = names.get(token.name) ?? token.name;
      values.set(name, [...(values.get(name) ?? []), token.value ?? true]);
    }
    return { values, positionals };
  } catch (cause) {
    // The first of its sentences: the others can be on lines of their own.
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s/);
    const needsEquals = reason.endsWith('argument is ambiguous');
    throw new BimaError(
      'INPUT_INVALID',
      `bima ${command}: ${reason.replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`,
      {
        cause,
        hint: needsEquals
          ? 'Give it a value; one that begins with "-" is written after "=", as in --tag=-x.'
          : `See "bima ${command} --help".`,
      },
    );
  }
}

function parserOption(
  spec: OptionSpec | undefined,
  isMain: boolean,
): { type: 'string' | 'boolean'; multiple: boolean; short?: string } {
  const short = isMain ? spec?.short : undefined;
  return { type: spec?.type ?? 'boolean', multiple: true, ...(short === undefined ? {} : { short }) };
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
