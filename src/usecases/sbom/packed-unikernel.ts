// The unikernel in an image, and what it says of the software that it is made of.

import { readNamedFiles } from '../../adapters/layers/named-files.ts';
import { unpackPayload } from '../../adapters/layers/unpack-payload.ts';
import type { ReadImage } from '../../core/oci/image.ts';
import type { SbomImage } from '../../core/oci/sbom-packages.ts';
import type { Source } from '../../core/oci/target.ts';
import { examineBinary } from '../../core/unikernel/examine-binary.ts';
import { labelsOfBase } from '../../core/unikernel/inherited-labels.ts';
import { findSoftware } from '../../core/unikernel/known-software.ts';
import { rootfsPath } from '../../core/unikernel/label-paths.ts';
import { uruncKeys } from '../../core/unikernel/urunc-annotations.ts';

/**
 * Undefined for an image without a label that names one, or without the file.
 * @param folder as for {@link readNamedFiles}
 * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID
 */
export async function readUnikernel(
  source: Source,
  { manifest, config, layers }: ReadImage,
  folder: string,
): Promise<SbomImage['unikernel']> {
  const labels = labelsOfBase(config.labels, manifest.annotations ?? {});
  const path = rootfsPath(labels.get(uruncKeys.binary) ?? '');
  if (path === '') return undefined;
  const file = (await readNamedFiles(source, layers, [path], folder)).get(path);
  if (file === undefined) return undefined;
  const facts = await examineBinary(file, { unpack: unpackPayload, isThorough: true });
  const type = labels.get(uruncKeys.unikernelType);
  const version = labels.get(uruncKeys.unikernelVersion) ?? labels.get(uruncKeys.version);
  return { path, ...findSoftware(facts, { type, version }) };
}
