import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptedUpTo, chunkFor, parseRangeEnd } from '../../../src/adapters/registry/chunked-upload.ts';
import { endpointOf } from '../../../src/adapters/http/endpoints.ts';

const mebibyte = 1024 * 1024;

describe('chunkFor', () => {
  const rows: readonly {
    readonly name: string;
    readonly size: number;
    readonly minimum?: number;
    readonly refused?: number;
    readonly wanted?: number;
    readonly chunk: number | undefined;
  }[] = [
    { name: 'no chunks by default', size: 9e9, chunk: undefined },
    { name: 'the size that was asked for', size: 100, wanted: 30, chunk: 30 },
    { name: 'no chunks for a blob that fits one', size: 30, wanted: 30, chunk: undefined },
    { name: "the registry's minimum", size: 100, wanted: 30, minimum: 50, chunk: 50 },
    {
      name: 'no chunks for a minimum beyond the blob',
      size: 100,
      wanted: 30,
      minimum: 1e9,
      chunk: undefined,
    },
    { name: 'below what was refused', size: 300 * mebibyte, refused: 300 * mebibyte, chunk: 64 * mebibyte },
    {
      name: 'smaller after another refusal',
      size: 300 * mebibyte,
      refused: 64 * mebibyte,
      chunk: 8 * mebibyte,
    },
    {
      name: 'below what was refused, whatever was asked for',
      size: 9 * mebibyte,
      refused: 2 * mebibyte,
      wanted: 4 * mebibyte,
      chunk: mebibyte,
    },
    { name: 'whole, below what was refused', size: mebibyte, refused: 2 * mebibyte, chunk: undefined },
    {
      name: 'none when the minimum was refused',
      size: 300 * mebibyte,
      minimum: 8 * mebibyte,
      refused: 8 * mebibyte,
      chunk: undefined,
    },
    { name: 'none when the smallest was refused', size: mebibyte, refused: mebibyte / 4, chunk: undefined },
  ];
  for (const { name, size, minimum = 0, refused, wanted, chunk } of rows) {
    it(name, () => {
      const upload = { location: endpointOf('https://reg.test', '/u'), minimumChunk: minimum };
      assert.equal(chunkFor(size, upload, refused, wanted), chunk);
    });
  }
});

describe('acceptedUpTo', () => {
  // A chunk from 100 up to 200 was sent.
  const rows: readonly (readonly [string, string | undefined, number])[] = [
    ['as the specification has it', '0-199', 200],
    ['with a unit', 'bytes=0-199', 200],
    ['one too high', 'bytes=0-200', 200],
    ['stuck at the start', '0-0', 200],
    ['before the start', '0--1', 200],
    ['stuck at the chunk before', '0-99', 200],
    ['half of the chunk', '0-149', 150],
    ['more than was sent', '0-999', 200],
    ['nothing', undefined, 200],
    ['rubbish', 'all of it', 200],
  ];
  for (const [name, range, expected] of rows) {
    it(name, () => {
      assert.equal(acceptedUpTo(range, 100, 200), expected);
    });
  }
});

describe('parseRangeEnd', () => {
  for (const [range, expected] of [
    ['0-9', 9],
    ['bytes=0-9', 9],
    ['bytes 0-9', 9],
    ['0--1', -1],
    ['0-', undefined],
    ['9', undefined],
    [undefined, undefined],
  ] as const) {
    it(String(range), () => {
      assert.equal(parseRangeEnd(range), expected);
    });
  }
});
