// Which files ADD would unpack, by their first bytes.

import type { FoundFile } from './match.ts';

const blockSize = 512;
const magic = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'].map((hex) => Buffer.from(hex, 'hex'));

/** True for a tar, and for what gzip, bzip2, xz or zstd have compressed. */
export async function isArchive(file: FoundFile): Promise<boolean> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of file.open()) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size >= blockSize) break;
  }
  const head = Buffer.concat(chunks);
  return magic.some((bytes) => head.indexOf(bytes) === 0) || head.toString('latin1', 257, 262) === 'ustar';
}
