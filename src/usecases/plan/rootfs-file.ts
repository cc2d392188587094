// What a COPY --rootfs brings: one file, the root file system of what its sources name.

import { compress, parseCompression } from '../../adapters/layers/compression.ts';
import type { Copy } from '../../core/containerfile/instruction.ts';
import { BimaError } from '../../core/errors.ts';
import type { Problem } from '../../core/errors.ts';
import { comparePaths } from '../../core/files/entry.ts';
import { createBlockImage } from '../../core/files/ext2.ts';
import { unstorable } from '../../core/files/ext2-xattrs.ts';
import { initrdAlignment, planInitrd } from '../../core/files/initrd.ts';
import { treeOf } from '../../core/files/inodes.ts';
import type { FileSystem, FoundTree } from '../../core/files/inodes.ts';
import type { Match } from '../../core/files/match.ts';
import type { ByteStream } from '../../core/oci/blob.ts';

/** A COPY with `--rootfs`. */
export type RootfsCopy = Copy & Required<Pick<Copy, 'rootfs'>>;

export interface RootfsFile {
  readonly match: Match;
  readonly warnings: readonly Problem[];
}

/**
 * The file as a source of its COPY.
 * @param matches of all its sources
 * @param mtime of everything in it, in whole seconds since 1970
 * @throws BimaError CONTEXT_PATH or INPUT_INVALID, with the position, for what such a file can't hold
 */
export async function createRootfsFile(
  copy: RootfsCopy,
  matches: readonly Match[],
  mtime: number,
): Promise<RootfsFile> {
  const { rootfs, position } = copy;
  const tree = treeOf(matches);
  try {
    const { size, open } = await writeTree(tree, rootfs, mtime);
    const source = copy.sources[0] ?? { path: copy.destination, position };
    const found = { type: 'file', name: rootfs.type, size, executable: false, open } as const;
    return { match: { source, found }, warnings: warnOfXattrs(tree, copy) };
  } catch (cause) {
    if (!(cause instanceof BimaError) || cause.position !== undefined) throw cause;
    const { code, message, hint } = cause;
    throw new BimaError(code, message, { position, cause, ...(hint === undefined ? {} : { hint }) });
  }
}

async function writeTree(
  { entries, root }: FoundTree,
  form: RootfsCopy['rootfs'],
  mtime: number,
): Promise<FileSystem> {
  if (form.type === 'block') return createBlockImage(entries.values(), { mtime, root, free: form.free });
  const plain = planInitrd(entries.values(), { mtime, root });
  if (form.compression === 'none') return plain;
  const compression = parseCompression(form.compression);
  const open = () => padded(compress(plain.open(), compression, { size: plain.size, release: true }));
  // A layer says the size of a file before its content: it is compressed once for that, and kept nowhere.
  let size = 0;
  for await (const chunk of open()) size += chunk.length;
  return { size, open };
}

/** Up to where Linux finds an archive that is appended. */
async function* padded(stream: ByteStream): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    yield chunk;
  }
  yield new Uint8Array((initrdAlignment - (size % initrdAlignment)) % initrdAlignment);
}

function warnOfXattrs({ entries }: FoundTree, { rootfs, position }: RootfsCopy): Problem[] {
  const lost = [...entries.values()].flatMap(({ path, xattrs = new Map<string, Uint8Array>() }) => {
    const [first] = rootfs.type === 'initrd' ? xattrs.keys() : unstorable(xattrs);
    return first === undefined ? [] : [{ path, name: first }];
  });
  const [first, ...others] = lost.sort((one, other) => comparePaths(one.path, other.path));
  if (first === undefined) return [];
  const and = others.length === 0 ? '' : ` and ${others.length} more files`;
  return [
    {
      code: 'CONTEXT_PATH',
      message: `"/${first.path}"${and} lose extended attributes such as "${first.name}": ${rootfs.type === 'initrd' ? 'an initrd holds none' : 'a block image holds none of that kind'}`,
      hint:
        rootfs.type === 'initrd'
          ? 'Write --rootfs=block where the guest needs them.'
          : 'Check that the guest does without.',
      position,
    },
  ];
}
