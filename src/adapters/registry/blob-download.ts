// Pulling a blob: follows redirects, resumes where it broke off, and never passes on more or other bytes than it should
// (distribution-spec, "Pulling blobs").

import { BimaError } from '../../core/errors.ts';
import { verified } from '../../core/oci/blob.ts';
import type { ByteStream } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { isAborted } from '../../core/clock.ts';
import { paths } from './paths.ts';
import { RegistryError } from './registry-error.ts';
import { headerOf } from './response.ts';
import { retryOf } from './retry.ts';
import type { Answer, Session } from './session.ts';

/** How many failures in a row, without progress between them, are too many. */
const maxFailures = 5;
/** The least that counts as progress: this many bytes, and a hundredth of a large blob. */
const leastProgress = 64 * 1024;

/** A stream of the blob's bytes; it fails at its end when they aren't those that the descriptor names. */
export function downloadBlob(session: Session, descriptor: Descriptor, signal?: AbortSignal): ByteStream {
  return verified(
    pieces(session, descriptor, signal),
    descriptor,
    `${session.registry}/${session.repository}`,
  );
}

async function* pieces(
  session: Session,
  { digest, size }: Descriptor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const progress = Math.max(leastProgress, size / 100);
  session.budget.expect(size);
  let offset = 0;
  let reached = 0;
  for (let failures = 0; ;) {
    try {
      const answer = await request(session, digest, offset, signal);
      let surplus = offset - (await startOf(session, answer, offset, size));
      for await (const chunk of answer.body) {
        const piece = chunk.subarray(Math.min(surplus, chunk.length));
        surplus -= chunk.length - piece.length;
        if (piece.length === 0) continue;
        offset += piece.length;
        if (offset - reached >= progress) {
          reached = offset;
          failures = 0;
        }
        yield piece;
      }
      if (offset >= size) return;
      throw cutShort(answer, offset, size);
    } catch (error) {
      if (!(error instanceof RegistryError) || isAborted(signal)) throw error;
      failures += 1;
      // A signed address has expired: the registry gives a new one.
      const isExpired = error.status === 403 && new URL(error.url).origin !== session.host.origin;
      if ((retryOf(error) === 'no' && !isExpired) || failures > maxFailures) throw error;
      await session.rest(failures, error, signal);
    }
  }
}

function request(
  session: Session,
  digest: string,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return session.sendPatiently(
    {
      method: 'GET',
      to: paths.blob(session.repository, digest),
      headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
      scopes: session.readScopes,
      expected: offset === 0 ? [200] : [206, 200],
      isContent: true,
      signal,
    },
    // The failures are counted above.
    { attempts: () => 1 },
  );
}

/**
 * The position of the first byte of an answer: a server that ignores Range starts over.
 * @throws BimaError DIGEST_MISMATCH for an answer of another length, so that no retry goes after its rest
 */
async function startOf(session: Session, answer: Answer, offset: number, size: number): Promise<number> {
  const { status, headers, endpoint } = answer;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headerOf(headers, 'content-range') ?? '');
  const total = status === 200 ? headerOf(headers, 'content-length') : range?.[2];
  if (total !== undefined && total !== '*' && Number(total) !== size) {
    await answer.discard();
    throw new BimaError(
      'DIGEST_MISMATCH',
      `${endpoint.shown}: expected ${size} bytes, got ${session.quote(total)}`,
      {
        hint: 'The registry, or something on the way, holds other content under this digest.',
      },
    );
  }
  const start = status === 200 ? 0 : Number(range?.[1] ?? 0);
  if (start > offset) {
    await answer.discard();
    throw new BimaError(
      'REGISTRY_PROTOCOL',
      `${endpoint.shown}: expected bytes from ${offset} on, got ${start}`,
    );
  }
  return start;
}

function cutShort({ endpoint }: Answer, got: number, size: number): RegistryError {
  const { shown } = endpoint;
  return new RegistryError('REGISTRY_UNREACHABLE', `GET ${shown}: expected ${size} bytes, got ${got}`, {
    method: 'GET',
    url: shown,
    failure: { kind: 'reset', retry: 'yes', reused: false },
  });
}
