import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import type { CommandName } from '../../src/cli/commands.ts';
import { commandHelp, generalHelp } from '../../src/cli/help.ts';
import { groupOptions } from '../../src/cli/option-groups.ts';

describe('the help', () => {
  for (const name of Object.keys(commands) as CommandName[]) {
    it(`of ${name} has every option once, in groups`, () => {
      const text = commandHelp(name);
      for (const option of Object.keys(commands[name].options))
        assert.equal(
          text
            .split('\n')
            .filter(
              (line) =>
                line.startsWith(`   --${option}`) && new RegExp(`^   --${option}(?![-a-z])`).test(line),
            ).length,
          1,
          option,
        );
      const grouped = groupOptions(commands[name]).flatMap(({ options }) =>
        options.map(([option]) => option),
      );
      assert.deepEqual([...grouped].sort(), Object.keys(commands[name].options).sort());
    });
  }

  it('of build says what is built first, and where it goes next', () => {
    const titles = commandHelp('build').match(/^ ?[A-Z][A-Za-z ]*:$/gm);
    assert.deepEqual(titles?.slice(0, 5), [
      'NAME:',
      'USAGE:',
      'OPTIONS:',
      ' What is built:',
      ' Where it goes:',
    ]);
  });

  it('shows the other spelling of a flag', () => {
    assert.match(commandHelp('build'), /^ {3}--no-reuse, --no-cache, --reuse=false$/m);
  });

  it('lists every command', () => {
    for (const name of Object.keys(commands))
      assert.match(generalHelp('1.2.3'), new RegExp(`^   ${name} `, 'm'));
  });
});
