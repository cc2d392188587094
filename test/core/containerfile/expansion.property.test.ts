// Expansion against a model: words are made together with what they must become.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from './parse.ts';

const numRuns = 1000;
const variables = { ONE: 'one', TWO: 'two words', EMPTY: '', ODD: `it's "$ONE" \\` } as const;
const buildArguments = new Map(Object.entries(variables));
const declared = `ARG ${Object.keys(variables).join(' ')} UNSET`;
const names = [...Object.keys(variables), 'UNSET'] as (keyof typeof variables | 'UNSET')[];

/** A piece of a word: how it is written in double quotes, and what it stands for. */
interface Piece {
  readonly written: string;
  readonly meant: string;
}

const plain: fc.Arbitrary<Piece> = fc
  .stringMatching(/^[a-z0-9 .:=/é]{1,5}$/u)
  // Digits and letters would go on with a name before them.
  .map((text) => ({ written: `.${text}`, meant: `.${text}` }));
const escaped: fc.Arbitrary<Piece> = fc
  .constantFrom('$', '"', '\\')
  .map((character) => ({ written: `\\${character}`, meant: character }));

function valueOf(name: (typeof names)[number]): string | undefined {
  return name === 'UNSET' ? undefined : variables[name];
}

const { word } = fc.letrec<{ word: readonly Piece[]; piece: Piece; reference: Piece; modified: Piece }>(
  (tie) => ({
    word: fc.array(tie('piece'), { maxLength: 4 }),
    piece: fc.oneof({ depthSize: 'small' }, plain, escaped, tie('reference'), tie('modified')),
    reference: fc.tuple(fc.constantFrom(...names), fc.boolean()).map(([name, inBraces]) => ({
      written: inBraces ? `\${${name}}` : `$${name}`,
      meant: valueOf(name) ?? '',
    })),
    modified: fc
      .tuple(fc.constantFrom(...names), fc.constantFrom('-', ':-', '+', ':+'), tie('word'))
      .map(([name, modifier, inner]) => {
        const value = valueOf(name);
        const isThere = modifier.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
        const other = inner.map(({ meant }) => meant).join('');
        const meant = modifier.endsWith('+') ? (isThere ? other : '') : isThere ? (value ?? '') : other;
        // Inside of braces the quotes around the word don't count.
        const quoted = inner.map(({ written }) => written).join('');
        return { written: `\${${name}${modifier}${quoted}}`, meant };
      }),
  }),
);

const joined = word.map((pieces) => ({
  written: pieces.map(({ written }) => written).join(''),
  meant: pieces.map(({ meant }) => meant).join(''),
}));

describe('references in words', () => {
  it('become what they mean in LABEL and ARG', () => {
    fc.assert(
      fc.property(joined, ({ written, meant }) => {
        // The words of an instruction are split before anything is expanded: quotes inside would end these.
        fc.pre(!written.replaceAll('\\"', '').includes('"'));
        const text = `${declared}\nARG X="${written}"\nLABEL a="${written}" "b"="$X"\n`;
        const { instructions, errors, warnings } = parse(text, { buildArguments });
        assert.deepEqual([errors, warnings], [[], []]);
        const [label] = instructions;
        assert.ok(label?.type === 'label');
        assert.deepEqual(
          label.pairs.map(({ value }) => value),
          [meant, meant],
        );
      }),
      { numRuns },
    );
  });

  it('become what they mean in COPY, and never another word', () => {
    fc.assert(
      fc.property(joined, ({ written, meant }) => {
        const text = `${declared}\nCOPY "a${written}" "b${written}/"\n`;
        const [copy] = parse(text, { buildArguments }).instructions;
        assert.ok(copy?.type === 'copy');
        assert.deepEqual(
          copy.sources.map(({ path }) => path),
          [`a${meant}`],
        );
        assert.equal(copy.destination, `b${meant}/`);
      }),
      { numRuns },
    );
  });

  it('stay what they are in single quotes', () => {
    fc.assert(
      fc.property(joined, ({ written }) => {
        const [label] = parse(`${declared}\nLABEL a='${written}'\n`, { buildArguments }).instructions;
        assert.equal(label?.type === 'label' && label.pairs[0]?.value, written);
      }),
      { numRuns },
    );
  });
});
