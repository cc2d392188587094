// The manual page of the command line in roff, made from the table of commands.

import { commands } from '../src/cli/commands.ts';
import type { CommandSpec } from '../src/cli/commands.ts';
import { formatOptionHelp, formatOptionNames } from '../src/cli/help.ts';
import { groupOptions } from '../src/cli/option-groups.ts';

const exitCodes: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'Done.'],
  ['1', 'The command failed, and says why.'],
  ['2', 'Wrong usage.'],
  [
    '130',
    'Interrupted; nothing is left behind. 143 is the same by SIGTERM, 129 by SIGHUP, 149 by Ctrl-Break.',
  ],
];

const variables: readonly (readonly [name: string, meaning: string])[] = [
  ['SOURCE_DATE_EPOCH', 'Date of the image and its files, in seconds since 1970.'],
  ['DOCKER_CONFIG, REGISTRY_AUTH_FILE, DOCKER_AUTH_CONFIG', 'Where credentials are.'],
  ['HTTPS_PROXY, HTTP_PROXY, NO_PROXY', 'The proxy, and what goes without one.'],
  ['NODE_EXTRA_CA_CERTS', 'Certificates that are trusted besides the usual ones.'],
];

export function manPage(version: string): string {
  const parts = Object.entries(commands).map(([name, spec]) => commandPart(name, spec));
  return `${[
    `.TH BIMA 1 "" "bima ${text(version)}" "bima"`,
    '.SH NAME',
    'bima \\- package unikernels as OCI images for urunc',
    '.SH SYNOPSIS',
    ...Object.values(commands).flatMap(({ usage }) => [`.B ${text(usage)}`, '.br']),
    '.SH DESCRIPTION',
    text(
      'bima turns a Containerfile and a folder into an OCI image that urunc boots, and takes it to a file, a registry or containerd. It needs no daemon, and runs no program of the image.',
    ),
    '.SH COMMANDS',
    ...parts,
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    '.SH ENVIRONMENT',
    ...variables.flatMap(([name, meaning]) => ['.TP', `.B ${text(name)}`, text(meaning)]),
    '.SH SEE ALSO',
    '.BR ctr (8),',
    text('https://github.com/nubificus/bima-action, https://urunc.io'),
  ].join('\n')}\n`;
}

function commandPart(name: string, spec: CommandSpec): string {
  const groups = groupOptions(spec).flatMap(({ title, options }) => [
    '.PP',
    `.I ${text(title)}`,
    ...options.flatMap(([option, one]) => [
      '.TP',
      `.B ${text(formatOptionNames(option, one))}`,
      text(formatOptionHelp(one)),
    ]),
  ]);
  return [`.SS ${text(name)}`, `${text(spec.summary)}.`, '.PP', text(spec.description), ...groups].join('\n');
}

/** A line of text: a dash stays the one of the keyboard, and nothing at its start is a request. */
function text(words: string): string {
  return words
    .replace(/\s+/g, ' ')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
