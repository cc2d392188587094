// What a container of an image would see, from the tars of its layers, as plain text that can be compared.

import { extract } from 'tar-stream';

/** Lines such as `dir 755 0:0`, `file 644 0:0 text` and `link target`, by path. Layers must hold no whiteouts. */
export async function containerTree(tars: readonly Uint8Array[]): Promise<Record<string, string>> {
  const entries = new Map<string, string>();
  for (const tar of tars) {
    const reader = extract();
    reader.end(tar);
    for await (const entry of reader) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      const { name, type, mode, uid, gid, linkname } = entry.header;
      const path = name
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .join('/');
      if (path === '') continue;
      const owner = `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
      if (type === 'symlink') entries.set(path, `link ${linkname}`);
      else if (type === 'directory') entries.set(path, `dir ${owner}`);
      else entries.set(path, `${type} ${owner} ${Buffer.concat(chunks).toString()}`);
    }
  }
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
