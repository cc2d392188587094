// The layers of images that are there already, in the place or at the tags of the new one.

import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { imagesOf } from '../../core/oci/image-tree.ts';
import type { ListedManifest } from '../../core/oci/image-tree.ts';
import type { FoundLayer, LayerKey, LayerSource } from '../../core/oci/layer-source.ts';
import type { Source } from '../../core/oci/target.ts';
import type { Reporter } from '../../core/reporter.ts';
import type { Compression } from './compression.ts';
import { isMadeBy } from './fingerprint.ts';

/** Images where the new one will be, or at the tags that it will have. */
export interface PreviousImages {
  readonly source: Source;
  readonly roots: readonly Descriptor[];
  /** True when the source holds its blobs on this machine. */
  readonly isLocal: boolean;
}

export interface PreviousLayersOptions {
  readonly compression: Compression;
  readonly reporter: Reporter;
  /** Its reason is thrown when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** Those layers of previous images that a compression would make byte for byte. */
export class PreviousLayers implements LayerSource {
  readonly kind = 'image';
  readonly #layers = new Map<Digest, FoundLayer>();
  readonly #options: PreviousLayersOptions;

  constructor(options: PreviousLayersOptions) {
    this.#options = options;
  }

  /**
   * Adds what the images say of their layers. What can't be opened or read is left out: at worst, a layer is made that
   * could have been reused.
   * @param open gives undefined when there is nothing
   */
  async read(open: () => Promise<PreviousImages | undefined>): Promise<void> {
    await this.#tolerate(async () => {
      const previous = await open();
      if (previous === undefined) return;
      for (const root of previous.roots) {
        await this.#tolerate(async () => {
          for await (const image of imagesOf(previous.source, root))
            await this.#tolerate(() => this.#add(image, previous));
        });
      }
    });
  }

  async #add({ read }: ListedManifest, { source, isLocal }: PreviousImages): Promise<void> {
    for (const { descriptor, diffId } of (await read())?.layers ?? []) {
      if (!(await isMadeBy(this.#options.compression, descriptor, diffId))) continue;
      this.#layers.set(diffId, isLocal ? source.open(descriptor) : { descriptor });
    }
  }

  mayHave(): boolean {
    return this.#layers.size > 0;
  }

  async find({ diffId }: LayerKey): Promise<FoundLayer | undefined> {
    const layer = this.#layers.get(diffId);
    if (layer?.open === undefined) return layer;
    // What is on disk may have been damaged since, and would stay so.
    const { signal } = this.#options;
    const isWhole = await this.#tolerate(async () => {
      for await (const chunk of layer.open?.() ?? []) if (chunk.length > 0) signal?.throwIfAborted();
    });
    return isWhole ? layer : undefined;
  }

  /** Whether `body` succeeded. */
  async #tolerate(body: () => Promise<void>): Promise<boolean> {
    try {
      await body();
      return true;
    } catch (error) {
      // What is wrong with the options will be wrong later, too.
      const isFatal = !(error instanceof BimaError) || /^(?:INTERRUPTED|INPUT_INVALID)$/.test(error.code);
      if (isFatal) throw error;
      this.#options.reporter.debug(`no layer of the previous image is reused: ${error.message}`);
      return false;
    }
  }
}
