// One repository of a registry, as a Source and a Target.

import { BimaError } from '../../core/errors.ts';
import { readDocument } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isIndexType, isManifestType } from '../../core/oci/media-types.ts';
import type { PutOptions, Source, Target } from '../../core/oci/target.ts';
import { downloadBlob } from './blob-download.ts';
import { pushBlob } from './blob-upload.ts';
import { listReferrers, listTags } from './content-lists.ts';
import { lookForBlob } from './evidence.ts';
import { deleteManifest } from './manifest-delete.ts';
import { putManifest, putTags } from './manifest-push.ts';
import type { ManifestBytes } from './manifest-push.ts';
import { describeManifest, readManifest } from './manifest-read.ts';
import type { MountSources } from './mount.ts';
import { createReferrerKeeper } from './referrers.ts';
import type { Session } from './session.ts';

export interface Repository extends Source, Target {
  /** `registry/repository`. */
  readonly name: string;
  /** What a tag or digest stands for; undefined when there is nothing. */
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
  putTagged(manifest: Blob, tags: readonly string[], options?: PutOptions): Promise<void>;
}

export interface RepositoryOptions {
  readonly session: Session;
  readonly mountFrom: readonly string[];
  readonly chunkSize: number | undefined;
}

export function createRepository({ session, mountFrom, chunkSize }: RepositoryOptions): Repository {
  const name = `${session.registry}/${session.repository}`;
  const mounts: MountSources = { repositories: mountFrom, refused: new Set() };
  /** A tag is set by sending the manifest again. */
  const manifests = new Map<Digest, ManifestBytes>();
  const keepReferrer = createReferrerKeeper(session);

  async function putTagged(manifest: Blob, tags: readonly string[], options: PutOptions = {}): Promise<void> {
    const { descriptor } = manifest;
    const known: ManifestBytes = { descriptor, bytes: await readDocument(manifest, 'the image') };
    const { signal } = options;
    const subject =
      tags.length === 0
        ? await putManifest(session, known, descriptor.digest, signal)
        : await putTags(session, known, tags, options);
    manifests.set(descriptor.digest, known);
    await keepReferrer(known, subject, signal);
    options.stored?.('pushed');
  }

  return {
    name,
    describe: (tagOrDigest, signal) => describeManifest(session, tagOrDigest, signal),
    read: (tagOrDigest) => readManifest(session, tagOrDigest),
    tags: () => listTags(session),
    referrers: (digest) => listReferrers(session, digest),
    remove: (tagOrDigest) => deleteManifest(session, tagOrDigest),
    open: (descriptor) => ({
      descriptor,
      open: () =>
        isDocument(descriptor) ? openManifest(session, descriptor) : downloadBlob(session, descriptor),
      heldBy: { registry: session.registry, repository: session.repository },
    }),
    async has(descriptor) {
      if (!isDocument(descriptor)) return (await lookForBlob(session, descriptor)) === 'present';
      return (await describeManifest(session, descriptor.digest)) !== undefined;
    },
    async put(blob, options = {}) {
      if (isDocument(blob.descriptor)) {
        await putTagged(blob, [], options);
        return;
      }
      const { force = false, signal } = options;
      // Apart from the call below: when nobody wants to be told, its arguments aren't evaluated.
      const how = await pushBlob(session, blob, { force, mounts, chunkSize, signal });
      options.stored?.(how);
    },
    async tag(descriptor, tag) {
      const known = manifests.get(descriptor.digest) ?? (await readManifest(session, descriptor.digest));
      if (known === undefined) throw missing(name, descriptor.digest);
      await putTags(session, known, [tag]);
    },
    putTagged,
  };
}

function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

async function* openManifest(session: Session, { digest }: Descriptor): AsyncGenerator<Uint8Array> {
  const document = await readManifest(session, digest);
  if (document === undefined) throw missing(`${session.registry}/${session.repository}`, digest);
  yield document.bytes;
}

function missing(name: string, digest: Digest): BimaError {
  return new BimaError('REGISTRY_NOT_FOUND', `${name} has no manifest ${digest}`);
}
