// Pushing manifests and indexes, by digest or under tags (distribution-spec, "Pushing Manifests").

import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isAborted } from '../../core/clock.ts';
import { paths } from './paths.ts';
import { appears } from './evidence.ts';
import { describeManifest } from './manifest-read.ts';
import { isAnswer, RegistryError } from './registry-error.ts';
import { pushScope } from './scope.ts';
import { digestHeader } from './session.ts';
import type { Answer, Session } from './session.ts';
import { commitPatience } from '../http/watch.ts';

/** A manifest's bytes and what they are. */
export interface ManifestBytes {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** State of a tag: requested and perhaps set, set, or found not to be set after all. */
export type TagState = 'asked' | 'set' | 'open';

export interface TagOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with each tag whenever more is known of it. */
  readonly tagging?: (tag: string, state: TagState) => void;
}

/** Every registry that knows `?tag=` takes at least so many (distribution-spec, end-7b). */
const tagsPerRequest = 10;

/**
 * Stores a manifest under one reference: its digest, or a tag.
 * @returns the value of OCI-Subject, if the registry sent one
 * @throws RegistryError, or BimaError DIGEST_MISMATCH when the registry stored something else
 */
export async function putManifest(
  session: Session,
  manifest: ManifestBytes,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { digest } = manifest.descriptor;
  const isThere = async () => (await describeManifest(session, reference, signal))?.digest === digest;
  return session.retrying(
    async (count) => {
      // The answer to an earlier attempt may be all that was lost; an immutable tag would now refuse its own content.
      if (count > 1 && (await isThere())) return undefined;
      try {
        const answer = await send(session, manifest, paths.manifest(session.repository, reference), signal);
        await confirmManifest(session, answer, digest, reference, signal);
        return subjectOf(answer);
      } catch (error) {
        const isRefusal = error instanceof RegistryError && [400, 403, 409, 412].includes(error.status ?? 0);
        if (!isRefusal || isAborted(signal) || error.missing.length > 0) throw error;
        // Someone else may have pushed the same content under an immutable tag a moment ago.
        if (reference !== digest && (await isThere())) return undefined;
        throw error;
      }
    },
    { signal },
  );
}

/**
 * Verifies the answer to the PUT of a manifest.
 * @param reference what stands for the digest afterwards
 * @throws RegistryError when there is no evidence of it, BimaError DIGEST_MISMATCH for other content
 */
export async function confirmManifest(
  session: Session,
  answer: Answer,
  digest: Digest,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  checkStored(session, answer, digest);
  if (isProof(answer, digest)) return;
  const isThere = async () => (await describeManifest(session, reference, signal))?.digest === digest;
  if (!(await appears(session, isThere, signal))) throw unconfirmed(answer, reference, digest);
}

/**
 * Stores a manifest under all tags: at once where the registry can, otherwise one after the other, in their
 * order. When one fails, the error tells which were set before; the rest isn't tried.
 * @returns the value of OCI-Subject, if the registry sent one
 */
export async function putTags(
  session: Session,
  manifest: ManifestBytes,
  tags: readonly string[],
  { signal, tagging }: TagOptions = {},
): Promise<string | undefined> {
  const tell = (some: readonly string[], state: TagState): void => {
    for (const tag of some) tagging?.(tag, state);
  };
  const options = { signal, tell };
  const { subject, set } = tags.length > 1 ? await putAtOnce(session, manifest, tags, options) : nothingSet;
  let lastSubject = subject;
  const done = tags.filter((tag) => set.has(tag));
  for (const tag of tags) {
    if (set.has(tag)) continue;
    try {
      tell([tag], 'asked');
      lastSubject = (await putManifest(session, manifest, tag, signal)) ?? lastSubject;
      tell([tag], 'set');
      done.push(tag);
    } catch (error) {
      const others = tags.filter((other) => other !== tag && !done.includes(other));
      throw error instanceof RegistryError && tags.length > 1 ? partial(error, tag, done, others) : error;
    }
  }
  return lastSubject;
}

const nothingSet = { subject: undefined, set: new Set<string>() } as const;

interface AtOnceOptions {
  readonly signal: AbortSignal | undefined;
  readonly tell: (tags: readonly string[], state: TagState) => void;
}

