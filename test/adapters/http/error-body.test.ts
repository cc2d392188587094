import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readErrorBody } from '../../../src/adapters/http/error-body.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('readErrorBody', () => {
  const rows: readonly (readonly [string, string, { codes: string[]; text: string; digests?: string[] }])[] =
    [
      ['nothing', '', { codes: [], text: '' }],
      [
        'the form of the specification',
        '{"errors":[{"code":"DENIED","message":"requested access is denied"}]}',
        { codes: ['DENIED'], text: 'requested access is denied' },
      ],
      [
        'details',
        `{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown","detail":{"digest":"${digest}"}}]}`,
        {
          codes: ['MANIFEST_BLOB_UNKNOWN'],
          text: `blob unknown ({"digest":"${digest}"})`,
          digests: [digest],
        },
      ],
      [
        'several errors',
        '{"errors":[{"code":"A","message":"one"},{"code":"b_2","message":"two","detail":"more"}]}',
        { codes: ['A', 'B_2'], text: 'one; two (more)' },
      ],
      [
        'empty details',
        '{"errors":[{"code":"A","message":"one","detail":{}}]}',
        { codes: ['A'], text: 'one' },
      ],
      ['a code that is none', '{"errors":[{"code":"no code","message":"one"}]}', { codes: [], text: 'one' }],
      ['no list', '{"errors":"what"}', { codes: [], text: '{"errors":"what"}' }],
      [
        'a token service',
        '{"error":"invalid_grant","error_description":"no"}',
        { codes: [], text: 'invalid_grant: no' },
      ],
      [
        'a page of a proxy',
        '<html><head><title>413 Request Entity Too Large</title></head><body>…</body></html>',
        { codes: [], text: '413 Request Entity Too Large' },
      ],
      [
        'control characters',
        'one\r\n::error::two\u001b[31m\u0000\u202e',
        { codes: [], text: 'one ::error::two [31m' },
      ],
      [
        'a detail of brackets within brackets',
        `{"errors":[{"code":"A","detail":${'['.repeat(15_000)}${']'.repeat(15_000)}}]}`,
        { codes: [], text: `${`{"errors":[{"code":"A","detail":${'['.repeat(500)}`.slice(0, 500)}…` },
      ],
      ['broken JSON', '{"errors":[{"code":', { codes: [], text: '{"errors":[{"code":' }],
    ];
  for (const [name, body, { codes, text, digests = [] }] of rows) {
    it(name, () => {
      assert.deepEqual(readErrorBody(Buffer.from(body)), { codes, text, digests });
    });
  }

  it('leaves of a page what is no tag', () => {
    const { text } = readErrorBody(Buffer.from(`<html>no${'<'.repeat(65_000)}`));
    assert.equal(text, `no${'<'.repeat(498)}…`);
  });

  it('gives one line of bounded length, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const { text } = readErrorBody(bytes);
          assert.ok(text.length <= 501);
          assert.doesNotMatch(text, /[\n\r\u001b]/);
        },
      ),
    );
    assert.ok(readErrorBody(Buffer.alloc(100_000, 'x')).text.length <= 501);
  });
});
