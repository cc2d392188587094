// Layers of the same run that several images need.

import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { FoundLayer, LayerKey, LayerSource } from '../../core/oci/layer-source.ts';

/** For the images of one layout whose layers are all compressed alike. */
export class MadeLayers implements LayerSource {
  readonly kind = 'run';
  readonly #layers = new Map<Digest, FoundLayer>();
  readonly #sizes = new Set<number>();

  mayHave(contentSize: number): boolean {
    return this.#sizes.has(contentSize);
  }

  find({ diffId }: LayerKey): FoundLayer | undefined {
    return this.#layers.get(diffId);
  }

  add({ diffId, contentSize }: LayerKey, descriptor: Descriptor): void {
    this.#layers.set(diffId, { descriptor });
    this.#sizes.add(contentSize);
  }
}
