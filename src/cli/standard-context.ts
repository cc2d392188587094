// The context of `bima build -`: a Containerfile alone, or the tar of a whole context, on standard input.

import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compressionOf, decompressed } from '../adapters/filesystem/decompress.ts';
import { withTemporaryFolder } from '../adapters/filesystem/temporary.ts';
import { BimaError } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import { isTarHeader } from '../core/files/tar-reader.ts';
import { limits } from '../core/limits.ts';
import { readAll } from '../core/oci/blob.ts';
import type { ByteStream } from '../core/oci/blob.ts';
import { quote } from '../core/text.ts';
import type { PlanOptions } from '../usecases/plan/plan.ts';
import type { Options } from './args.ts';
import type { Terminal } from './terminal.ts';

/** What a plan is told of its context. */
export type GivenContext = Pick<PlanOptions, 'context' | 'text' | 'origin' | 'doubts'>;

interface Invocation {
  readonly options: Options;
  readonly terminal: Terminal;
}

const what = 'the tar on standard input';
const expected = 'expected a Containerfile or the tar of a context on standard input';

/** How a tar begins that Node can't decompress. */
const unreadable = { bzip2: '425a68', xz: 'fd377a585a00' } as const;

/** The most that is needed to tell what the input is. */
const headSize = 512;

/**
 * Runs `body` with the context that was named: a folder, or for `-` what standard input holds, in a private folder that
 * is gone afterwards.
 * @throws BimaError INPUT_INVALID for options that don't go with it, and for an input that is empty or a terminal;
 *   CONTAINERFILE_SYNTAX for a Containerfile that is far too large; LAYOUT_INVALID, CONTEXT_PATH,
 *   CONTAINERFILE_UNSUPPORTED and COMPRESSION_UNSUPPORTED for a tar that can't be unpacked
 */
export async function withGivenContext<T>(
  name: string,
  { options, terminal }: Invocation,
  body: (context: GivenContext) => Promise<T>,
): Promise<T> {
  if (name !== '-') return body({ context: name });
  checkOptions(options);
  if (terminal.stdinBytes === undefined)
    throw new BimaError('INPUT_INVALID', `${expected}, which is a terminal`, {
      hint: 'Name a folder as the context, or write "bima build - < Containerfile".',
    });
  const { head, stream } = await peek(terminal.stdinBytes());
  if (head.length === 0) throw new BimaError('INPUT_INVALID', `${expected}, got nothing`);
  return withTemporaryFolder(join(tmpdir(), 'context'), async (folder) => {
    const context = join(folder, 'context');
    await mkdir(context, { mode: 0o700 });
    const tar = tarOf(head, stream);
    if (tar === undefined) {
      const text = await readText(stream, options);
      return body({ context, text, origin: 'empty: standard input is the Containerfile alone' });
    }
    const { unpackTar } = await import('../adapters/context/unpack-tar.ts');
    const doubts = (await unpackTar(tar, context, what)).map(describeLeftOut);
    return body({ context, origin: what, doubts });
  });
}

function describeLeftOut(path: string): Problem {
  const message = `${quote(path)} of ${what} is left out: it is no file, folder or link`;
  return { code: 'CONTEXT_PATH', message };
}

function checkOptions(options: Options): void {
  if (options.string('file') === '-') {
    throw new BimaError(
      'INPUT_INVALID',
      'expected one use of standard input, got the context - and --file -',
      {
        hint: 'Leave --file out for a Containerfile or a tar on standard input, or name a folder as the context.',
      },
    );
  }
  if (!options.isGiven('password-stdin')) return;
  throw new BimaError(
    'INPUT_INVALID',
    'expected one use of standard input, got the context - and --password-stdin',
    { hint: 'Log in with "docker login" before, or name a folder as the context.' },
  );
}

/** The first bytes of a stream, and the stream with them. */
async function peek(input: ByteStream): Promise<{ readonly head: Buffer; readonly stream: ByteStream }> {
  const iterator = input[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  for (let size = 0; size < headSize;) {
    const step = await iterator.next();
    if (step.done === true) break;
    pieces.push(step.value);
    size += step.value.length;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces.splice(0);
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(pieces).subarray(0, headSize), stream: whole() };
}

/** The tar that the input is, not compressed; undefined for a text. */
function tarOf(head: Buffer, stream: ByteStream): ByteStream | undefined {
  const method = compressionOf(head);
  if (method !== undefined) return decompressed(stream, method, what);
  for (const [name, magic] of Object.entries(unreadable)) {
    if (!head.toString('hex').startsWith(magic)) continue;
    throw new BimaError(
      'CONTAINERFILE_UNSUPPORTED',
      `${what} is compressed with ${name}, which can't be read`,
      {
        hint: 'Compress it with gzip or zstd, or not at all.',
      },
    );
  }
  const isEmptyTar = head.length === headSize && head.every((byte) => byte === 0);
  return isTarHeader(head) || isEmptyTar ? stream : undefined;
}

async function readText(stream: ByteStream, options: Options): Promise<Uint8Array> {
  const file = options.string('file');
  if (file !== undefined) {
    const message = `expected the tar of a context with "${file}" in it on standard input, got a text`;
    throw new BimaError('INPUT_INVALID', message, {
      hint: 'A Containerfile on standard input goes without --file.',
    });
  }
  return readAll(bounded(stream));
}

async function* bounded(stream: ByteStream): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > limits.containerfile) {
      const message = `expected a Containerfile of at most ${limits.containerfile} bytes on standard input, got more`;
      throw new BimaError('CONTAINERFILE_SYNTAX', message);
    }
    yield piece;
  }
}
