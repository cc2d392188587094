// Writes the generated parts of the documentation: the inputs and outputs of both actions.
// `node scripts/docs.ts --check` only says whether they are up to date.

import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

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
  'README.md': { inputs: () => inputTable(action), outputs: () => outputTable(action) },
  'docs/cleanup.md': { inputs: () => inputTable(cleanup), outputs: () => outputTable(cleanup) },
};

for (const [path, sections] of Object.entries(parts)) {
  const text = readFileSync(path, 'utf8');
  let fresh = text;
  for (const [name, content] of Object.entries(sections)) fresh = replace(fresh, name, content());
  fresh = await format(fresh, { ...(await resolveConfig(path)), filepath: path });
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

function inputTable({ inputs }: Action): string {
  const rows = Object.entries(inputs).map(([name, input]) => {
    const value = input.default === undefined || input.default === '' ? '' : `\`${input.default}\``;
    return `| \`${name}\` | ${value} | ${cell(input.description)} |`;
  });
  return ['| input | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function outputTable({ outputs }: Action): string {
  const rows = Object.entries(outputs).map(
    ([name, { description }]) => `| \`${name}\` | ${cell(description)} |`,
  );
  return ['| output | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** The text of a description in one line of a table, in which `<name>` is no HTML. */
function cell(text: string): string {
  return text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[|<]/g, (character) => `\\${character}`);
}
