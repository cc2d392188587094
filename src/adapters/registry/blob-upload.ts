// Pushing one blob: look, mount, upload, and find the way back from whatever happens on the way
// (distribution-spec, "Pushing Blobs"). The blob is the unit of retry: an upload that failed is never taken up
// by its old Location, because registries differ in what is left of it.

import { verified } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Stored } from '../../core/oci/target.ts';
import { BimaError } from '../../core/errors.ts';
import { chunkFor, uploadChunks } from './chunked-upload.ts';
import { isAborted } from '../../core/clock.ts';
import { withParameter } from '../http/endpoints.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { appears, lookForBlob, namesDigest } from './evidence.ts';
import { mountBlob } from './mount.ts';
import type { MountSources } from './mount.ts';
import { isAnswer, RegistryError } from './registry-error.ts';
import { pushScope } from './scope.ts';
import { digestHeader, tokenWait } from './session.ts';
import type { Answer, Session } from './session.ts';
import { cancelUpload, startUpload } from './upload-session.ts';
import type { UploadSession } from './upload-session.ts';
import { commitPatience } from '../http/watch.ts';

export interface BlobPushOptions {
  /** Uploads even what the registry claims to have. */
  readonly force: boolean;
  readonly mounts: MountSources;
  readonly chunkSize: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A token may wear out while a body is sent, and the next be unknown to a replica that lags. */
const maxRenewals = 2;

/** What happened to this blob so far, since some ways out may be taken once only. */
interface History {
  renewals: number;
  hasPatched: boolean;
  hasRepeated: boolean;
}

/**
 * Makes sure that the blob is in the repository.
 * @throws RegistryError, or what reading the blob throws, such as DIGEST_MISMATCH
 */
export async function pushBlob(session: Session, blob: Blob, options: BlobPushOptions): Promise<Stored> {
  const { host } = session;
  const { force, signal } = options;
  const { descriptor } = blob;
  session.budget.expect(descriptor.size);
  const history: History = { renewals: 0, hasPatched: false, hasRepeated: false };
  return session.retrying(
    (count) =>
      host.transfer(
        descriptor.size,
        async () => {
          // If it is there after a failed attempt, only the answer was lost.
          if (!force && (await lookForBlob(session, descriptor, signal)) === 'present')
            return count === 1 ? 'present' : 'pushed';
          const mounted = force || count > 1 ? undefined : await mountBlob(session, blob, options);
          if (mounted === 'mounted') return mounted;
          await uploadBlob(session, blob, mounted, options, history);
          return 'pushed';
        },
        signal,
      ),
    { signal, also: isWorthAnotherSession },
  );
}

async function uploadBlob(
  session: Session,
  blob: Blob,
  begun: UploadSession | undefined,
  options: BlobPushOptions,
  history: History,
): Promise<void> {
  const { signal, chunkSize } = options;
  let current = begun;
  for (;;) {
    current ??= await startUpload(session, signal);
    const used = current;
    const chunk = chunkFor(blob.descriptor.size, used, session.host.bodyLimit, chunkSize);
    const body = bodyOf(session, blob);
    try {
      const answer =
        chunk === undefined
          ? await putWhole(session, used, body, blob.descriptor, history.hasPatched, signal)
          : await uploadChunks(session, used, body, blob.descriptor, chunk, signal);
      await confirm(session, answer, blob.descriptor, options);
      return;
    } catch (error) {
      await cancelUpload(session, used, error, signal);
      const next = await wayOut(session, blob, error, { upload: used, chunk }, options, history);
      if (next === 'done') return;
      if (next === 'fail') throw error;
      current = undefined;
    }
  }
}

/** What to do at once about a failed upload. */
async function wayOut(
  session: Session,
  { descriptor }: Blob,
  error: unknown,
  { upload, chunk }: { readonly upload: UploadSession; readonly chunk: number | undefined },
  { force, signal, chunkSize }: BlobPushOptions,
  history: History,
): Promise<'done' | 'again' | 'fail'> {
  if (isAborted(signal) || !(error instanceof RegistryError)) return 'fail';
  const { host } = session;
  if (isAnswer(error, 401) && history.renewals < maxRenewals) {
    history.renewals += 1;
    if (history.renewals > 1) await session.clock.sleep(tokenWait, signal);
    return 'again';
  }
  if (isAnswer(error, 413)) {
    host.bodyLimit = Math.min(host.bodyLimit ?? Infinity, chunk ?? descriptor.size);
    return chunkFor(descriptor.size, upload, host.bodyLimit, chunkSize) === undefined ? 'fail' : 'again';
  }
  // Some registries report "exists already" as an invalid upload.
  if (isUnclear(error) && !force && (await lookForBlob(session, descriptor, signal)) === 'present')
    return 'done';
  if ((isAnswer(error, 404, 'BLOB_UNKNOWN') || isAnswer(error, 405)) && !history.hasPatched) {
    // Old versions of Artifactory take a body only by PATCH.
    history.hasPatched = true;
    return 'again';
  }
  if (isAnswer(error, 400, 'DIGEST_INVALID') && !history.hasRepeated) {
    // The source was verified on its way out: the bytes were changed on theirs.
    history.hasRepeated = true;
    return 'again';
  }
  return 'fail';
}

/** The blob's bytes, verified on the way, and their progress. */
function bodyOf({ reporter }: Session, blob: Blob): Blob {
  const { descriptor } = blob;
  async function* watched(): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const chunk of verified(blob.open(true), descriptor, 'the content to push')) {
      yield chunk;
      done += chunk.length;
      reporter.progress(descriptor.digest, done, descriptor.size);
    }
  }
  return { descriptor, open: watched };
}

