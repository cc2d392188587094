// `kernel` and `rootfs` of a bunnyfile: where the image's files come from, and in which form they go in.

import { quote } from '../text.ts';
import { readIncludes } from './stated-includes.ts';
import { Section } from './section.ts';
import type { SectionOptions } from './section.ts';
import type { Include, Stated, StatedKernel, StatedRootfs } from './stated.ts';

const kernelShape =
  'Write "from: local" and "path:" with the file, indented below "kernel:"; or an image in "from", and the path in it.';

/** Undefined, with errors, when it isn't clear where the kernel is. */
export function readKernel(file: Section, options: SectionOptions): StatedKernel | undefined {
  const hint = file.has('app') ? undefined : kernelShape;
  const mapping = file.mapping('kernel', hint);
  if (mapping === undefined) return undefined;
  const section = new Section('kernel', mapping, file.placeOf('kernel'), ['from', 'path'], options, {
    source: 'Write "from: local", or "from:" with the image.',
  });
  const from = section.text('from', { hint: 'Write "local", or the image that has the kernel.' });
  const path = section.text('path', {
    hint: 'Write the path of the kernel, in the context or in the image.',
  });
  if (from?.text === 'scratch') {
    section.error(from.position, 'expected "local" or an image in "kernel.from", got "scratch"', kernelShape);
    return undefined;
  }
  if (from === undefined || path === undefined) return undefined;
  return from.text === 'local' ? { path } : { image: from, path };
}

const types = ['raw', 'initrd', 'block'] as const;
type RootfsType = (typeof types)[number];

/** Values of the section, one by one. */
interface RootfsParts {
  readonly section: Section;
  readonly from: Stated | undefined;
  readonly path: Stated | undefined;
  readonly type: RootfsType | undefined;
  readonly includes: readonly Include[];
  readonly isUnikraft: boolean;
}

/**
 * Undefined for a file without the section, and for one whose section asks for nothing.
 * @returns `wrong`, with errors, when it can't be done
 */
export function readRootfs(
  file: Section,
  options: SectionOptions,
  framework: string | undefined,
): StatedRootfs | undefined | 'wrong' {
  if (!file.has('rootfs')) return undefined;
  const mapping = file.mapping(
    'rootfs',
    'Write "from:", "path:", "type:" and "include:" below it, as far as you need them.',
  );
  if (mapping === undefined) return 'wrong';
  const { errors } = options.findings;
  const before = errors.length;
  const keys = ['from', 'path', 'type', 'include'];
  const section = new Section('rootfs', mapping, file.placeOf('rootfs'), keys, options, {
    source: 'Write "from: local", or "from:" with the image.',
  });
  const parts: RootfsParts = {
    section,
    from: section.text('from'),
    path: section.text('path'),
    type: readType(section),
    includes: readIncludes(section, options),
    isUnikraft: framework === 'unikraft',
  };
  if (errors.length > before) return 'wrong';
  checkType(parts);
  const rootfs =
    parts.path === undefined && parts.from?.text !== 'local' ? madeRootfs(parts) : fileRootfs(parts);
  return errors.length > before ? 'wrong' : rootfs;
}

function readType(section: Section): RootfsType | undefined {
  const stated = section.text('type');
  if (stated === undefined) return undefined;
  const type = types.find((one) => one === stated.text);
  if (type !== undefined) return type;
  const message = `expected raw, initrd or block in "rootfs.type", got ${quote(stated.text)}`;
  const hint =
    'Write "raw" for files that the container has, "initrd" for a cpio archive, or "block" for a file system.';
  section.error(stated.position, message, hint);
  return undefined;
}

function checkType({ section, type, isUnikraft }: RootfsParts): void {
  if (type !== 'block' || !isUnikraft) return;
  const message = 'expected raw or initrd in "rootfs.type" with unikraft, got "block"';
  section.error(section.placeOf('type'), message, 'Write "initrd": urunc gives Unikraft no block device.');
}

/** The container's files, or one file made of them. */
function madeRootfs({ section, from, type, includes, isUnikraft }: RootfsParts): StatedRootfs | undefined {
  const { position } = section;
  const image = from === undefined || from.text === 'scratch' ? {} : { image: from };
  const isEmpty = image.image === undefined && includes.length === 0;
  // The same as without the section.
  if (isEmpty && type === undefined) return undefined;
  const made = type ?? (isUnikraft ? 'initrd' : 'raw');
  if (made === 'raw') return { form: 'raw', ...image, includes, position };
  if (!isEmpty) return { form: 'written', type: made, ...image, includes, position };
  const message = `expected files for the ${made} in "rootfs", got none`;
  const hint =
    'Name them in "include", or an image in "from"; a file that is there needs "from: local" and "path:".';
  section.error(section.placeOf('type'), message, hint);
  return undefined;
}

/** A file that is there already, in the context or in an image. */
function fileRootfs({
  section,
  from,
  path,
  type,
  includes,
  isUnikraft,
}: RootfsParts): StatedRootfs | undefined {
  if (from === undefined || from.text === 'scratch') {
    const message = 'expected "local" or an image in "rootfs.from" beside "path", got ';
    const hint = 'Write "from: local" for a file of the context.';
    section.error(section.placeOf('path'), message + (from === undefined ? 'nothing' : '"scratch"'), hint);
    return undefined;
  }
  if (type === 'raw') {
    const key = path === undefined ? 'from' : 'path';
    const hint =
      'Write "type: initrd" or "type: block" for a file, or "from: scratch" and the folder in "include" for files that the container has.';
    section.error(section.placeOf(key), `expected no ${quote(section.nameOf(key))} with "type: raw"`, hint);
    return undefined;
  }
  if (path === undefined) {
    const hint =
      'Name the initrd or the block image, or write "from: scratch" and the files in "include" to have one written.';
    section.error(section.placeOf('from'), 'expected "rootfs.path" with "from: local", got nothing', hint);
    return undefined;
  }
  if (includes.length > 0) {
    const hint =
      'A file that is there stays as it is: leave "path" out to have one written of the included files.';
    section.error(section.placeOf('include'), 'expected no "rootfs.include" beside "path"', hint);
    return undefined;
  }
  // Unikraft reads no other form.
  const known = type ?? (isUnikraft ? 'initrd' : undefined);
  return {
    form: 'file',
    ...(known === undefined ? {} : { type: known }),
    ...(from.text === 'local' ? {} : { image: from }),
    path,
    position: section.position,
  };
}
