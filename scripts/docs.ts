// Writes the generated parts of the documentation: the inputs and outputs of the actions, the options of the command line,
// and its manual page.
// `node scripts/docs.ts --check` only says whether they are up to date.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';
import { commands } from '../src/cli/commands.ts';
import type { CommandSpec } from '../src/cli/commands.ts';
import { habits } from '../src/cli/habits.ts';
import { formatOptionHelp, formatOptionNames } from '../src/cli/help.ts';
import { groupOptions } from '../src/cli/option-groups.ts';
import { manPage } from './man-page.ts';

interface Field {
  readonly description: string;
  readonly default?: string;
}

type Fields = Readonly<Record<string, Field>>;

interface Action {
  readonly inputs: Fields;
  readonly outputs: Fields;
}

const action = parse(readFileSync('action.yml', 'utf8')) as Action;
const cleanup = parse(readFileSync('cleanup/action.yml', 'utf8')) as Action;

/** What stands between `<!-- name -->` and `<!-- /name -->`, by file. */
const parts: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'README.md': {
    inputs: () => inputTable(action, firstSentence),
    outputs: () => outputTable(action, firstSentence),
  },
  'docs/action.md': { inputs: () => inputTable(action), outputs: () => outputTable(action) },
  'docs/cli.md': { options: optionTables, habits: habitTable },
  'docs/cleanup.md': { inputs: () => inputTable(cleanup), outputs: () => outputTable(cleanup) },
};

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const written: [path: string, text: string, fresh: string][] = [
  ['docs/bima.1', existsSync('docs/bima.1') ? readFileSync('docs/bima.1', 'utf8') : '', manPage(version)],
];
for (const [path, sections] of Object.entries(parts)) {
  const text = readFileSync(path, 'utf8');
  let fresh = text;
  for (const [name, content] of Object.entries(sections)) fresh = replace(fresh, name, content());
  fresh = await format(fresh, { ...(await resolveConfig(path)), filepath: path });
  written.push([path, text, fresh]);
}
for (const [path, text, fresh] of written) {
  if (!process.argv.includes('--check')) writeFileSync(path, fresh);
  else if (fresh !== text) {
    console.error(`${path} is out of date. Run "npm run docs" and commit it.`);
    process.exitCode = 1;
  }
}

function replace(text: string, name: string, content: string): string {
  const [start, end] = [text.indexOf(`<!-- ${name} -->`), text.indexOf(`<!-- /${name} -->`)];
  if (start === -1 || end < start) throw new Error(`no place for ${name}`);
  return `${text.slice(0, start)}<!-- ${name} -->\n\n${content}\n\n${text.slice(end)}`;
}

function inputTable({ inputs }: Action, shorten = (text: string) => text): string {
  const rows = Object.entries(inputs).map(([name, input]) => {
    const value = input.default === undefined || input.default === '' ? '' : `\`${input.default}\``;
    return `| \`${name}\` | ${value} | ${cell(shorten(input.description))} |`;
  });
  return ['| input | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function outputTable({ outputs }: Action, shorten = (text: string) => text): string {
  const rows = Object.entries(outputs).map(
    ([name, { description }]) => `| \`${name}\` | ${cell(shorten(description))} |`,
  );
  return ['| output | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** What a short table has room for. */
function firstSentence(text: string): string {
  return text.split(/\.(?=\s)/)[0]?.replace(/\.$/, '') ?? '';
}

/** A chapter for each command, with its options in groups. */
function optionTables(): string {
  return Object.entries(commands as Record<string, CommandSpec>)
    .map(([name, spec]) => {
      const groups = groupOptions(spec).map(({ title, options }) => {
        const rows = options.map(
          ([option, one]) => `- \`${formatOptionNames(option, one)}\` — ${line(formatOptionHelp(one))}`,
        );
        return `**${title}**\n\n${rows.join('\n')}`;
      });
      return [`### bima ${name}`, `\`${spec.usage}\``, line(spec.description), ...groups].join('\n\n');
    })
    .join('\n\n');
}

/** What the options of other programs mean. */
function habitTable(): string {
  const rows = habits.map(({ names, note }) => {
    const list = names.map((name) => `\`--${name}\``).join(', ');
    return `| ${list} | ${cell(note)} |`;
  });
  return ['| option | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** Text in one line, in which nothing is Markdown. */
function line(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[<>*_[\]]/g, (character) => `\\${character}`);
}

/** The text of a description in one line of a table, in which `<name>` is no HTML. */
function cell(text: string): string {
  return text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[|<]/g, (character) => `\\${character}`);
}
