// What the tools of others say of a root file system: libarchive of a cpio archive, e2fsprogs of a block image.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const maxBuffer = 64 * 1024 * 1024;

/** What libarchive says of each path of a cpio archive. */
export function readCpio(file: string, mtime: number): Map<string, string> {
  const keys = '!all,type,mode,uid,gid,link,device,nlink,sha256,size,time,inode';
  const mtree = execFileSync('bsdtar', ['-cf', '-', '--format=mtree', `--options=${keys}`, `@${file}`], {
    encoding: 'latin1',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    maxBuffer,
  });
  const lines = mtree.split('\n').filter((line) => line.startsWith('.'));
  const decode = (text: string) =>
    Buffer.from(
      text.replaceAll(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
      'latin1',
    ).toString();
  const parsed = lines.map((line) => {
    const [name = '', ...pairs] = line.split(' ');
    return { name: decode(name).replace(/^\.\//, ''), values: new Map(pairs.map((pair) => splitAt(pair))) };
  });
  const contents = new Map<string, string>();
  for (const { values } of parsed) {
    if (values.get('size') !== '0' || !contents.has(values.get('inode') ?? ''))
      contents.set(values.get('inode') ?? '', values.get('sha256digest') ?? '');
  }
  const kinds: Record<string, string> = { dir: 'directory', link: 'symlink', char: 'character' };
  return new Map(
    parsed.map(({ name, values }) => {
      assert.equal(values.get('time'), `${mtime}.0`, name);
      const type = values.get('type') ?? '';
      const kind = kinds[type] ?? type;
      const details: Record<string, string> = {
        file: `${values.get('nlink') ?? 1} ${contents.get(values.get('inode') ?? '') ?? ''}`,
        symlink: decode(values.get('link') ?? ''),
        character: values.get('device')?.replace('native,', '') ?? '',
        block: values.get('device')?.replace('native,', '') ?? '',
      };
      const owner = `${values.get('mode') ?? ''} ${values.get('uid') ?? ''}:${values.get('gid') ?? ''}`;
      return [name, `${kind} ${owner} ${details[kind] ?? ''}`];
    }),
  );
}

function splitAt(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** Fails, with what it prints, for anything that it would repair. */
export function checkImage(file: string): string {
  return execFileSync('e2fsck', ['-fn', file], {
    encoding: 'utf8',
    env: toolEnvironment,
    maxBuffer,
    stdio: 'pipe',
  });
}

export const toolEnvironment = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };

/** What debugfs says of each of these paths. @param folder for the contents */
export function readImage(
  file: string,
  paths: readonly string[],
  folder: string,
  mtime: number,
): Map<string, string> {
  const commands = paths.flatMap((path, index) => [
    `stat "/${path}"`,
    `dump "/${path}" "${join(folder, `${index}`)}"`,
  ]);
  writeFileSync(join(folder, 'commands'), `${commands.join('\n')}\n`);
  const printed = execFileSync('debugfs', ['-f', join(folder, 'commands'), file], {
    encoding: 'utf8',
    env: toolEnvironment,
    maxBuffer,
    stdio: 'pipe',
  });
  const parts = printed.split('debugfs: stat ').slice(1);
  assert.equal(parts.length, paths.length);
  const kinds: Record<string, string> = {
    regular: 'file',
    'character special': 'character',
    'block special': 'block',
    FIFO: 'fifo',
  };
  return new Map(
    parts.map((text, index) => {
      const path = paths[index] ?? '';
      const take = (pattern: RegExp) => pattern.exec(text)?.[1] ?? '';
      // debugfs takes them for signed.
      const number = (pattern: RegExp) => Number(take(pattern)) >>> 0;
      const type = take(/Type: (.*?) +Mode/);
      const kind = kinds[type] ?? type;
      assert.equal(Number(take(/mtime: (\w+)/)), mtime, path);
      const bytes = () => readFileSync(join(folder, `${index}`));
      const details: Record<string, () => string> = {
        file: () => `${take(/Links: (\d+)/)} ${createHash('sha256').update(bytes()).digest('hex')}`,
        symlink: () => take(/Fast link dest: "(.*)"/) || bytes().toString(),
        character: () => take(/Device major\/minor number: (\S+)/).replace(/^0*(\d+):0*(\d+)$/, '$1,$2'),
        block: () => take(/Device major\/minor number: (\S+)/).replace(/^0*(\d+):0*(\d+)$/, '$1,$2'),
      };
      const mode = Number.parseInt(take(/Mode: +(\d+)/), 8).toString(8);
      const owner = `${mode} ${number(/User: +(-?\d+)/)}:${number(/Group: +(-?\d+)/)}`;
      return [path, `${kind} ${owner} ${details[kind]?.() ?? ''}`];
    }),
  );
}
