// The use case: a planned build becomes an image in a layout.

import { formatInstruction } from '../core/containerfile/format.ts';
import type { Instruction } from '../core/containerfile/instruction.ts';
import type { LayerCache } from '../adapters/disk/layer-cache.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { streamOf } from '../core/oci/blob.ts';
import type { Blob, ByteStream } from '../core/oci/blob.ts';
import type { HistoryEntry } from '../core/oci/config.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { digestOf } from '../core/oci/digest.ts';
import type { ImageOrigin } from '../core/oci/image-origin.ts';
import type { LayerSource } from '../core/oci/layer-source.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Platform } from '../core/oci/platform.ts';
import { formatSize } from '../core/reporter.ts';
import type { Reporter } from '../core/reporter.ts';
import { encodeAnnotations, encodeUruncJson, uruncJsonPath } from '../core/unikernel/urunc-json.ts';
import type { Labels } from '../core/unikernel/urunc-json.ts';
import type { Compression } from '../adapters/layers/compression.ts';
import { watchContent } from '../adapters/layers/content-watch.ts';
import type { ContentRecords } from '../adapters/layers/content-watch.ts';
import { configFields } from '../core/oci/config-fields.ts';
import { comparePaths, contentSizeOf } from '../core/files/entry.ts';
import type { Entry, FileEntry } from '../core/files/entry.ts';
import { encodeImage } from '../core/oci/encode-image.ts';
import type { ImageLayer } from '../core/oci/encode-image.ts';
import { reuseLayer } from '../adapters/layers/reuse.ts';
import type { MadeLayers } from '../adapters/layers/made-layers.ts';
import { createLayer } from '../adapters/layers/layer.ts';
import type { Layer, ReadReporter } from '../adapters/layers/layer.ts';
import type { Plan } from './plan/plan.ts';

export interface BuildOptions {
  readonly compression: Compression;
  /** Annotations of the manifest, besides the labels, over which they win. */
  readonly annotations: Labels;
  readonly annotationEncoding: 'plain' | 'base64';
  /** Date of every file and of the image itself, in seconds since 1970. */
  readonly created: number;
  readonly signal?: AbortSignal | undefined;
  /** The previous image, whose layers needn't be made again. */
  readonly previous?: LayerSource | undefined;
  /** Has layers of earlier builds with the same compressor, and gets those of this one. */
  readonly cache?: LayerCache | undefined;
  /** What earlier builds have noted of files, so that they need not be read. */
  readonly records?: ContentRecords | undefined;
  /** Layers of other images in the same layout, with the same options. */
  readonly made?: MadeLayers | undefined;
  /** Called with each layer that was made, as soon as it is in the layout, or found in the cache. */
  readonly finished?: ((layer: Blob) => void) | undefined;
}

export interface BuiltImage {
  /** Descriptor of the manifest, with the platform. Its digest is what a registry serves. */
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly platform: Platform;
  readonly labels: Labels;
  /** The images that its files are from. */
  readonly origins: readonly ImageOrigin[];
  /** Those of the base image first. */
  readonly layers: readonly ImageLayer[];
  /** Layers of the image that are not in the layout: fetched, read or made when somebody opens them. */
  readonly external: readonly Blob[];
}

/**
 * Writes the layers, the config and the manifest of an image into a layout, and leaves its index alone.
 * One layer for each COPY and each WORKDIR that makes a folder, then one with `/urunc.json`, which a container image lacks. The same plan and options give the same bytes.
 */
export async function buildImage(
  plan: Plan,
  layout: Layout,
  options: BuildOptions,
  reporter: Reporter,
): Promise<BuiltImage> {
  const { base } = plan;
  const external: Blob[] = (base?.layers ?? []).map(({ blob }) => blob);
  const obtain = async (entries: readonly Entry[], task: string): Promise<ObtainedLayer> => {
    const obtained = await obtainLayer(entries, layout, options, () => progressOf(entries, task, reporter));
    if (obtained.external !== undefined) external.push(obtained.external);
    return obtained;
  };

  if (base !== undefined) reporter.info(`on ${base.name} (${base.digest})`);
  const layers: ImageLayer[] = (base?.layers ?? []).map(({ descriptor, diffId }) => ({ descriptor, diffId }));
  for (const { task, entries } of layersOf(plan)) {
    const { layer, how } = await obtain(entries, task);
    if (task !== uruncJsonTask) reporter.info(`${task}: ${describeLayer(layer)}${how}`);
    layers.push(layer);
  }

  const { entrypoint, cmd } = plan.arguments;
  const documents = encodeImage({
    platform: plan.platform,
    ...(base === undefined ? {} : { inheritedHistory: base.inherited.history }),
    layers,
    fields: configFields(base?.inherited.config ?? {}, plan.instructions, plan.onBuild),
    ...authorOf(plan),
    history: historyOf(plan),
    labels: plan.labels,
    annotations: { ...encodeAnnotations(plan.labels, options.annotationEncoding), ...options.annotations },
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(cmd === undefined ? {} : { cmd }),
    created: options.created,
  });
  await layout.put(documents.config);
  await layout.put(documents.manifest);
  const { descriptor: manifest } = documents.manifest;
  reporter.info(`image ${manifest.digest} for ${formatPlatform(plan.platform)}`);
  return {
    manifest,
    config: documents.config.descriptor,
    platform: plan.platform,
    labels: plan.labels,
    origins: plan.origins,
    layers,
    external,
  };
}

