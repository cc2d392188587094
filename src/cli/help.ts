// The help texts, made from the table of commands.

import { commands } from './commands.ts';
import type { CommandName, CommandSpec, OptionSpec } from './commands.ts';
import { groupOptions } from './option-groups.ts';

export function generalHelp(version: string): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 2;
  const list = Object.entries(commands).map(([name, { summary }]) => `   ${name.padEnd(width)}${summary}`);
  return [
    `NAME:\n   bima - package unikernels as OCI images for urunc (version ${version})`,
    'USAGE:\n   bima COMMAND [options] [arguments]',
    `COMMANDS:\n${list.join('\n')}`,
    'OPTIONS:\n   --help, -h      Show this help; "bima COMMAND --help" shows that of a command\n   --version, -v   Show the version',
    'EXAMPLES:\n   bima build --tar -t app:1 .                      an archive: app_1.oci.tar\n   bima build --push -t ghcr.io/owner/app:1 .       to a registry\n   sudo bima build -t owner/app:1 .                 into containerd\n   bima lint .                                      what a build would complain about',
  ].join('\n\n');
}

export function commandHelp(name: CommandName): string {
  const spec: CommandSpec = commands[name];
  const { summary, usage, description } = spec;
  const groups = groupOptions(spec).map(({ title, options }) => {
    const lines = options.map(
      ([option, one]) => `   ${formatOptionNames(option, one)}\n         ${formatOptionHelp(one)}`,
    );
    return ` ${title}:\n${lines.join('\n')}`;
  });
  return [
    `NAME:\n   bima ${name} - ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`,
    `USAGE:\n   ${usage}`,
    description,
    `OPTIONS:\n${groups.join('\n\n')}`,
  ].join('\n\n');
}

/** All spellings, such as `--tag NAME, -t NAME`. */
export function formatOptionNames(name: string, spec: OptionSpec): string {
  const words = spec.words === undefined ? '' : `[=${spec.words.join('|')}]`;
  const value = spec.value === undefined ? words : ` ${spec.value}`;
  const names = [name, ...(spec.aliases ?? [])].map((long) => `--${long}${value}`);
  const opposites = (spec.opposites ?? []).map((long) => `--${long}=false`);
  const short = spec.short === undefined ? [] : [`-${spec.short}${value}`];
  return [...names, ...opposites, ...short].join(', ');
}

/** What it means, with its default and its variable. */
export function formatOptionHelp(spec: OptionSpec): string {
  const fallback = spec.default === undefined ? '' : ` (default: "${spec.default}")`;
  const env = spec.env === undefined ? '' : ` [$${spec.env}]`;
  return `${spec.help}${fallback}${env}`;
}
