// What is below a folder, as plain text that can be compared.

import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Type, permission bits, owner, date and the start of the content of everything below a folder, by path. */
export function tree(folder: string, prefix = ''): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const name of readdirSync(join(folder, prefix)).sort()) {
    const path = join(prefix, name);
    const stats = lstatSync(join(folder, path));
    const owner = `${stats.uid}:${stats.gid}`;
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isDirectory()) Object.assign(entries, { [path]: `dir ${mode} ${owner}` }, tree(folder, path));
    else if (stats.isSymbolicLink()) entries[path] = `link ${readlinkSync(join(folder, path))}`;
    else
      entries[path] =
        `file ${mode} ${owner} ${stats.mtimeMs} ${readFileSync(join(folder, path), 'utf8').slice(0, 40)}`;
  }
  return entries;
}
