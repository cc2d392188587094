// The help texts, made from the table of commands.

import { commands } from './commands.ts';
import type { CommandName, CommandSpec, OptionSpec } from './commands.ts';

export function generalHelp(version: string): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 2;
  const list = Object.entries(commands).map(([name, { summary }]) => `   ${name.padEnd(width)}${summary}`);
  return [
    `NAME:\n   bima - package unikernels as OCI images for urunc (version ${version})`,
    'USAGE:\n   bima COMMAND [options] [arguments]',
    `COMMANDS:\n${list.join('\n')}`,
    'OPTIONS:\n   --help, -h      Show this help; "bima COMMAND --help" shows that of a command\n   --version, -v   Show the version',
  ].join('\n\n');
}

export function commandHelp(name: CommandName): string {
  const { summary, usage, description, options }: CommandSpec = commands[name];
  const rows = Object.entries(options).map(
    ([option, spec]) => [optionNames(option, spec), optionHelp(spec)] as const,
  );
  const lines = rows.map(([names, text]) => `   ${names}\n         ${text}`);
  return [
    `NAME:\n   bima ${name} - ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`,
    `USAGE:\n   ${usage}`,
    description,
    `OPTIONS:\n${lines.join('\n')}`,
  ].join('\n\n');
}

function optionNames(name: string, spec: OptionSpec): string {
  const value = spec.value === undefined ? '' : ` ${spec.value}`;
  const names = [name, ...(spec.aliases ?? [])].map((long) => `--${long}${value}`);
  const short = spec.short === undefined ? [] : [`-${spec.short}${value}`];
  return [...names, ...short].join(', ');
}

function optionHelp(spec: OptionSpec): string {
  const fallback = spec.default === undefined ? '' : ` (default: "${spec.default}")`;
  const env = spec.env === undefined ? '' : ` [$${spec.env}]`;
  return `${spec.help}${fallback}${env}`;
}
