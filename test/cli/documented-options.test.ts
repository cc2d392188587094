// The table of commands is what docs/cli.md says of it: neither changes alone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { commands, isCommandName } from '../../src/cli/commands.ts';
import type { CommandSpec } from '../../src/cli/commands.ts';
import { habits } from '../../src/cli/habits.ts';
import { commandHelp, formatOptionHelp, formatOptionNames, generalHelp } from '../../src/cli/help.ts';
import { groupOptions } from '../../src/cli/option-groups.ts';

const page = readFileSync('docs/cli.md', 'utf8').replaceAll('\r\n', '\n');

/** What stands between the marks of a generated part. */
function partOf(name: string): string {
  const [, text = ''] = new RegExp(`<!-- ${name} -->\n\n([^]*?)\n\n<!-- /${name} -->`).exec(page) ?? [];
  return text.replace(/\\([<>*_[\]|])/g, '$1');
}

const all: Readonly<Record<string, CommandSpec>> = commands;
const oneLine = (text: string) => text.replace(/\s+/g, ' ');

interface Chapter {
  readonly usage: string;
  readonly description: string;
  readonly groups: readonly (readonly [title: string, options: readonly string[]])[];
}

function readChapters(): ReadonlyMap<string, Chapter> {
  const chapters = partOf('options')
    .split(/^### bima /m)
    .slice(1);
  return new Map(
    chapters.map((text) => {
      const [name = '', usage = '', description = '', ...rest] = text.trim().split('\n\n');
      const groups: [string, string[]][] = [];
      for (const part of rest) {
        const title = /^\*\*(.*)\*\*$/.exec(part)?.[1];
        if (title === undefined) groups.at(-1)?.[1].push(...part.split('\n'));
        else groups.push([title, []]);
      }
      return [name, { usage, description, groups }];
    }),
  );
}

const chapters = readChapters();

describe('the table of commands', () => {
  it('has the commands of the page, in its order', () => {
    assert.deepEqual(Object.keys(all), [...chapters.keys()]);
    for (const name of chapters.keys()) assert.ok(isCommandName(name));
    for (const name of ['', 'constructor', 'toString', 'Build']) assert.ok(!isCommandName(name));
  });

  for (const [name, spec] of Object.entries(all)) {
    it(`says of ${name} what the page says`, () => {
      const chapter = chapters.get(name);
      assert.equal(`\`${spec.usage}\``, chapter?.usage);
      assert.equal(oneLine(spec.description), chapter?.description);
      assert.ok(spec.usage.startsWith(`bima ${name} `));
      const groups = groupOptions(spec).map(({ title, options }) => [
        title,
        options.map(
          ([option, one]) => `- \`${formatOptionNames(option, one)}\` — ${oneLine(formatOptionHelp(one))}`,
        ),
      ]);
      assert.deepEqual(groups, chapter?.groups);
    });

    it(`has a value for the options of ${name} that are texts, and for no flag`, () => {
      for (const [option, { type, value, words, default: fallback, opposites, env }] of Object.entries(
        spec.options,
      )) {
        assert.equal(type, value === undefined ? 'boolean' : 'string', option);
        if (type === 'string') assert.deepEqual([words, opposites], [undefined, undefined], option);
        else assert.deepEqual([fallback, env], [undefined, undefined], option);
      }
    });

    it(`has the help of ${name} in the form of urfave/cli`, () => {
      const { summary, usage, description } = spec;
      const groups = groupOptions(spec).map(({ title, options }) => {
        const lines = options.flatMap(([option, one]) => [
          `   ${formatOptionNames(option, one)}`,
          `         ${formatOptionHelp(one)}`,
        ]);
        return [` ${title}:`, ...lines].join('\n');
      });
      const first = summary.slice(0, 1);
      assert.equal(first, first.toUpperCase());
      assert.ok(isCommandName(name));
      assert.equal(
        commandHelp(name),
        [
          `NAME:\n   bima ${name} - ${first.toLowerCase()}${summary.slice(1)}`,
          `USAGE:\n   ${usage}`,
          description,
          `OPTIONS:\n${groups.join('\n\n')}`,
        ].join('\n\n'),
      );
    });
  }

  it('hands on what stands behind "--" in the usage, and that alone', () => {
    for (const [name, { usage, handsOn = false }] of Object.entries(all))
      assert.equal(handsOn, usage.includes('[-- '), name);
  });

  it('puts options that no group names before those about messages', () => {
    const spec = { type: 'boolean', help: 'x' } as const;
    const options = { help: spec, new: spec, cache: spec, quiet: spec, odd: spec };
    const groups = groupOptions({ summary: '', usage: '', description: '', options });
    assert.deepEqual(
      groups.map(({ title, options: list }) => [title, list.map(([name]) => name)]),
      [
        ['What is reused', ['cache']],
        ['Others', ['new', 'odd']],
        ['Messages', ['quiet', 'help']],
      ],
    );
  });
});

describe('the general help', () => {
  it('has the version, and the commands in a column', () => {
    const text = generalHelp('1.2.3');
    assert.ok(
      text.startsWith('NAME:\n   bima - package unikernels as OCI images for urunc (version 1.2.3)\n\n'),
    );
    const [, list] = /\n\nCOMMANDS:\n([^]*?)\n\n/.exec(text) ?? [];
    const width = 'completion'.length + 2;
    assert.deepEqual(
      list?.split('\n'),
      Object.entries(all).map(([name, { summary }]) => `   ${name.padEnd(width)}${summary}`),
    );
    const titles = [...text.matchAll(/^([A-Z]+):$/gm)].map(([, title]) => title);
    assert.deepEqual(titles, ['NAME', 'USAGE', 'COMMANDS', 'OPTIONS', 'EXAMPLES']);
  });
});

describe('the spellings of an option', () => {
  const rows: readonly [spec: Parameters<typeof formatOptionNames>[1], names: string, help: string][] = [
    [{ type: 'boolean', help: 'H' }, '--x', 'H'],
    [{ type: 'string', value: 'V', help: 'H' }, '--x V', 'H'],
    [{ type: 'string', value: 'V', short: 's', help: 'H' }, '--x V, -s V', 'H'],
    [{ type: 'boolean', short: 's', opposites: ['y', 'z'], help: 'H' }, '--x, --y=false, --z=false, -s', 'H'],
    [
      { type: 'string', value: 'V', aliases: ['y'], help: 'H', default: 'd' },
      '--x V, --y V',
      'H (default: "d")',
    ],
    [{ type: 'boolean', words: ['a', 'b'], help: 'H', env: 'E' }, '--x[=a|b]', 'H [$E]'],
    [{ type: 'string', value: 'V', help: 'H', default: 'd', env: 'E' }, '--x V', 'H (default: "d") [$E]'],
  ];
  for (const [spec, names, help] of rows) {
    it(`are ${names}`, () => {
      assert.equal(formatOptionNames('x', spec), names);
      assert.equal(formatOptionHelp(spec), help);
    });
  }
});

describe('the habits', () => {
  it('are those of the page', () => {
    const rows = partOf('habits').split('\n').slice(2);
    assert.deepEqual(
      rows,
      habits.map(
        ({ names, note }) => `| ${names.map((name) => `\`--${name}\``).join(', ')} | ${oneLine(note)} |`,
      ),
    );
  });
});
