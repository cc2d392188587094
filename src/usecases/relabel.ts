// The use case: labels of an image that is there are changed in all three places, and nothing else of it.

import { changeFile, findFile } from '../adapters/layers/change-file.ts';
import { createLayer } from '../adapters/layers/layer.ts';
import { parseCompression } from '../adapters/layers/compression.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { BimaError, throwProblems } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import { blobOf, readDocument } from '../core/oci/blob.ts';
import type { Blob } from '../core/oci/blob.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import { editImage, editIndex } from '../core/oci/edit-image.ts';
import type { ImageLayer } from '../core/oci/encode-image.ts';
import { readImage } from '../core/oci/image.ts';
import type { ReadImage } from '../core/oci/image.ts';
import { isAttestation, maxDepth, readTree } from '../core/oci/image-tree.ts';
import { isImageManifest, parseIndex, parseManifest } from '../core/oci/manifest.ts';
import { isIndexType, isManifestType, mediaTypes } from '../core/oci/media-types.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { rememberSmall } from '../core/oci/remembered.ts';
import type { Source } from '../core/oci/target.ts';
import { formatSize } from '../core/reporter.ts';
import type { Reporter } from '../core/reporter.ts';
import { changeLabels, isUnchanged } from '../core/unikernel/change-labels.ts';
import type { ChangedLabels, LabelChange, StatedLabels } from '../core/unikernel/change-labels.ts';
import { encodeUruncJson, parseUruncJson, uruncJsonPath } from '../core/unikernel/urunc-json.ts';
import type { Labels } from '../core/unikernel/urunc-json.ts';
import { uruncJsonEntry } from './build.ts';
import type { FailOn } from './plan/platforms.ts';
import { inOrder } from './plan/plan.ts';

export interface RelabelOptions {
  readonly change: LabelChange;
  /** `warning`: nothing is written while the change makes something doubtful. */
  readonly failOn: FailOn;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

export interface RelabelledImage {
  readonly platform: Platform;
  readonly previous: Digest;
  readonly digest: Digest;
  /** Of the config. */
  readonly labels: Labels;
}

export interface Relabelled {
  /** The one that was given, where nothing had to be changed. */
  readonly root: Descriptor;
  readonly images: readonly RelabelledImage[];
  /** Blobs of the images that are not in the layout. */
  readonly external: readonly Blob[];
}

/** Nobody's labels come near this size. */
const maxUruncJson = 4 * 1024 ** 2;

/** Above that, in bytes, a layer is not kept in memory, and it is said that it is written anew. */
const largeLayer = 1024 ** 2;

/**
 * Writes an image with other labels into a layout, or each image below an index. Of the layers only that which holds
 * `/urunc.json` is read and written; where there is none, all are looked through, and one is added.
 * @throws BimaError with everything that the change makes wrong, before anything is written; LAYOUT_INVALID,
 *   DIGEST_MISMATCH
 */
export async function relabelImage(
  source: Source,
  root: Descriptor,
  layout: Layout,
  options: RelabelOptions,
): Promise<Relabelled> {
  const relabelling = new Relabelling(rememberSmall(source, largeLayer), layout, options);
  await relabelling.read(root);
  relabelling.check();
  const changed = await relabelling.write(root);
  const external: Blob[] = [];
  for (const blob of (await readTree(layout, changed)).blobs)
    if (!(await layout.has(blob))) external.push(source.open(blob));
  return { root: changed, images: relabelling.images, external };
}

/** An image below the root, and what becomes of it. */
interface PlannedChange {
  readonly image: ReadImage;
  readonly manifestBytes: Uint8Array;
  /** Of the layer with `/urunc.json`; the number of layers where none has it. */
  readonly at: number;
  readonly before: StatedLabels;
  readonly after: ChangedLabels;
}

class Relabelling {
  readonly images: RelabelledImage[] = [];
  readonly #source: Source;
  readonly #layout: Layout;
  readonly #options: RelabelOptions;
  readonly #documents = new Map<Digest, Uint8Array>();
  readonly #planned = new Map<Digest, PlannedChange>();
  readonly #written = new Map<Digest, Descriptor>();

  constructor(source: Source, layout: Layout, options: RelabelOptions) {
    this.#source = source;
    this.#layout = layout;
    this.#options = options;
  }

