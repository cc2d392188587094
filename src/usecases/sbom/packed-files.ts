// The files of an image as a container sees them, with their checksums: each layer is read once, nothing is kept of it.

import { createHash } from 'node:crypto';
import { applyLayer, emptyTree, nodesOf } from '../../core/files/layer-tree.ts';
import type { ListedEntry } from '../../core/files/list-layer.ts';
import { readLayer } from '../../adapters/layers/read.ts';
import type { PackedFile } from '../../core/oci/sbom-packages.ts';
import type { ReadImage } from '../../core/oci/image.ts';
import type { Source } from '../../core/oci/target.ts';

type Checksums = Omit<PackedFile, 'path'>;

/**
 * The regular files, sorted by path; each name of a hard link counts as one.
 * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID
 */
export async function readFiles(
  source: Source,
  { layers }: ReadImage,
  signal?: AbortSignal,
): Promise<PackedFile[]> {
  const tree = emptyTree();
  const checksums: Checksums[][] = [];
  for (const [position, layer] of layers.entries()) {
    const entries: ListedEntry[] = [];
    const files = new Map<ListedEntry, number>();
    const sums: Checksums[] = [];
    let finish: (() => Checksums) | undefined;
    const finishLast = () => {
      if (finish !== undefined) sums.push(finish());
      finish = undefined;
    };
    const content = readLayer(source, layer, (file) => {
      finishLast();
      files.set(file, sums.length);
      const [sha1, sha256] = [createHash('sha1'), createHash('sha256')];
      finish = () => ({ sha1: sha1.digest('hex'), sha256: sha256.digest('hex') });
      return (chunk) => {
        sha1.update(chunk);
        sha256.update(chunk);
      };
    });
    for await (const entry of content) {
      signal?.throwIfAborted();
      entries.push(entry);
    }
    finishLast();
    applyLayer(tree, { entries, files }, position, `layer ${layer.descriptor.digest}`);
    checksums.push(sums);
  }

  const found: PackedFile[] = [];
  for (const [path, node] of nodesOf(tree)) {
    const sums = node.type === 'file' ? checksums[node.content.layer]?.[node.content.file] : undefined;
    if (sums !== undefined) found.push({ path, ...sums });
  }
  return found.sort(byPath);
}

/** By UTF-16 code units, so that the order depends on no language. */
function byPath({ path: one }: PackedFile, { path: other }: PackedFile): number {
  return one < other ? -1 : Number(one > other);
}
