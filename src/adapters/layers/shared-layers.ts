// Layers of one build that several images need: each is made once.

import { createHash } from 'node:crypto';
import type { Entry } from '../../core/files/entry.ts';
import type { Layer } from './layer.ts';

export interface LayerMemory {
  /** The layer of the same entries if there is one, or else the one that `make` gives. */
  recall(entries: readonly Entry[], make: () => Promise<Layer>): Promise<Layer>;
}

/** An empty memory, for the layers of one layout that are all compressed alike. */
export function rememberLayers(): LayerMemory {
  const layers = new Map<string, Promise<Layer>>();
  return {
    recall: (entries, make) => {
      const key = keyOf(entries);
      if (key === undefined) return make();
      const layer = layers.get(key) ?? make();
      layers.set(key, layer);
      return layer;
    },
  };
}

/** Equal for entries that make the same layer; undefined when nobody can tell without reading their files. */
function keyOf(entries: readonly Entry[]): string | undefined {
  const hash = createHash('sha256');
  for (const entry of entries) {
    const identify = entry.type === 'file' ? entry.identify : () => '';
    if (identify === undefined) return undefined;
    // Functions are left out, and the others are in the order in which the entry was made.
    hash.update(`${JSON.stringify(entry)} ${identify()}\n`);
  }
  return hash.digest('hex');
}
