// Scripts with which shells complete commands and options, made from the table of commands.

import { commands } from './commands.ts';
import type { CommandSpec, OptionSpec } from './commands.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface CompletedOption {
  readonly long: string;
  readonly short: string | undefined;
  readonly takesValue: boolean;
  /** Values to choose from; empty where a value is a path or anything else. */
  readonly choices: readonly string[];
  /** The first sentence, fit for single quotes of each shell. */
  readonly help: string;
}

interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
}

/** Values that are words of a short list. */
const choices: Readonly<Record<string, readonly string[]>> = {
  output: ['ctr', 'tar', 'oci', 'registry'],
  progress: ['auto', 'plain', 'quiet'],
  'fail-on': ['error', 'warning'],
  compression: ['gzip', 'zstd', 'none'],
  'annotation-encoding': ['plain', 'base64'],
};

export function completionScript(shell: Shell): string {
  const list = Object.entries(commands).map(([name, spec]) => describeCommand(name, spec));
  switch (shell) {
    case 'bash':
      return bash(list);
    case 'zsh':
      return zsh(list);
    case 'fish':
      return fish(list);
  }
}

function describeCommand(name: string, { summary, options }: CommandSpec): CompletedCommand {
  return {
    name,
    summary: plain(summary),
    options: Object.entries(options).flatMap(([option, spec]) => describeOption(option, spec)),
  };
}

function describeOption(name: string, { type, short, aliases = [], help }: OptionSpec): CompletedOption[] {
  const more = { takesValue: type === 'string', choices: choices[name] ?? [], help: plain(help) };
  return [name, ...aliases].map((long) => ({ long, short: long === name ? short : undefined, ...more }));
}

/** Without quotes, brackets and colons, which the three shells read each in their own way. */
function plain(text: string): string {
  const sentence = text.split(/[;(:]|\. /)[0] ?? '';
  return sentence.replace(/["'`$\\[\]]/g, '').trim();
}

function spellings({ long, short }: CompletedOption): string[] {
  return [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
}

function bash(list: readonly CompletedCommand[]): string {
  const names = list.map(({ name }) => name).join(' ');
  const options = list.map(
    ({ name, options: all }) => `    ${name}) words='${all.flatMap(spellings).join(' ')}' ;;`,
  );
  const all = new Map(list.flatMap(({ options: some }) => some.map((option) => [option.long, option])));
  const values = [...all.values()].filter((option) => option.takesValue);
  const chosen = values.filter((option) => option.choices.length > 0);
  const paths = values.filter((option) => option.choices.length === 0);
  return `# bash completion of bima: source <(bima completion bash)
_bima() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=''
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$current"))
    return
  fi
  case $previous in
${chosen.map((option) => `    ${spellings(option).join('|')}) COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$current")); return ;;`).join('\n')}
    ${paths.flatMap(spellings).join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case \${COMP_WORDS[1]} in
${options.join('\n')}
    help) words='${names}' ;;
  esac
  [[ \${COMP_WORDS[1]} == completion && $current != -* ]] && words='${shells.join(' ')}'
  if [[ $current == -* || \${COMP_WORDS[1]} == help || \${COMP_WORDS[1]} == completion ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _bima bima`;
}

function zsh(list: readonly CompletedCommand[]): string {
  const names = list.map(({ name, summary }) => `    '${name}:${summary}'`);
  const options = list.map(({ name, options: all }) => {
    const specs = all.flatMap((option) => {
      const value = option.choices.length > 0 ? `:value:(${option.choices.join(' ')})` : ':value:_files';
      return spellings(option).map(
        (spelling) =>
          `'*${spelling}${option.takesValue && spelling.startsWith('--') ? '=' : ''}[${option.help}]${option.takesValue ? value : ''}'`,
      );
    });
    const argument = name === 'completion' ? `'*:shell:(${shells.join(' ')})'` : `'*:file:_files'`;
    return `    ${name}) _arguments ${[...specs, argument].join(' ')} ;;`;
  });
  return `#compdef bima
# zsh completion of bima: source <(bima completion zsh)
_bima() {
  local -a names=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${options.join('\n')}
    help) _describe command names ;;
  esac
}
# From a folder of fpath, this file is the function itself.
if [[ $funcstack[1] == _bima ]]; then _bima "$@"; else compdef _bima bima; fi`;
}

function fish(list: readonly CompletedCommand[]): string {
  const names = list.map(({ name }) => name).join(' ');
  const lines = list.flatMap(({ name, summary, options }) => [
    `complete -c bima -n '__fish_is_nth_token 1' -f -a ${name} -d '${summary}'`,
    ...options.map((option) => {
      const short = option.short === undefined ? '' : ` -s ${option.short}`;
      const value = option.choices.length > 0 ? ` -x -a '${option.choices.join(' ')}'` : ' -r';
      return `complete -c bima -n '__fish_seen_subcommand_from ${name}' -l ${option.long}${short}${option.takesValue ? value : ''} -d '${option.help}'`;
    }),
  ]);
  return [
    '# fish completion of bima: bima completion fish | source',
    ...lines,
    `complete -c bima -n '__fish_seen_subcommand_from completion' -f -a '${shells.join(' ')}'`,
    `complete -c bima -n '__fish_seen_subcommand_from help' -f -a '${names}'`,
  ].join('\n');
}
