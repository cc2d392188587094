// Upload sessions: begun before a body is sent, and given back when it won't be (distribution-spec, end-4a, end-14).

import { isAborted } from '../../core/clock.ts';
import { paths } from './paths.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { RegistryError } from './registry-error.ts';
import { headerOf } from './response.ts';
import { pushScope } from './scope.ts';
import type { Answer, Session } from './session.ts';

export interface UploadSession {
  /** The newest: every answer may give another. */
  location: Endpoint;
  /** Every chunk but the last has at least so many bytes. */
  readonly minimumChunk: number;
}

/** How long a clean-up may hold up the end. */
const cancelTimeout = 2000;
const maxCatchUps = 3;
/** Before all but the first, so many times over. */
const catchUpWait = 100;

export async function startUpload(session: Session, signal: AbortSignal | undefined): Promise<UploadSession> {
  const answer = await session.send({
    method: 'POST',
    to: paths.uploads(session.repository),
    scopes: [pushScope(session.repository)],
    expected: [202],
    signal,
  });
  await answer.discard();
  return readUploadSession(session, answer);
}

export function readUploadSession(session: Session, answer: Answer): UploadSession {
  const minimum = Number(headerOf(answer.headers, 'oci-chunk-min-length') ?? 0);
  return {
    location: session.locate(answer.headers.location, answer.endpoint),
    minimumChunk: Number.isSafeInteger(minimum) && minimum > 0 ? minimum : 0,
  };
}

/**
 * Tells the registry that nothing more comes, unless the error says that the session, or the way to it, is
 * gone. Takes two seconds at most, also after an abort, and never throws.
 */
export async function cancelUpload(
  session: Session,
  { location }: UploadSession,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!isAborted(signal) && error instanceof RegistryError) {
    const { status } = error;
    if (status === undefined || status === 404 || status === 429 || status >= 500) return;
  }
  const common = { scopes: [pushScope(session.repository)], signal: AbortSignal.timeout(cancelTimeout) };
  const gone = [204, 200, 202, 404];
  try {
    for (let to = location, tries = 1; ; tries += 1) {
      const answer = await session.send({ ...common, method: 'DELETE', to, expected: [...gone, 416] });
      await answer.discard();
      if (answer.status !== 416 || tries > maxCatchUps) return;
      // What it took in since has made the location stale for distribution 3; a proxy may still be handing it more.
      if (tries > 1) await session.clock.sleep(catchUpWait * tries, common.signal);
      const current = await session.send({ ...common, method: 'GET', to, expected: [204, 200, 202] });
      await current.discard();
      to = session.locate(current.headers.location, current.endpoint);
    }
  } catch {
    // The registry clears away what is left, in its own time.
  }
}