async function putAtOnce(
  session: Session,
  manifest: ManifestBytes,
  tags: readonly string[],
  { signal, tell }: AtOnceOptions,
): Promise<{ readonly subject: string | undefined; readonly set: ReadonlySet<string> }> {
  const path = paths.manifest(session.repository, manifest.descriptor.digest);
  const set = new Set<string>();
  let subject: string | undefined;
  for (let start = 0; start < tags.length; start += tagsPerRequest) {
    const asked = tags.slice(start, start + tagsPerRequest);
    const query = asked.map((tag) => `tag=${encodeURIComponent(tag)}`);
    tell(asked, 'asked');
    try {
      const answer = await session.retrying(
        () => send(session, manifest, `${path}?${query.join('&')}`, signal),
        {
          signal,
        },
      );
      subject = subjectOf(answer) ?? subject;
      const echoed = await provenTags(session, answer, manifest.descriptor.digest, asked, signal);
      for (const tag of echoed) set.add(tag);
      tell(asked, 'open');
      tell(echoed, 'set');
      // The registry doesn't know the parameter, and won't the next time either.
      if (echoed.length === 0) break;
    } catch (error) {
      // The cause may be one of the tags, or the parameter itself.
      const isAboutTags = error instanceof RegistryError && isRefusedQuery(error);
      if (!isAboutTags) throw error;
      tell(asked, 'open');
      break;
    }
  }
  return { subject, set };
}

/** @throws BimaError DIGEST_MISMATCH when the answer names other content */
function checkStored(session: Session, answer: Answer, digest: Digest): void {
  const stored = digestHeader(answer);
  if (stored?.startsWith('sha256:') === true && stored !== digest) {
    throw new BimaError(
      'DIGEST_MISMATCH',
      `${answer.endpoint.shown}: expected the registry to store ${digest}, got ${session.quote(stored)}`,
      { hint: 'The registry, or something on the way, changed the manifest; what it has is not the image.' },
    );
  }
}

/** The tags that the answer claims to have set, and that a lookup finds at the manifest. */
async function provenTags(
  session: Session,
  answer: Answer,
  digest: Digest,
  asked: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  checkStored(session, answer, digest);
  if (!isProof(answer, digest)) return [];
  const echoed = new Set(echoedTags(answer));
  const looks = asked
    .filter((tag) => echoed.has(tag))
    .map(async (tag) => {
      const there = await describeManifest(session, tag, signal);
      return there?.digest === digest ? [tag] : [];
    });
  return (await Promise.all(looks)).flat();
}

/** Anything else may come from something that is no registry. */
function isProof(answer: Answer, digest: Digest): boolean {
  return answer.status === 201 && digestHeader(answer) === digest;
}

function unconfirmed(
  { status, endpoint: { shown } }: Answer,
  reference: string,
  digest: Digest,
): RegistryError {
  return new RegistryError(
    'REGISTRY_PROTOCOL',
    `PUT ${shown}: expected 201 with the digest of the manifest, got ${status} without it, and "${reference}" does not ` +
      `stand for ${digest} afterwards`,
    { method: 'PUT', url: shown, status },
    {
      hint: 'Something may answer in place of the registry: check its host and port, and the proxy settings.',
    },
  );
}

function isRefusedQuery(error: RegistryError): boolean {
  const isContent = error.codes.some((code) => /^(?:MANIFEST|NAME|BLOB)_/.test(code));
  return !isContent && [400, 405, 409, 412, 414, 431, 501].includes(error.status ?? 0);
}

function echoedTags({ headers }: Answer): string[] {
  const value = headers['oci-tag'];
  const values = typeof value === 'string' ? [value] : (value ?? []);
  return values.flatMap((item) => item.split(',')).map((tag) => tag.trim());
}

function subjectOf({ headers }: Answer): string | undefined {
  const value = headers['oci-subject'];
  return typeof value === 'string' ? value : value?.[0];
}

async function send(
  session: Session,
  { descriptor, bytes }: ManifestBytes,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await session.send({
      method: 'PUT',
      to: path,
      headers: { 'content-type': descriptor.mediaType },
      body: bytes,
      scopes: [pushScope(session.repository)],
      expected: [201, 200, 202],
      patience: commitPatience(session.timeouts, bytes.length),
      signal,
    });
  } catch (error) {
    if (!(error instanceof RegistryError) || !isAnswer(error, 413)) throw error;
    throw new RegistryError(error.code, `${error.message}; the manifest has ${bytes.length} bytes`, error, {
      hint: 'Registries take manifests of 4 MiB at least: use fewer or shorter annotations, or raise its limit.',
      cause: error,
    });
  }
  await answer.discard();
  return answer;
}

function partial(
  error: RegistryError,
  failed: string,
  done: readonly string[],
  others: readonly string[],
): RegistryError {
  const list = (tags: readonly string[]) => tags.map((tag) => `"${tag}"`).join(', ');
  const state = [
    done.length === 0 ? 'no other tag was set' : `set before: ${list(done)}`,
    ...(others.length === 0 ? [] : [`not tried: ${list(others)}`]),
  ];
  const { code, hint } = error;
  return new RegistryError(code, `tag "${failed}" failed (${state.join('; ')}): ${error.message}`, error, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
