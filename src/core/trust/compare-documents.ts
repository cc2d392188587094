// Configs, manifests and indexes of an image and its rebuild, held against each other field by field. Pure.

import type { Descriptor } from '../oci/descriptor.ts';
import { isObject, isStringMap } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { quote } from '../text.ts';
import { showValue } from './difference.ts';
import type { Difference } from './difference.ts';

/**
 * The fields of two image configs, causes before what follows from them: platform, labels, the config's own `config`,
 * date and author, what else there is, history. Layers are left to whoever reads them.
 */
export function compareConfigs(image: JsonObject, rebuild: JsonObject): Difference[] {
  const [own, others] = [image.config, rebuild.config].map((value) => (isObject(value) ? value : {}));
  return [
    ...fieldsOf('platform', 'config field', pick(image, platformFields), pick(rebuild, platformFields)),
    ...fieldsOf('label', 'label', mapOf(own?.Labels), mapOf(others?.Labels)),
    ...fieldsOf('config', 'config field', without(own ?? {}, ['Labels']), without(others ?? {}, ['Labels'])),
    ...fieldsOf('config', 'config field', without(image, apart), without(rebuild, apart)),
    ...compareHistories(image.history, rebuild.history),
  ];
}

const platformFields = ['os', 'architecture', 'variant', 'os.version', 'os.features'];
const apart = [...platformFields, 'config', 'rootfs', 'history'];

/** The fields of two manifests or indexes besides what they list. */
export function compareManifests(image: JsonObject, rebuild: JsonObject): Difference[] {
  return [
    ...fieldsOf('annotation', 'annotation', mapOf(image.annotations), mapOf(rebuild.annotations)),
    ...fieldsOf('document', 'manifest field', without(image, listed), without(rebuild, listed)),
  ];
}

const listed = ['annotations', 'config', 'layers', 'manifests'];

/** The annotations of two entries of an index for the same image. */
export function compareEntries(image: Descriptor, rebuild: Descriptor, name: string): Difference[] {
  return fieldsOf(
    'annotation',
    `annotation of the entry of ${name}:`,
    image.annotations ?? {},
    rebuild.annotations ?? {},
  );
}

function compareHistories(image: unknown, rebuild: unknown): Difference[] {
  const [entries, others] = [image, rebuild].map((value): readonly unknown[] =>
    Array.isArray(value) ? value : [],
  );
  const length = Math.max(entries?.length ?? 0, others?.length ?? 0);
  for (let at = 0; at < length; at++) {
    const [entry, other] = [entries?.[at], others?.[at]];
    if (!isObject(entry) || !isObject(other)) {
      return [
        {
          kind: 'history',
          what: `history entry ${at + 1}`,
          image: showValue(createdBy(entry)),
          rebuild: showValue(createdBy(other)),
        },
      ];
    }
    // What comes after the first is most often shifted, and says no more.
    const found = fieldsOf('history', `history entry ${at + 1},`, entry, other);
    if (found.length > 0) return found;
  }
  return [];
}

function createdBy(entry: unknown): unknown {
  return isObject(entry) ? (entry.created_by ?? entry) : entry;
}

/** Fields by their names, sorted, each as far down as one value alone differs. */
function fieldsOf(
  kind: Difference['kind'],
  title: string,
  image: JsonObject,
  rebuild: JsonObject,
): Difference[] {
  const names = [...new Set([...Object.keys(image), ...Object.keys(rebuild)])].sort();
  return names.flatMap((name) => {
    const found = firstDifferent(image[name], rebuild[name], quote(name));
    if (found === undefined) return [];
    const [path, one, other] = found;
    return [{ kind, what: `${title} ${path}`, image: showValue(one), rebuild: showValue(other) }];
  });
}

/** The deepest place where two JSON values part, or undefined. Objects are compared whatever the order of their keys. */
function firstDifferent(
  one: unknown,
  other: unknown,
  path: string,
): readonly [path: string, one: unknown, other: unknown] | undefined {
  if (isObject(one) && isObject(other)) {
    for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const found = firstDifferent(one[name], other[name], `${path}.${quote(name)}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    for (let at = 0; at < Math.max(one.length, other.length); at++) {
      const found = firstDifferent(one[at], other[at], `${path}[${at}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return Object.is(one, other) ? undefined : [path, one, other];
}

function mapOf(value: unknown): Readonly<Record<string, string>> {
  return isStringMap(value) ? value : {};
}

function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)));
}

function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
