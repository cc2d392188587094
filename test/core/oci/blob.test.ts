import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobOf, maxDocumentSize, readDocument, streamOf, verified } from '../../../src/core/oci/blob.ts';
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

describe('readDocument', () => {
  it('opens a blob afresh each time', async () => {
    const blob = blobOf('text/plain', text('twice'));
    assert.deepEqual(await readDocument(blob, 'here'), await readDocument(blob, 'here'));
  });

  it('refuses a document that would fill the memory before it opens it', async () => {
    const blob = blobOf('text/plain', text('x'));
    const huge = {
      ...blob,
      descriptor: { ...blob.descriptor, size: maxDocumentSize + 1 },
      open: () => assert.fail('opened'),
    };
    await assert.rejects(readDocument(huge, 'here'), { code: 'LAYOUT_INVALID' });
  });
});
