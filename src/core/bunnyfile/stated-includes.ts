// `rootfs.include`: which files go where, as `source:destination` or as a mapping.

import { posix } from 'node:path';
import { limits } from '../limits.ts';
import { quote } from '../text.ts';
import { Section } from './section.ts';
import type { SectionOptions } from './section.ts';
import type { Include, Stated } from './stated.ts';
import type { YamlNode } from './yaml-tree.ts';

const forms =
  'Write "- source:destination", or a mapping with "from", "source" and "destination" for files of an image.';

/** Reads the list. An entry that can't be read is reported and left out. */
export function readIncludes(rootfs: Section, options: SectionOptions): readonly Include[] {
  const node = rootfs.node('include');
  if (node === undefined) return [];
  if (node.type !== 'list') {
    const got = node.type === 'scalar' ? quote(node.text) : 'a mapping';
    rootfs.error(node.position, `expected a list in "rootfs.include", got ${got}`, forms);
    return [];
  }
  if (node.items.length > limits.copies) {
    const message = `expected at most ${limits.copies} entries in "rootfs.include", got ${node.items.length}`;
    rootfs.error(node.position, message, 'Name folders.');
    return [];
  }
  return node.items.flatMap((item) => readInclude(rootfs, item, options) ?? []);
}

function readInclude(rootfs: Section, item: YamlNode, options: SectionOptions): Include | undefined {
  if (item.type === 'scalar') return readPair(rootfs, item);
  if (item.type === 'mapping') {
    const { position } = item;
    const keys = ['from', 'source', 'destination'];
    const section = new Section('rootfs.include', item, position, keys, options, {
      path: 'Write "source".',
    });
    const from = section.text('from');
    const source = section.text('source', { hint: 'Write the path of what is copied.' });
    const destination = section.text('destination', { hint: 'Write its path in the rootfs.' });
    if (from?.text === 'scratch') {
      section.error(from.position, 'expected "local" or an image in "from", got "scratch"', forms);
      return undefined;
    }
    if (source === undefined || destination === undefined) return undefined;
    const image = from === undefined || from.text === 'local' ? {} : { image: from };
    return { ...image, source, destination: absolute(destination.text) };
  }
  rootfs.error(item.position, `expected a text or a mapping in "rootfs.include", got ${got(item)}`, forms);
  return undefined;
}

function got({ type }: YamlNode): string {
  return type === 'list' ? 'a list' : 'nothing';
}

function readPair(rootfs: Section, item: Stated): Include | undefined {
  const stated = rootfs.expand(item);
  if (stated === undefined) return undefined;
  const { position } = stated;
  const [source = '', destination = '', ...more] = stated.text.split(':');
  if (source === '' || more.length > 0) {
    const what = source === '' ? 'a source before ":"' : 'one ":"';
    rootfs.error(position, `expected ${what} in "rootfs.include", got ${quote(stated.text)}`, forms);
    return undefined;
  }
  // A slash at the end of a destination has a meaning, which that of a source doesn't have.
  const target = destination === '' ? source.replace(/\/+$/, '') : destination;
  return { source: { text: source, position }, destination: absolute(target) };
}

/** A slash at its end is kept. */
function absolute(path: string): string {
  return posix.join('/', path);
}
