// Copying an image from a source to a target: blobs side by side, then manifests, then the indexes above them.
// Tags are the caller's, after that: so no tag ever points at something that isn't whole.

import { readDocument } from '../../core/oci/blob.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { childrenOf, isDocument, readTree } from '../../core/oci/image-tree.ts';
import type { PutOptions, PutResult, Source, Target } from '../../core/oci/target.ts';
import { RegistryError } from '../../adapters/registry/registry-error.ts';
import { formatSize } from '../../core/reporter.ts';
import type { Reporter } from '../../core/reporter.ts';
import { runSideBySide } from '../../core/concurrent.ts';

export interface CopiedBlob extends PutResult {
  readonly descriptor: Descriptor;
}

export interface CopyOptions {
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** How many blobs are copied at once: 4 by default. */
  readonly concurrency?: number;
  /** Passed on with each blob, see {@link PutOptions}. */
  readonly mountFrom?: readonly string[];
  /** Stores the root, when everything below it is there; by default `target.put` does. */
  readonly finish?: (root: Blob, signal: AbortSignal | undefined) => Promise<void>;
  /** True when everything below the root is known to be there, so that only the root is stored. */
  readonly rootOnly?: boolean;
  /** Asked for an image of many blobs: true when the root is at the target, and with it all that is below. */
  readonly isThere?: () => Promise<boolean>;
  /** Of images that are copied side by side: what several of them have is copied, and told, once. */
  readonly shared?: Map<Digest, Promise<CopiedBlob>>;
}

const defaultConcurrency = 4;
/** For fewer blobs a question about each takes no longer than one about all of them before. */
const manyBlobs = 8;

/**
 * Copies everything that a manifest or an index leads to, and then itself. Each digest is copied once. The first
 * failure stops the others and is the one that is thrown.
 * @returns what became of each blob, in the order in which they were done
 */
export async function copyImage(
  source: Source,
  root: Descriptor,
  target: Target,
  options: CopyOptions,
): Promise<readonly CopiedBlob[]> {
  const { signal, concurrency = defaultConcurrency, rootOnly = false } = options;
  const copy: Copy = { source, root, target, options };
  const copied: CopiedBlob[] = [];
  if (!rootOnly) {
    const { blobs, manifests, indexes } = await readTree(source, root);
    if (blobs.length >= manyBlobs && (await options.isThere?.()) === true) {
      await putDocument(copy, root, signal);
      return copied;
    }
    const blobTasks = blobs.map((blob) => async (inner: AbortSignal) => {
      const other = options.shared?.get(blob.digest);
      const own = other ?? copyBlob(copy, blob, inner);
      options.shared?.set(blob.digest, own);
      const done = await own;
      if (other === undefined) copied.push(done);
    });
    await runSideBySide(blobTasks, concurrency, signal);
    const isBelow = ({ digest }: Descriptor) => digest !== root.digest;
    const manifestTasks = manifests.filter(isBelow).map((manifest) => async (inner: AbortSignal) => {
      await putDocument(copy, manifest, inner);
    });
    await runSideBySide(manifestTasks, concurrency, signal);
    for (const index of indexes.filter(isBelow)) await putDocument(copy, index, signal);
  }
  await putDocument(copy, root, signal);
  return copied;
}

interface Copy {
  readonly source: Source;
  readonly root: Descriptor;
  readonly target: Target;
  readonly options: CopyOptions;
}

async function copyBlob(
  { source, target, options }: Copy,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<CopiedBlob> {
  const { reporter, mountFrom = [] } = options;
  const blob: CopiedBlob = {
    descriptor,
    ...(await target.put(source.open(descriptor), { signal, mountFrom })),
  };
  reporter.info(describeCopied(blob));
  return blob;
}

function describeCopied({ descriptor, stored, seconds }: CopiedBlob): string {
  const how = { pushed: 'pushed', mounted: 'mounted', present: 'already there' }[stored];
  return `${descriptor.digest} ${formatSize(descriptor.size)}: ${how} (${seconds.toFixed(1)} s)`;
}

/**
 * How often content is put again. Once is enough, unless others push the same at that moment: distribution 2.8 then
 * reads what one of them is writing as lost.
 */
const maxRounds = 2;

/** Puts a document. When its target misses what it was said to have, that is put again first, whatever it says. */
async function putDocument(
  copy: Copy,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { source, root, target, options } = copy;
  const blob = source.open(descriptor);
  const putOptions: PutOptions = signal === undefined ? {} : { signal };
  const store = async (): Promise<void> => {
    if (options.finish !== undefined && descriptor.digest === root.digest) await options.finish(blob, signal);
    else await target.put(blob, putOptions);
  };
  for (let round = 1; ; round++) {
    try {
      await store();
      return;
    } catch (error) {
      const isLost = error instanceof RegistryError && isAboutMissingContent(error);
      if (!isLost || round > maxRounds) throw error;
      options.reporter.debug(`${error.message}; its content is put again`);
      const children = childrenOf(descriptor, await readDocument(blob, source.name));
      const named = children.filter(({ digest }) => error.missing.includes(digest));
      for (const child of named.length > 0 ? named : children) {
        if (isDocument(child)) await putDocument(copy, child, signal);
        else await target.put(source.open(child), { ...putOptions, force: true });
      }
    }
  }
}

function isAboutMissingContent({ status, codes }: RegistryError): boolean {
  const says = codes.some((code) => /^(?:MANIFEST_BLOB_UNKNOWN|BLOB_UNKNOWN|MANIFEST_UNKNOWN)$/.test(code));
  return says && (status === 400 || status === 404);
}
