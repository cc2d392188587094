// Answers of a timestamp authority (RFC 3161), put together here.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { derTags, writeDer, writeIdentifier } from '../../../src/core/trust/der.ts';
import { readTimestampResponse } from '../../../src/core/trust/timestamp-protocol.ts';

const bytes = Buffer.from('a signature');
const { sequence, integer, octets, explicit0, utf8, time: timeTag } = derTags;

const number = (value: number) => writeDer(integer, Buffer.from([value]));

interface Parts {
  readonly status?: Uint8Array;
  readonly type?: string;
  readonly contentType?: string;
  readonly algorithm?: string;
  readonly hash?: Uint8Array;
  readonly time?: string;
}

function answer({
  status = writeDer(sequence, number(0)),
  type = '1.2.840.113549.1.7.2',
  contentType = '1.2.840.113549.1.9.16.1.4',
  algorithm = '2.16.840.1.101.3.4.2.1',
  hash = createHash('sha256').update(bytes).digest(),
  time = '20260131120000Z',
}: Parts = {}): Uint8Array {
  const imprint = writeDer(sequence, writeDer(sequence, writeIdentifier(algorithm)), writeDer(octets, hash));
  const info = writeDer(
    sequence,
    number(1),
    writeIdentifier('1.2.3'),
    imprint,
    number(7),
    writeDer(timeTag, Buffer.from(time)),
  );
  const content = writeDer(
    sequence,
    writeIdentifier(contentType),
    writeDer(explicit0, writeDer(octets, info)),
  );
  const signed = writeDer(sequence, number(3), writeDer(derTags.set), content);
  const token = writeDer(sequence, writeIdentifier(type), writeDer(explicit0, signed));
  return writeDer(sequence, status, token);
}

function refusal(code: Uint8Array, ...words: readonly string[]): Uint8Array {
  const texts = words.map((word) => writeDer(utf8, Buffer.from(word)));
  const said = words.length === 0 ? [] : [writeDer(sequence, ...texts)];
  return writeDer(sequence, writeDer(sequence, writeDer(integer, code), ...said));
}

const read = (response: Uint8Array) => readTimestampResponse(response, bytes);

describe('the answer of a timestamp authority', () => {
  const times: readonly (readonly [text: string, iso: string])[] = [
    ['20260131120000Z', '2026-01-31T12:00:00.000Z'],
    ['20260131120000.5Z', '2026-01-31T12:00:00.500Z'],
    ['20260131120000.125Z', '2026-01-31T12:00:00.125Z'],
    ['19991231235959Z', '1999-12-31T23:59:59.000Z'],
  ];
  for (const [text, iso] of times) {
    it(`has the time ${text}`, () => {
      assert.equal(new Date(read(answer({ time: text }))).toISOString(), iso);
    });
  }

  for (const time of [
    '20260131120000',
    '20260131120000+0100',
    '202601311200Z',
    '20260131120000.Z',
    '20260131120000.xZ',
    ' 20260131120000Z',
    '20260131120000Zx',
    '20260131120000,5Z',
  ]) {
    it(`is refused with the time "${time}"`, () => {
      assert.throws(() => read(answer({ time })), { message: 'expected a time in UTC, got something else' });
    });
  }

  it('may be granted with changes', () => {
    assert.equal(read(answer({ status: writeDer(sequence, number(1)) })), Date.UTC(2026, 0, 31, 12));
  });

  it('is refused when it is of another kind, or of something else', () => {
    assert.throws(() => read(answer({ type: '1.2.840.113549.1.7.1' })), { message: /^expected signed data/ });
    assert.throws(() => read(answer({ contentType: '1.2.840.113549.1.7.1' })), {
      message: /^expected a timestamp, got something else/,
    });
    const other = { message: /^expected a timestamp of the signature/ };
    assert.throws(() => read(answer({ algorithm: '2.16.840.1.101.3.4.2.3' })), other);
    assert.throws(() => read(answer({ hash: Buffer.alloc(32) })), other);
  });

  const refusals: readonly (readonly [name: string, response: Uint8Array, message: string])[] = [
    ['no words', refusal(Buffer.from([2])), 'it refused with status 2'],
    [
      'one text',
      refusal(Buffer.from([2]), 'no such algorithm'),
      'it refused with status 2 (no such algorithm)',
    ],
    [
      'two texts',
      refusal(Buffer.from([3]), 'wait', 'until noon'),
      'it refused with status 3 (wait; until noon)',
    ],
    ['a long number', refusal(Buffer.from([1, 0])), 'it refused with status 10'],
    ['no number', refusal(Buffer.from([])), 'it refused with status '],
    [
      'a sign in place of words',
      writeDer(sequence, writeDer(sequence, number(2), number(1))),
      'it refused with status 2',
    ],
  ];
  for (const [name, response, message] of refusals) {
    it(`says why it refuses, with ${name}`, () => {
      assert.throws(() => read(response), { message });
    });
  }

  it('drives no terminal with its words', () => {
    assert.throws(
      () => read(refusal(Buffer.from([2]), '\u001b[2J', 'x'.repeat(5000))),
      (error) => error instanceof Error && !error.message.includes('\u001b') && error.message.length < 300,
    );
  });
});
