// The value of `--output` as docker buildx and podman write it: `type=oci,dest=x`, `oci-archive:x`, `docker://name`.

import { parseFields } from '../core/csv.ts';
import { BimaError } from '../core/errors.ts';
import { nearest } from '../core/suggest.ts';
import type { Meaning } from './habits.ts';

/** Undefined for a plain word, which is read elsewhere. @throws BimaError INPUT_INVALID for what has no meaning here */
export function readOutputAttributes(text: string): Meaning | undefined {
  const transport = /^(docker|docker-image|oci|oci-archive|docker-archive|containerd|dir):(.*)$/s.exec(text);
  if (transport !== null) return readTransport(transport[1] ?? '', transport[2] ?? '');
  if (!text.includes('=')) return undefined;
  const fields = parseFields(text, '--output').map((field): [string, string] => {
    const equals = field.indexOf('=');
    return equals === -1 ? [field, 'true'] : [field.slice(0, equals).trim(), field.slice(equals + 1).trim()];
  });
  const attributes = new Map(fields);
  const type = attributes.get('type');
  if (type === undefined) {
    throw new BimaError('INPUT_INVALID', `expected --output with a type, got "${text}"`, {
      hint: 'Write for example --output type=oci,dest=image.tar.',
    });
  }
  return [
    ...typeMeaning(type, attributes),
    ...compressionMeaning(attributes),
    ...fields.flatMap(([name, value]) => attributeMeaning(name, value, type)),
  ];
}

function compressionMeaning(attributes: ReadonlyMap<string, string>): Meaning {
  const method = attributes.get('compression');
  const level = attributes.get('compression-level');
  if (method === undefined && level === undefined) return [];
  const name = method === 'uncompressed' ? 'none' : (method ?? 'gzip');
  return [['compression', level === undefined ? name : `${name}:${level}`]];
}

/** `dest` of an archive, or `name` of an image, is in the attributes. */
function typeMeaning(type: string, attributes: ReadonlyMap<string, string>): Meaning {
  const isFolder = attributes.get('tar') === 'false';
  switch (type) {
    case 'oci':
      return [['output', isFolder ? 'oci' : 'tar']];
    case 'docker':
      if (attributes.has('dest')) return [['output', 'tar']];
      throw new BimaError('INPUT_INVALID', 'expected type=docker with dest=FILE, got none', {
        hint: 'No Docker daemon is used here. Write bima build --tar --dest - FOLDER | docker load.',
      });
    case 'registry':
      return [['output', 'registry']];
    case 'image':
      return [['output', attributes.get('push') === 'true' ? 'registry' : 'ctr']];
    case 'containerd':
    case 'ctr':
      return [['output', 'ctr']];
    case 'local':
    case 'tar':
      throw new BimaError('INPUT_INVALID', `expected type=oci, docker, image or registry, got type=${type}`, {
        hint: `With docker buildx that is the root file system without its labels, which urunc can't boot. An archive of the image is type=oci,dest=FILE; a folder is type=oci,tar=false,dest=DIR.`,
      });
    default: {
      const close = nearest(type, ['oci', 'docker', 'image', 'registry', 'containerd']);
      throw new BimaError('INPUT_INVALID', `expected type=oci, docker, image or registry, got type=${type}`, {
        ...(close === undefined ? {} : { hint: `Did you mean type=${close}?` }),
      });
    }
  }
}

function attributeMeaning(name: string, value: string, type: string): Meaning {
  if (name.startsWith('annotation')) {
    const [, level = '', key = ''] = /^annotation(?:-([a-z-]+(?:\[[^\]]*\])?))?\.(.+)$/s.exec(name) ?? [];
    if (key !== '') return [['annotation', `${level === '' ? '' : `${level}:`}${key}=${value}`]];
  }
  switch (name) {
    case 'type':
    case 'tar':
    case 'compression':
    case 'compression-level':
      return [];
    case 'dest':
      return [['dest', value]];
    case 'name':
      return value.split(',').map((tag) => ['tag', tag]);
    case 'push':
      if (type === 'image' || value === 'false') return [];
      break;
    // What happens anyway, or without anybody who could see a difference.
    case 'oci-mediatypes':
    case 'rewrite-timestamp':
    case 'unpack':
    case 'name-canonical':
    case 'force-compression':
      if (value === 'true') return [];
      break;
  }
  throw new BimaError('INPUT_INVALID', `expected no ${name}=${value} in --output with type=${type}`, {
    hint: 'What it takes: type, dest, tar, name, push, compression and annotation.KEY.',
  });
}

function readTransport(transport: string, rest: string): Meaning {
  if (rest === '') {
    throw new BimaError('INPUT_INVALID', `expected a place behind "${transport}:" in --output, got none`);
  }
  switch (transport) {
    case 'docker':
    case 'docker-image':
      return [
        ['output', 'registry'],
        ['tag', rest.replace(/^\/\//, '')],
      ];
    case 'containerd':
      return [
        ['output', 'ctr'],
        ['tag', rest],
      ];
    case 'oci':
      return [
        ['output', 'oci'],
        ['dest', rest],
      ];
    case 'dir':
      throw new BimaError('INPUT_INVALID', 'expected --output with oci:DIR for a folder, got "dir:"', {
        hint: 'The form "dir:" of skopeo is read, not written.',
      });
    default:
      return [
        ['output', 'tar'],
        ['dest', rest],
      ];
  }
}
