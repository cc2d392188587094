// One repository of a registry, as a Source and a Target.

import { BimaError } from '../../core/errors.ts';
import { readDocument } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDocument } from '../../core/oci/image-tree.ts';
import type { PutOptions, PutResult, Source, Stored, Target } from '../../core/oci/target.ts';
import { SharedWork } from '../../core/shared-work.ts';
import { downloadBlob } from './blob-download.ts';
import { pushBlob } from './blob-upload.ts';
import { listReferrers, listTags } from './content-lists.ts';
import { deleteManifest } from './manifest-delete.ts';
import { putManifest, putTags } from './manifest-push.ts';
import type { ManifestBytes, TagOptions } from './manifest-push.ts';
import { describeManifest, readManifest } from './manifest-read.ts';
import { createReferrerKeeper } from './keep-referrers.ts';
import type { KeepReferrer } from './keep-referrers.ts';
import type { Session } from './session.ts';

export interface Repository extends Source, Target {
  /** `registry/repository`. */
  readonly name: string;
  /** What a tag or digest stands for; undefined when there is nothing. Concurrent callers share one request. */
  describe(tagOrDigest: string, signal?: AbortSignal): Promise<Descriptor | undefined>;
  /** The manifest or index behind a tag or digest; undefined when there is nothing. */
  read(
    tagOrDigest: string,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array } | undefined>;
  /** Every tag; none for a repository that isn't there. */
  tags(): Promise<readonly string[]>;
  /** What has the manifest as its subject; undefined where the registry keeps no such list. */
  referrers(digest: Digest): Promise<readonly Descriptor[] | undefined>;
  /** Deletes a manifest by digest, or a tag. False when it was gone already. */
  remove(tagOrDigest: string): Promise<boolean>;
  /**
   * The last step of a push: stores a manifest, whose content must be there, under all tags, or by its digest
   * alone when there are none. When one tag fails, the error names those that were set.
   */
  putTagged(manifest: Blob, tags: readonly string[], options?: TagOptions): Promise<void>;
}

/** Puts every blob once: putting it again, at the same time or later, gives the first result. */
export class RemoteRepository implements Repository {
  readonly name: string;
  readonly #session: Session;
  readonly #chunkSize: number | undefined;
  readonly #keepReferrer: KeepReferrer;
  readonly #puts = new Map<Digest, SharedWork<PutResult>>();
  /** Uploads under way. */
  readonly #looks = new Map<string, SharedWork<Descriptor | undefined>>();
  /** Repositories that a blob couldn't be mounted from. */
  readonly #refusedMounts = new Set<string>();

  /** @param chunkSize in bytes, where blobs are always to be sent in chunks */
  constructor(session: Session, chunkSize: number | undefined) {
    this.name = `${session.registry}/${session.repository}`;
    this.#session = session;
    this.#chunkSize = chunkSize;
    this.#keepReferrer = createReferrerKeeper(session);
  }

  async describe(tagOrDigest: string, signal = this.#session.signal): Promise<Descriptor | undefined> {
    const begun = this.#looks.get(tagOrDigest);
    if (begun?.isGivenUp === false) return begun.wait(signal);
    signal?.throwIfAborted();
    const look = new SharedWork<Descriptor | undefined>((inner) =>
      describeManifest(this.#session, tagOrDigest, inner).finally(() => {
        if (this.#looks.get(tagOrDigest) === look) this.#looks.delete(tagOrDigest);
      }),
    );
    this.#looks.set(tagOrDigest, look);
    return look.wait(signal);
  }

  read(tagOrDigest: string): ReturnType<Repository['read']> {
    return readManifest(this.#session, tagOrDigest);
  }

  tags(): Promise<readonly string[]> {
    return listTags(this.#session);
  }

  referrers(digest: Digest): Promise<readonly Descriptor[] | undefined> {
    return listReferrers(this.#session, digest);
  }

  async remove(tagOrDigest: string): Promise<boolean> {
    try {
      return await deleteManifest(this.#session, tagOrDigest);
    } finally {
      // Those that are under way may not see it.
      this.#looks.clear();
    }
  }

  open(descriptor: Descriptor): Blob {
    const session = this.#session;
    const { registry, repository } = session;
    return {
      descriptor,
      open: () =>
        isDocument(descriptor) ? openManifest(session, descriptor) : downloadBlob(session, descriptor),
      heldBy: { registry, repository },
    };
  }

  async put(blob: Blob, options: PutOptions = {}): Promise<PutResult> {
    const { force = false, signal = this.#session.signal } = options;
    const { digest } = blob.descriptor;
    if (isDocument(blob.descriptor)) {
      return this.#timed(async () => {
        await this.putTagged(blob, [], options);
        return 'pushed';
      });
    }
    const begun = this.#puts.get(digest);
    if (!force && begun?.isGivenUp === false) return begun.wait(signal);
    signal?.throwIfAborted();
    const work = new SharedWork<PutResult>((inner) =>
      this.#timed(() => this.#push(blob, options, inner)).catch((error: unknown) => {
        // A later caller tries it again.
        if (this.#puts.get(digest) === work) this.#puts.delete(digest);
        throw error;
      }),
    );
    this.#puts.set(digest, work);
    return work.wait(signal);
  }

  async putTagged(manifest: Blob, tags: readonly string[], options: TagOptions = {}): Promise<void> {
    const { descriptor } = manifest;
    const known: ManifestBytes = { descriptor, bytes: await readDocument(manifest, 'the image') };
    const { signal } = options;
    try {
      const subject =
        tags.length === 0
          ? await putManifest(this.#session, known, descriptor.digest, signal)
          : await putTags(this.#session, known, tags, options);
      await this.#keepReferrer(known, subject, signal);
    } finally {
      // Those that are under way may not see it.
      this.#looks.clear();
    }
  }
  #push(blob: Blob, { force = false, mountFrom = [] }: PutOptions, signal: AbortSignal): Promise<Stored> {
    const mounts = { repositories: mountFrom, refused: this.#refusedMounts };
    return pushBlob(this.#session, blob, { force, mounts, chunkSize: this.#chunkSize, signal });
  }

  async #timed(work: () => Promise<Stored>): Promise<PutResult> {
    const { clock } = this.#session;
    const started = clock.now();
    const stored = await work();
    return { stored, seconds: (clock.now() - started) / 1000 };
  }
}

async function* openManifest(session: Session, { digest }: Descriptor): AsyncGenerator<Uint8Array> {
  const document = await readManifest(session, digest);
  if (document === undefined) {
    const name = `${session.registry}/${session.repository}`;
    throw new BimaError('REGISTRY_NOT_FOUND', `${name} has no manifest ${digest}`);
  }
  yield document.bytes;
}
