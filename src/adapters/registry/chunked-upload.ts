// Uploading in chunks, for registries behind a limit on the size of a body (distribution-spec, "Pushing a blob in
// chunks"). Registries disagree on nearly everything here; what they say is weighed against what was sent.

import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import { isAborted } from '../../core/clock.ts';
import { createSlices } from './blob-slices.ts';
import type { Slices } from './blob-slices.ts';
import { withParameter } from '../http/endpoints.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { isAnswer, RegistryError } from './registry-error.ts';
import { headerOf } from './response.ts';
import { pushScope } from './scope.ts';
import type { Answer, Session } from './session.ts';
import type { UploadSession } from './upload-session.ts';
import { commitPatience } from '../http/watch.ts';

const mebibyte = 1024 * 1024;
/** Below Cloudflare's limit, Amazon's part size, ghcr.io's chunk limit and nginx's default. */
const chunkSizes = [64, 8, 4, 1, 0.25].map((size) => size * mebibyte);
const maxResumes = 3;

/**
 * The size of the chunks for such a blob; undefined for a single body, also when no size fits.
 * @param refused the size of the smallest body that was refused
 * @param wanted the user's own choice
 */
export function chunkFor(
  size: number,
  upload: UploadSession,
  refused: number | undefined,
  wanted: number | undefined,
): number | undefined {
  if (wanted === undefined && (refused === undefined || size < refused)) return undefined;
  const sizes = [...(wanted === undefined ? [] : [wanted]), ...chunkSizes];
  const fitting = sizes.find((chunk) => refused === undefined || chunk < refused);
  const chunk = fitting === undefined ? undefined : Math.max(fitting, upload.minimumChunk);
  return chunk === undefined || chunk >= size || chunk >= (refused ?? Infinity) ? undefined : chunk;
}

/** Sends all chunks; the answer is that of the closing PUT, which carries the last one. */
export async function uploadChunks(
  session: Session,
  upload: UploadSession,
  blob: Blob,
  descriptor: Descriptor,
  chunk: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const slices = createSlices(blob);
  try {
    return await sendChunks(session, upload, slices, descriptor, chunk, signal);
  } finally {
    await slices.close();
  }
}

async function sendChunks(
  session: Session,
  upload: UploadSession,
  slices: Slices,
  { digest, size }: Descriptor,
  chunk: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const common = {
    scopes: [pushScope(session.repository)],
    patience: commitPatience(session.timeouts, size),
    signal,
  };
  const headersFor = (start: number, end: number) => ({
    'content-type': 'application/octet-stream',
    'content-range': `${start}-${end - 1}`,
  });
  let offset = 0;
  let resumes = 0;
  while (size - offset > chunk) {
    const end = offset + chunk;
    try {
      const answer = await session.send({
        ...common,
        method: 'PATCH',
        to: upload.location,
        headers: headersFor(offset, end),
        body: slices.slice(offset, chunk),
        expected: [202, 200, 201, 204],
      });
      await answer.discard();
      upload.location = nextLocation(session, answer, upload.location);
      offset = acceptedUpTo(headerOf(answer.headers, 'range'), offset, end);
    } catch (error) {
      resumes += 1;
      const resumed =
        resumes > maxResumes
          ? undefined
          : await resumePoint(session, upload.location, error, offset, end, signal);
      if (resumed === undefined) throw error;
      upload.location = resumed.location;
      offset = resumed.offset;
    }
  }
  return session.send({
    ...common,
    method: 'PUT',
    to: withParameter(upload.location, 'digest', digest),
    headers: headersFor(offset, size),
    body: slices.slice(offset, size - offset),
    expected: [201, 200, 202, 204],
  });
}

/**
 * The end of what a registry has, by its Range after a chunk `start` to `end` was sent and not refused.
 * Amazon's doesn't move, Quay's is one too high, Gitea's and others' says nothing with `0-0` or `0--1`: only an
 * end inside the chunk is taken at its word.
 */
export function acceptedUpTo(range: string | undefined, start: number, end: number): number {
  const last = parseRangeEnd(range);
  if (last === undefined || last <= 0) return end;
  const accepted = last + 1;
  return accepted > start && accepted < end ? accepted : end;
}

/** The last position of a Range, with or without the unit; undefined when it can't be read. */
export function parseRangeEnd(range: string | undefined): number | undefined {
  const end = /^(?:bytes[= ])?\s*\d+-(-?\d+)$/.exec(range?.trim() ?? '')?.[1];
  return end === undefined ? undefined : Number(end);
}

function nextLocation(session: Session, answer: Answer, current: Endpoint): Endpoint {
  return answer.headers.location === undefined
    ? current
    : session.locate(answer.headers.location, answer.endpoint);
}

/** Where a session that lost a chunk stands, if it still lives and says so believably. */
async function resumePoint(
  session: Session,
  location: Endpoint,
  error: unknown,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<{ location: Endpoint; offset: number } | undefined> {
  const isLost = error instanceof RegistryError && (isAnswer(error, 416) || error.failure?.retry === 'yes');
  if (!isLost || isAborted(signal)) return undefined;
  try {
    const answer = await session.sendPatiently(
      {
        method: 'GET',
        to: location,
        scopes: [pushScope(session.repository)],
        expected: [204, 200, 202],
        signal,
      },
      { attempts: () => 3 },
    );
    await answer.discard();
    const last = parseRangeEnd(headerOf(answer.headers, 'range'));
    // Some registries say 0-0 whatever they have.
    if (last === undefined || last <= 0 || last + 1 < start || last + 1 > end) return undefined;
    return { location: nextLocation(session, answer, location), offset: last + 1 };
  } catch (failure) {
    if (failure instanceof RegistryError && !isAborted(signal)) return undefined;
    throw failure;
  }
}