  /** Plans the change of every image below a document. */
  async read(descriptor: Descriptor, depth = 0): Promise<void> {
    const { digest, mediaType } = descriptor;
    if (this.#documents.has(digest)) return;
    this.#options.signal.throwIfAborted();
    const isIndex = isIndexType(mediaType);
    if (!isIndex && !isManifestType(mediaType)) return;
    const bytes = await readDocument(this.#source.open(descriptor), this.#source.name);
    this.#documents.set(digest, bytes);
    if (isIndex) {
      if (depth >= maxDepth)
        throw new BimaError(
          'LAYOUT_INVALID',
          `index ${digest}: expected at most ${maxDepth} indexes inside one another`,
        );
      for (const child of parseIndex(bytes, `index ${digest}`).manifests) await this.read(child, depth + 1);
      return;
    }
    const manifest = parseManifest(bytes, `manifest ${digest}`);
    if (isAttestation(descriptor) || !isImageManifest(manifest)) return;
    const image = await readImage(this.#source, descriptor, manifest);
    this.#planned.set(digest, await this.#plan(image, bytes));
  }

  async #plan(image: ReadImage, manifestBytes: Uint8Array): Promise<PlannedChange> {
    const { config, manifest, layers } = image;
    const found = await findFile(this.#source, layers, uruncJsonPath, maxUruncJson);
    const { entrypoint, cmd } = config;
    const before: StatedLabels = {
      labels: config.labels,
      annotations: manifest.annotations ?? {},
      uruncJson: found === undefined ? undefined : parseUruncJson(found.bytes),
      arguments: {
        ...(entrypoint === undefined ? {} : { entrypoint }),
        ...(cmd === undefined ? {} : { cmd }),
      },
    };
    const after = changeLabels(before, this.#options.change);
    return { image, manifestBytes, at: found?.at ?? layers.length, before, after };
  }

  /** @throws BimaError with every error of every image */
  check(): void {
    const { reporter, failOn } = this.#options;
    const planned = [...this.#planned.values()];
    if (planned.length === 0)
      throw new BimaError(
        'LAYOUT_INVALID',
        `"${this.#source.name}" holds no image whose labels could be changed`,
      );
    const named = (list: (change: PlannedChange) => readonly Problem[]) =>
      inOrder(planned.flatMap((change) => list(change)));
    const [errors, warnings] = [named(({ after }) => after.errors), named(({ after }) => after.warnings)];
    if (failOn === 'warning') throwProblems([...errors, ...warnings]);
    for (const warning of warnings) reporter.warning(warning);
    throwProblems(errors);
  }

  /** The document as it is now: another one where something below it has changed. */
  async write(descriptor: Descriptor): Promise<Descriptor> {
    const known = this.#written.get(descriptor.digest);
    if (known !== undefined) return withDigestOf(descriptor, known);
    const planned = this.#planned.get(descriptor.digest);
    const written = isIndexType(descriptor.mediaType)
      ? await this.#writeIndex(descriptor)
      : planned === undefined || isUnchanged(planned.before, planned.after)
        ? await this.#keep(descriptor, planned)
        : await this.#writeImage(descriptor, planned);
    this.#written.set(descriptor.digest, written);
    return written;
  }

  async #keep(descriptor: Descriptor, planned?: PlannedChange): Promise<Descriptor> {
    const bytes = this.#documents.get(descriptor.digest);
    if (bytes !== undefined) await this.#layout.put({ ...blobOf(descriptor.mediaType, bytes), descriptor });
    if (planned !== undefined)
      this.#note(planned.image, descriptor.digest, descriptor.digest, planned.before);
    return descriptor;
  }

  async #writeIndex(descriptor: Descriptor): Promise<Descriptor> {
    const bytes = this.#documents.get(descriptor.digest) ?? new Uint8Array();
    const entries: (Descriptor | undefined)[] = [];
    const { manifests } = parseIndex(bytes, `index ${descriptor.digest}`);
    for (const entry of manifests) entries.push(isAttestation(entry) ? entry : await this.write(entry));
    const isChanged = ({ digest }: Descriptor) => (this.#written.get(digest)?.digest ?? digest) !== digest;
    if (!manifests.some(isChanged)) {
      for (const entry of manifests) await this.#keep(entry);
      return this.#keep(descriptor);
    }
    for (const [at, entry] of manifests.entries()) {
      if (!isAttestation(entry)) continue;
      const subject = entry.annotations?.['vnd.docker.reference.digest'];
      const isLost = manifests.some((other) => other.digest === subject && isChanged(other));
      if (isLost) entries[at] = undefined;
      else await this.#keep(entry);
      if (isLost)
        this.#options.reporter.info(
          `the attestation ${entry.digest} is left out: it is about ${subject ?? ''}`,
        );
    }
    const index = blobOf(mediaTypes.index, editIndex(bytes, entries));
    await this.#layout.put(index);
    return withDigestOf(descriptor, index.descriptor);
  }

  async #writeImage(descriptor: Descriptor, planned: PlannedChange): Promise<Descriptor> {
    const { image, manifestBytes, at, after } = planned;
    const layer = await this.#writeLayer(planned);
    const { config, manifest } = editImage(manifestBytes, image.configBytes, {
      labels: after.labels,
      annotations: after.annotations,
      ...after.arguments,
      layer: { ...layer, at },
      history: { created_by: `LABEL -> /${uruncJsonPath}`, comment: 'bima' },
    });
    await this.#layout.put(config);
    await this.#layout.put(manifest);
    this.#note(image, descriptor.digest, manifest.descriptor.digest, after);
    return withDigestOf(descriptor, manifest.descriptor);
  }

  /** The layer with the new file, in the layout. */
  async #writeLayer({ image, at, after }: PlannedChange): Promise<ImageLayer> {
    const { reporter, signal } = this.#options;
    const before = image.layers[at];
    if (before === undefined) {
      reporter.info(`no layer has /${uruncJsonPath}: one is added`);
      const created = Math.max(0, Math.trunc(Date.parse(image.config.created ?? '') / 1000) || 0);
      return createLayer([uruncJsonEntry(after.uruncJson)], {
        mtime: created,
        compression: parseCompression('gzip'),
        signal,
        write: (stream) => this.#layout.write(stream),
      });
    }
    const { digest, size } = before.descriptor;
    if (size > largeLayer)
      reporter.info(
        `layer ${digest} (${formatSize(size)}) is written anew: it holds /${uruncJsonPath} beside other files`,
      );
    const file = { path: uruncJsonPath, bytes: encodeUruncJson(after.uruncJson) };
    return changeFile(this.#source, before, file, this.#layout);
  }

  #note({ config }: ReadImage, previous: Digest, digest: Digest, { labels }: StatedLabels): void {
    this.images.push({ platform: config.platform, previous, digest, labels });
    const platform = formatPlatform(config.platform);
    const how = previous === digest ? `${digest} has these labels already` : `${digest}, was ${previous}`;
    this.#options.reporter.info(`image for ${platform}: ${how}`);
  }
}

/** The entry of the same place, for another document. */
function withDigestOf(entry: Descriptor, { mediaType, digest, size }: Descriptor): Descriptor {
  return { ...entry, mediaType, digest, size };
}
