// What random ignore files say of random paths, in lines that two systems can compare. As a program: SEED COUNT.

import { parseIgnoreFile } from '../../src/core/files/ignore.ts';
import { BimaError } from '../../src/core/errors.ts';
import { chanceOf } from './seeded.ts';

const parts = [
  'a',
  'b',
  'ab',
  '*',
  '?',
  '**',
  '[ab]',
  '[^a]',
  '\\a',
  '\\*',
  'a\\[',
  '\\',
  '.',
  '..',
  'A',
  'a b',
  'é',
];
const names = ['a', 'b', 'ab', 'A', 'a b', 'é', 'a[', '*', 'a\\b', '\\', 'a.b'];

/** One line for each of `count` files: a 1 or a 0 for each of twenty paths, or the code of what is wrong with it. */
export function ignoreVerdicts(seed: string, count: number): string[] {
  const chance = chanceOf(seed);
  const some = (items: readonly string[], most: number, separator: () => string) =>
    Array.from({ length: chance.int(1, most) }, () => chance.pick(items)).reduce(
      (all, item) => all + separator() + item,
    );
  return Array.from({ length: count }, (_, index) => {
    const lines = Array.from(
      { length: chance.int(1, 4) },
      () => chance.pick(['', '', '!']) + some(parts, 4, () => chance.pick(['/', '/', '', '\\'])),
    );
    const paths = Array.from({ length: 20 }, () => some(names, 3, () => '/'));
    return `${index} ${verdict(lines.join(chance.pick(['\n', '\r\n'])), paths)}`;
  });
}

function verdict(text: string, paths: readonly string[]): string {
  try {
    const rules = parseIgnoreFile(text, '.dockerignore');
    return paths.map((path) => (rules.ignores(path) ? '1' : '0')).join('');
  } catch (error) {
    // Anything else is a fault, and ends the program.
    if (error instanceof BimaError) return error.code;
    throw error;
  }
}

if (import.meta.main) {
  const [seed = '', count = ''] = process.argv.slice(2);
  console.log(ignoreVerdicts(seed, Number(count)).join('\n'));
}
