// The file that says what is built, a Containerfile or a bunnyfile: its content tells which, and both become the same
// instructions.

import { isBunnyfile } from '../../core/bunnyfile/bunnyfile-mark.ts';
import type { Containerfile } from '../../core/containerfile/instruction.ts';
import { parseContainerfile } from '../../core/containerfile/parser.ts';
import { decodeSource } from '../../core/containerfile/source.ts';
import type { VariableSources } from '../../core/containerfile/variables.ts';

/** Reads the file with these variables. What is wrong with it is listed, not thrown. */
export type ReadBuildFile = (sources: VariableSources) => Containerfile;

/** @param path the name in positions */
export async function openBuildFile(bytes: Uint8Array, path: string): Promise<ReadBuildFile> {
  const source = isBunnyfile(bytes) ? decodeSource(bytes, path) : undefined;
  // What can't be decoded is said by the parser.
  if (source === undefined || 'problem' in source)
    return (sources) => parseContainerfile(bytes, path, sources);
  const [{ readYamlTree }, { parseBunnyfile }] = await Promise.all([
    import('../../core/bunnyfile/yaml-tree.ts'),
    import('../../core/bunnyfile/bunnyfile-parser.ts'),
  ]);
  const tree = await readYamlTree(source.text, path);
  return (sources) => parseBunnyfile(tree, path, sources);
}