async function putWhole(
  session: Session,
  { location }: UploadSession,
  body: Blob,
  { digest, size }: Descriptor,
  byPatch: boolean,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const scopes = [pushScope(session.repository)];
  const headers = { 'content-type': 'application/octet-stream' };
  const common = { scopes, headers, patience: commitPatience(session.timeouts, size), signal };
  const stream = { size, open: () => body.open() };
  let target: Endpoint = location;
  if (byPatch) {
    const expected = [202, 200, 201, 204];
    const patched = await session.send({ ...common, method: 'PATCH', to: location, body: stream, expected });
    await patched.discard();
    if (patched.headers.location !== undefined) {
      target = session.locate(patched.headers.location, patched.endpoint);
    }
  }
  return session.send({
    ...common,
    method: 'PUT',
    to: withParameter(target, 'digest', digest),
    ...(byPatch ? {} : { body: stream }),
    expected: [201, 200, 202, 204],
  });
}

/** An answer that names the digest is a promise; any other success is verified. */
async function confirm(
  session: Session,
  answer: Answer,
  descriptor: Descriptor,
  { force, signal }: BlobPushOptions,
): Promise<void> {
  await answer.discard();
  const { digest } = descriptor;
  const stored = digestHeader(answer);
  if (stored?.startsWith('sha256:') === true && stored !== digest) {
    throw new BimaError(
      'DIGEST_MISMATCH',
      `${session.registry} stored ${session.quote(stored)}, expected ${digest}`,
    );
  }
  const isCreated = answer.status === 201;
  if ((isCreated && namesDigest(answer, digest)) || force) return;
  const isThere = async () => {
    const presence = await lookForBlob(session, descriptor, signal);
    // Where nobody may look, the registry's word is taken until the manifest is stored, which needs the blob.
    return presence === 'present' || (presence === 'unknown' && isCreated);
  };
  if (await appears(session, isThere, signal)) return;
  const { shown } = answer.endpoint;
  throw new RegistryError(
    'REGISTRY_PROTOCOL',
    `PUT ${shown}: expected 201 and the blob, got ${answer.status}, and the blob is not there`,
    { method: 'PUT', url: shown, status: answer.status, codes: ['BLOB_UPLOAD_UNKNOWN'] },
  );
}

/** The session is gone or confused: a new one may work. */
function isWorthAnotherSession(error: RegistryError): boolean {
  return isUnclear(error) || error.status === 416;
}

function isUnclear(error: RegistryError): boolean {
  return error.codes.some((code) => code === 'BLOB_UPLOAD_INVALID' || code === 'BLOB_UPLOAD_UNKNOWN');
}