const uruncJsonTask = `/${uruncJsonPath}`;

/** The layers that are new, each with what makes it. */
function layersOf(plan: Plan): readonly { readonly task: string; readonly entries: readonly Entry[] }[] {
  const layers = plan.layers.map(({ instruction, entries }) => ({
    task: formatInstruction(instruction),
    entries,
  }));
  if (plan.isContainer === true) return layers;
  const uruncJson = { task: uruncJsonTask, entries: [uruncJsonEntry(plan.labels)] };
  if (plan.isOneLayer !== true) return [...layers, uruncJson];
  // Of several with one path, the last one counts.
  const all = new Map(
    [...layers, uruncJson].flatMap(({ entries }) => entries.map((entry) => [entry.path, entry])),
  );
  const entries = [...all.values()].sort((one, other) => comparePaths(one.path, other.path));
  return [{ task: [...layers, uruncJson].map(({ task }) => task).join(', '), entries }];
}

interface ObtainedLayer {
  readonly layer: Layer;
  /** Absent when the layout has it. */
  readonly external?: Blob;
  /** How it came to be there, for its line. */
  readonly how: string;
}

const howFrom = { run: '', image: ', there already', cache: ', there already, in the cache' };

/** Reuses a layer or makes it. */
async function obtainLayer(
  entries: readonly Entry[],
  layout: Layout,
  options: BuildOptions,
  read: () => ReadReporter,
): Promise<ObtainedLayer> {
  const { compression, created: mtime, signal, previous, cache, records, made, finished } = options;
  const sources = [made, previous, cache].filter((source) => source !== undefined);
  const contentSize = contentSizeOf(entries);
  const watch = records === undefined ? undefined : watchContent(entries, { mtime, records });
  const reused = await reuseLayer(entries, sources, { mtime, compression, watch, signal, read: read() });
  if (reused !== undefined) {
    const { layer, blob, from } = reused;
    made?.add({ diffId: layer.diffId, contentSize }, layer.descriptor);
    // The layers of the previous image are, as a rule, where this one goes.
    if (from === 'cache') finished?.(blob);
    return { layer, how: howFrom[from], ...(from === 'run' ? {} : { external: blob }) };
  }
  const write = (stream: ByteStream) => layout.write(stream);
  const layer = await createLayer(entries, { mtime, compression, signal, read: read(), write });
  const { diffId, descriptor } = layer;
  watch?.note(layer);
  finished?.(layout.open(descriptor));
  const key = { diffId, contentSize };
  made?.add(key, descriptor);
  await cache?.add(key, descriptor, layout.blobPath(descriptor.digest));
  return { layer, how: '' };
}

function describeLayer({ descriptor, tarSize }: Layer): string {
  return `${descriptor.digest} (${formatSize(descriptor.size)}, ${formatSize(tarSize)} unpacked)`;
}

/** Reports how many bytes of the entries' files have been packed. */
function progressOf(entries: readonly Entry[], task: string, reporter: Reporter): ReadReporter {
  const total = contentSizeOf(entries);
  let done = 0;
  return (size) => {
    done += size;
    reporter.progress(task, done, total);
  };
}

/** The file as an entry of a layer. */
export function uruncJsonEntry(labels: Labels): FileEntry {
  const bytes = encodeUruncJson(labels);
  return {
    type: 'file',
    path: uruncJsonPath,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: bytes.length,
    identify: () => digestOf(bytes),
    open: () => streamOf(bytes),
  };
}

/** The author of the last MAINTAINER, or else of the base. */
function authorOf({ instructions, base }: Plan): { readonly author?: string } {
  const own = instructions.findLast(({ type }) => type === 'maintainer');
  const author = own?.type === 'maintainer' ? own.name : base?.inherited.author;
  return author === undefined ? {} : { author };
}

/** History as Docker writes it: one entry per instruction, marked where it makes no layer. */
function historyOf({
  instructions,
  layers,
  isContainer = false,
  isOneLayer = false,
}: Plan): Omit<HistoryEntry, 'created'>[] {
  const withLayer = new Set<Instruction>(layers.map(({ instruction }) => instruction));
  const entries = instructions.map((instruction): Omit<HistoryEntry, 'created'> => {
    const created_by = formatInstruction(instruction);
    return withLayer.has(instruction) && !isOneLayer ? { created_by } : { created_by, empty_layer: true };
  });
  if (isContainer) return entries;
  return [...entries, { created_by: `LABEL -> /${uruncJsonPath}`, comment: 'bima' }];
}
