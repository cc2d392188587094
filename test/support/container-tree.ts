// What a container of an image would see, from the tars of its layers, as plain text that can be compared.

import { createHash } from 'node:crypto';
import { extract } from 'tar-stream';

/**
 * Lines such as `dir 755 0:0`, `file 644 0:0 text` and `link target`, by path. A hard link is a file of its own.
 * @param ofLink what is said of a link besides: its owner, for builders that agree on it
 */
export async function containerTree(
  tars: readonly Uint8Array[],
  ofLink: (owner: string) => string = () => '',
): Promise<Record<string, string>> {
  const entries = new Map<string, string>();
  const remove = (path: string, self: boolean) => {
    for (const other of entries.keys())
      if ((self && other === path) || other.startsWith(`${path}/`)) entries.delete(other);
  };
  for (const tar of tars) {
    const reader = extract();
    reader.end(tar);
    for await (const entry of reader) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      const { name, type, mode, uid, gid, linkname } = entry.header;
      const path = clean(name);
      if (path === '') continue;
      const [, folder = '', removed] = /^(.*\/|)\.wh\.(.+)$/.exec(path) ?? [];
      if (removed === '.wh..opq') remove(folder.replace(/\/$/, ''), false);
      else if (removed !== undefined) remove(folder + removed, true);
      if (removed !== undefined) continue;
      if (type !== 'directory') remove(path, false);
      const owner = `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
      if (type === 'symlink') entries.set(path, `link ${linkname}${ofLink(`${uid}:${gid}`)}`);
      else if (type === 'directory') entries.set(path, `dir ${owner}`);
      else if (type === 'link') entries.set(path, entries.get(clean(linkname)) ?? `link to nothing`);
      else entries.set(path, `${type} ${owner} ${shown(Buffer.concat(chunks))}`);
    }
  }
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Text as it is; of what is longer or no text, the digest. */
function shown(content: Buffer): string {
  const isText = content.length < 100 && !content.includes(0);
  return isText ? content.toString() : createHash('sha256').update(content).digest('hex');
}

function clean(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
