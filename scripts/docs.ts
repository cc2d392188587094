// Writes the generated part of docs/architecture.md: every source file with the first sentence of its comment.
// `node scripts/docs.ts --check` only says whether it is up to date.

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const path = 'docs/architecture.md';
const [start, end] = ['<!-- files -->', '<!-- /files -->'];

const text = readFileSync(path, 'utf8');
const before = text.slice(0, text.indexOf(start) + start.length);
const after = text.slice(text.indexOf(end));
const options = { ...(await resolveConfig(path)), filepath: path };
const fresh = await format(`${before}\n\n${fileTable()}\n\n${after}`, options);

if (!process.argv.includes('--check')) writeFileSync(path, fresh);
else if (fresh !== text) {
  console.error(`${path} is out of date. Run "npm run docs" and commit it.`);
  process.exitCode = 1;
}

function fileTable(): string {
  const files = globSync('src/**/*.ts').map((file) => file.replaceAll('\\', '/'));
  const rows = files.sort().map((file) => `| \`${file.slice('src/'.length)}\` | ${firstSentence(file)} |`);
  return ['| file | what it owns |', '| --- | --- |', ...rows].join('\n');
}

function firstSentence(file: string): string {
  const [comment = ''] = /^(?:\/\/.*\n)+/.exec(readFileSync(file, 'utf8')) ?? [];
  const prose = comment
    .replace(/^\/\/ ?/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
  const sentence = /^.*?\.(?= [A-Z`]|$)/.exec(prose)?.[0] ?? prose;
  return sentence.replaceAll('|', '\\|');
}
