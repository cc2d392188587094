// Uploading what a build has finished while it goes on: its layers, to the first repository of the push that follows.
// Manifests and tags are left to that push, which takes over what was sent and makes up for what failed.

import { setMaxListeners } from 'node:events';
import { BimaError } from '../../core/errors.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { withDefaultTag } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { PutOptions, Stored } from '../../core/oci/target.ts';
import type { RegistryClient } from '../../adapters/registry/client.ts';
import type { Repository } from '../../adapters/registry/repository.ts';

export interface EarlyPush {
  /** Starts to upload a layer, if that is worth it. Never fails: what went wrong is put again by the push. */
  readonly start: (layer: Blob) => void;
  /** Fires when the registry refuses the push; the reason is the error that the push itself would throw. */
  readonly refused: AbortSignal;
  /** Resolves when nothing is under way. */
  settle(): Promise<void>;
  /** A client whose pushes take over what was sent. */
  readonly client: () => Promise<RegistryClient>;
}

export interface EarlyPushOptions {
  /** Where the push will go; empty when nothing will be pushed. */
  readonly references: readonly Reference[];
  /** The client of the push, which is asked for when the first upload starts. */
  readonly openClient: () => Promise<RegistryClient>;
  /** Milliseconds, for the seconds of each blob. */
  readonly now?: () => number;
}

/** In bytes. Smaller layers travel beside the config, after the build, as fast; one that is there needs no question. */
const worthwhile = 256 * 1024;

/** How a layer came to be there; undefined when that failed. */
type Outcome = { readonly stored: Stored; readonly seconds: number } | undefined;

/** Runs `body` with an early push. What is still under way afterwards is given up and waited for. */
export async function withEarlyPush<T>(
  options: EarlyPushOptions,
  body: (early: EarlyPush) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const early = createEarlyPush(options, ended);
  try {
    return await body(early);
  } finally {
    ended.abort();
    await early.settle();
  }
}

function createEarlyPush(
  { references, openClient, now = Date.now }: EarlyPushOptions,
  ended: AbortController,
): EarlyPush {
  const first = firstOf(references);
  const refused = new AbortController();
  const uploads = new Map<Digest, Promise<Outcome>>();
  let handle: Repository | undefined;
  let opened: Promise<Opened> | undefined;
  /** The look at the tag, while it is under way. */
  let look: Promise<Descriptor | undefined> | undefined;

  const repositoryOf = (client: RegistryClient, reference: Reference): Repository =>
    (handle ??= client.repository(reference, { access: 'push' }));

  /** Begins as the push itself does, with a look at the tag: then a refusal is the same in its words, too. */
  async function open(reference: TaggedReference): Promise<Opened> {
    const client = await openClient();
    if (client.down.has(reference.registry)) throw new Error('not worth another round of retries');
    const signal = AbortSignal.any([client.signal, ended.signal]);
    // Each layer that waits for its turn listens to it.
    setMaxListeners(0, signal);
    const repository = repositoryOf(client, reference);
    look = repository.describe(reference.tag, signal).finally(() => (look = undefined));
    await look;
    return { repository, signal };
  }

  async function upload(layer: Blob, reference: TaggedReference): Promise<Outcome> {
    const started = now();
    try {
      const { repository, signal } = await (opened ??= open(reference));
      let stored: Stored = 'pushed';
      await repository.put(layer, { signal, stored: (how) => (stored = how) });
      return { stored, seconds: (now() - started) / 1000 };
    } catch (error) {
      if (isRefusal(error) && !ended.signal.aborted) refused.abort(error);
      return undefined;
    }
  }

  /** As `put` of the repository, unless the layer is there or on its way. */
  async function takeOver(repository: Repository, blob: Blob, options: PutOptions = {}): Promise<void> {
    const { force = false, signal } = options;
    const begun = uploads.get(blob.descriptor.digest);
    const outcome = force || begun === undefined ? undefined : await endOf(begun, signal, ended);
    if (outcome === undefined) await repository.put(blob, options);
    else options.stored?.(outcome.stored, outcome.seconds);
  }

  return {
    start: (layer) => {
      const { digest, size } = layer.descriptor;
      if (first === undefined || size < worthwhile || uploads.has(digest)) return;
      uploads.set(digest, upload(layer, first));
    },
    refused: refused.signal,
    settle: async () => {
      await Promise.all(uploads.values());
    },
    client: async () => {
      const client = await openClient();
      if (first === undefined || uploads.size === 0) return client;
      const own = repositoryOf(client, first);
      const standIn: Repository = {
        ...own,
        // What is answered from now on is as new as any answer: nobody has to wait, or to fail, twice.
        describe: (name, signal) => (name === first.tag ? look : undefined) ?? own.describe(name, signal),
        put: (blob, options) => takeOver(own, blob, options),
      };
      return {
        ...client,
        repository: (name, access) =>
          name.registry === first.registry && name.repository === first.repository
            ? standIn
            : client.repository(name, access),
      };
    },
  };
}

type TaggedReference = Reference & { readonly tag: string };

/** Undefined when a push may still be called off: a digest has to be that of the image, which nobody knows yet. */
function firstOf(references: readonly Reference[]): TaggedReference | undefined {
  const [first] = references.map(withDefaultTag);
  const isCertain = references.every(({ digest }) => digest === undefined);
  return first?.tag === undefined || !isCertain ? undefined : { ...first, tag: first.tag };
}

interface Opened {
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

/** When whoever waits for it gives up, so do all uploads: the push has failed. */
async function endOf(
  begun: Promise<Outcome>,
  signal: AbortSignal | undefined,
  ended: AbortController,
): Promise<Outcome> {
  const abort = () => {
    ended.abort(signal?.reason);
  };
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const outcome = await begun;
    signal?.throwIfAborted();
    return outcome;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function isRefusal(error: unknown): error is BimaError {
  return (
    error instanceof BimaError && (error.code === 'REGISTRY_DENIED' || error.code === 'REGISTRY_UNAUTHORIZED')
  );
}
