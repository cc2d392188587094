import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  blobOf,
  checkContent,
  maxDocumentSize,
  readAll,
  readDocument,
  streamOf,
  verified,
} from '../../../src/core/oci/blob.ts';
import type { ByteStream } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';

const text = (value: string) => Buffer.from(value);

async function drain(stream: ByteStream): Promise<string> {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('verified', () => {
  // The digest of "hello" is the one that sha256sum prints.
  const hello = describeBytes('text/plain', text('hello'));

  it('knows the digest that sha256sum knows', () => {
    assert.equal(hello.digest, 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
  });

  it('passes the right bytes on, however they are cut', async () => {
    assert.equal(await drain(verified(streamOf(text('he'), text(''), text('llo')), hello, 'here')), 'hello');
  });

  const wrong: [name: string, chunks: string[]][] = [
    ['one byte changed', ['hellO']],
    ['one byte short', ['hell']],
    ['nothing', []],
    ['one byte more', ['hello', '!']],
  ];
  for (const [name, chunks] of wrong) {
    it(`fails on ${name}`, async () => {
      await assert.rejects(drain(verified(streamOf(...chunks.map(text)), hello, 'here')), {
        code: 'DIGEST_MISMATCH',
        message: /^here: expected 5 bytes with sha256:2cf24dba\w+, got /,
      });
    });
  }

  it('never passes on more bytes than the descriptor names, and closes an endless source', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(text('hello'));
      } finally {
        closed = true;
      }
    }
    let passed = 0;
    await assert.rejects(
      async () => {
        for await (const chunk of verified(endless(), hello, 'here')) passed += chunk.length;
      },
      { code: 'DIGEST_MISMATCH' },
    );
    assert.equal(passed, 5);
    assert.ok(closed);
  });
});

describe('checkContent', () => {
  const [right, other] = [
    describeBytes('text/plain', text('hello')),
    describeBytes('text/plain', text('HELLO')),
  ];

  it('takes the content that the descriptor names', () => {
    checkContent(right, right.digest, 5, 'here');
  });

  for (const [digest, size] of [
    [other.digest, 5],
    [right.digest, 4],
    [other.digest, 6],
  ] as const)
    it(`refuses ${size} bytes with ${digest.slice(0, 12)}`, () => {
      assert.throws(
        () => {
          checkContent(right, digest, size, 'a file');
        },
        {
          code: 'DIGEST_MISMATCH',
          message: `a file: expected 5 bytes with ${right.digest}, got ${size} bytes with ${digest}`,
          hint: 'The content was changed or damaged; make or fetch it again.',
        },
      );
    });
});

describe('readAll', () => {
  it('keeps what was in each chunk when it came', async () => {
    async function* reused(): AsyncGenerator<Uint8Array> {
      const chunk = Buffer.from('ab');
      yield await Promise.resolve(chunk);
      chunk.write('cd');
      yield chunk;
    }
    assert.deepEqual(await readAll(reused()), text('abcd'));
    assert.deepEqual(await readAll(streamOf()), text(''));
  });
});

describe('readDocument', () => {
  it('opens a blob afresh each time', async () => {
    const blob = blobOf('text/plain', text('twice'));
    assert.deepEqual(blob.descriptor, describeBytes('text/plain', text('twice')));
    assert.deepEqual(await readDocument(blob, 'here'), text('twice'));
    assert.deepEqual(await readDocument(blob, 'here'), text('twice'));
  });

  it('takes one of 16 MiB', async () => {
    assert.equal(maxDocumentSize, 16 * 1024 * 1024);
    const bytes = Buffer.alloc(maxDocumentSize);
    assert.deepEqual(await readDocument(blobOf('text/plain', bytes), 'here'), bytes);
  });

  it('refuses a document that would fill the memory before it opens it', async () => {
    const blob = blobOf('text/plain', text('x'));
    const huge = {
      ...blob,
      descriptor: { ...blob.descriptor, size: maxDocumentSize + 1 },
      open: () => assert.fail('opened'),
    };
    await assert.rejects(readDocument(huge, 'here'), {
      code: 'LAYOUT_INVALID',
      message: `here: expected a document of at most 16777216 bytes, got 16777217 for ${blob.descriptor.digest}`,
    });
  });
});
