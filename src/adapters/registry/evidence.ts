// What proves that content is in a registry: an answer that names its digest, or a lookup that finds it. A status alone
// doesn't, since proxies, login pages and parked domains give any of them.

import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { paths } from './paths.ts';
import { RegistryError } from './registry-error.ts';
import { headerOf } from './response.ts';
import { pushScope } from './scope.ts';
import { digestHeader } from './session.ts';
import type { Answer, Session } from './session.ts';

/** `unknown` where the registry refuses the lookup, can't do it, or answers with nothing to compare. */
export type Presence = 'present' | 'absent' | 'unknown';

/** Some registries show what they have stored only later: all lookups together take 15 seconds. */
const maxLooks = 6;
const firstWait = 500;

/** True when the answer names the content, in Docker-Content-Digest or in the address of a blob. */
export function namesDigest(answer: Answer, digest: Digest): boolean {
  const location = headerOf(answer.headers, 'location')?.replace(/[?#].*$/s, '');
  return digestHeader(answer) === digest || location?.endsWith(`/blobs/${digest}`) === true;
}

/** Polls until `isThere` says so, with patience for replicas that lag. False when it never does. */
export async function appears(
  { clock }: Session,
  isThere: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (let look = 1; ; look += 1) {
    if (await isThere()) return true;
    if (look === maxLooks) return false;
    await clock.sleep(firstWait * 2 ** (look - 1), signal);
  }
}

/**
 * Whether the registry has the blob, whole.
 * @throws RegistryError for a network failure, and for what no later request would survive either
 */
export async function lookForBlob(
  session: Session,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<Presence> {
  const { repository } = session;
  let answer: Answer;
  try {
    answer = await session.sendPatiently(
      {
        method: 'HEAD',
        to: paths.blob(repository, descriptor.digest),
        scopes: [pushScope(repository)],
        expected: [200, 404],
        signal,
      },
      // A registry that can't look may still take the blob.
      { attempts: ({ status = 0 }) => (status >= 500 ? 3 : 6) },
    );
  } catch (error) {
    if (error instanceof RegistryError && isNoHelp(error.status ?? 0)) return 'unknown';
    throw error;
  }
  await answer.discard();
  return answer.status === 404 ? 'absent' : presenceIn(session, answer, descriptor);
}

function presenceIn(session: Session, answer: Answer, { digest, size }: Descriptor): Presence {
  const named = digestHeader(answer);
  const length = headerOf(answer.headers, 'content-length');
  const isOther = named?.startsWith('sha256:') === true && named !== digest;
  if (isOther || (length !== undefined && Number(length) !== size)) {
    const what = isOther ? `as ${session.quote(named)}` : `with ${session.quote(length ?? '')} bytes`;
    session.reporter.warning({
      code: 'REGISTRY_WARNING',
      message: `${session.registry} says that it has ${digest} ${what}, expected ${size} bytes; it is pushed again`,
    });
    return 'absent';
  }
  return length === undefined && named !== digest ? 'unknown' : 'present';
}

function isNoHelp(status: number): boolean {
  return status === 403 || status === 405 || status >= 500;
}
