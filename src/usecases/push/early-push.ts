// Uploading what a build has finished while it goes on: its layers, to the first repository of the push that follows.
// Manifests and tags are left to that push, which finds in its repository what was sent, and makes up for what failed.

import { setMaxListeners } from 'node:events';
import { BimaError } from '../../core/errors.ts';
import type { Blob } from '../../core/oci/blob.ts';
import { withDefaultTag } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { RegistryClient } from '../../adapters/registry/client.ts';
import type { Repository } from '../../adapters/registry/repository.ts';

export interface EarlyPush {
  /** Starts to upload a layer, if that is worth it. Never fails: what went wrong is put again by the push. */
  readonly start: (layer: Blob) => void;
  /** Fires when the registry refuses the push; the reason is the error that the push itself would throw. */
  readonly refused: AbortSignal;
  /** Resolves when nothing is under way. */
  settle(): Promise<void>;
}

export interface EarlyPushOptions {
  /** Where the push will go; empty when nothing will be pushed. */
  readonly references: readonly Reference[];
  /** The client of the push, which is asked for when the first upload starts. */
  readonly openClient: () => Promise<RegistryClient>;
}

/** In bytes. Smaller layers travel beside the config, after the build, as fast; one that is there needs no question. */
const worthwhile = 256 * 1024;

/** Runs `body` with an early push. What is still under way afterwards is given up and waited for. */
export async function withEarlyPush<T>(
  { references, openClient }: EarlyPushOptions,
  body: (early: EarlyPush) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const early = new Uploads(firstOf(references), openClient, ended.signal);
  try {
    return await body(early);
  } finally {
    ended.abort();
    await early.settle();
  }
}

class Uploads implements EarlyPush {
  readonly #reference: TaggedReference | undefined;
  readonly #openClient: () => Promise<RegistryClient>;
  readonly #ended: AbortSignal;
  readonly #refused = new AbortController();
  readonly #running: Promise<void>[] = [];
  #opened: Promise<Opened> | undefined;

  constructor(
    reference: TaggedReference | undefined,
    openClient: () => Promise<RegistryClient>,
    ended: AbortSignal,
  ) {
    this.#reference = reference;
    this.#openClient = openClient;
    this.#ended = ended;
  }

  get refused(): AbortSignal {
    return this.#refused.signal;
  }

  // A function of its own, since it is handed to the build.
  readonly start = (layer: Blob): void => {
    if (this.#reference === undefined || layer.descriptor.size < worthwhile) return;
    this.#running.push(this.#upload(layer, this.#reference));
  };

  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #upload(layer: Blob, reference: TaggedReference): Promise<void> {
    try {
      const { repository, signal } = await (this.#opened ??= this.#open(reference));
      await repository.put(layer, { signal });
    } catch (error) {
      if (isRefusal(error) && !this.#ended.aborted) this.#refused.abort(error);
    }
  }

  /** Begins as the push itself does, with a look at the tag: then a refusal is the same in its words, too. */
  async #open(reference: TaggedReference): Promise<Opened> {
    const client = await this.#openClient();
    if (client.down.has(reference.registry)) throw new Error('not worth another round of retries');
    const signal = AbortSignal.any([client.signal, this.#ended]);
    // Each layer that waits for its turn listens to it.
    setMaxListeners(0, signal);
    const repository = client.repository(reference, { access: 'push' });
    await repository.describe(reference.tag, signal);
    return { repository, signal };
  }
}

interface Opened {
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

type TaggedReference = Reference & { readonly tag: string };

/** Undefined when a push may still be called off: a digest has to be that of the image, which nobody knows yet. */
function firstOf(references: readonly Reference[]): TaggedReference | undefined {
  const [first] = references.map(withDefaultTag);
  const isCertain = references.every(({ digest }) => digest === undefined);
  return first?.tag === undefined || !isCertain ? undefined : { ...first, tag: first.tag };
}

function isRefusal(error: unknown): error is BimaError {
  return (
    error instanceof BimaError && (error.code === 'REGISTRY_DENIED' || error.code === 'REGISTRY_UNAUTHORIZED')
  );
}
