// An inspected image as text.

import type { InspectedBinary, InspectedImage, InspectedLayer } from '../usecases/inspect.ts';
import type { BinaryFacts } from '../core/unikernel/examine-binary.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { encodeAnnotations } from '../core/unikernel/urunc-json.ts';
import type { Labels } from '../core/unikernel/urunc-json.ts';
import { formatSize } from '../core/reporter.ts';
import { printable } from '../core/text.ts';

export function formatImage(image: InspectedImage): string {
  const { names, index, descriptor, config, annotations, uruncJson } = image;
  return [
    ...names.map((name) => field('name', name)),
    ...(index === undefined ? [] : [field('index', index.digest), ...formatPairs(index.annotations)]),
    field('digest', descriptor.digest),
    field('config', config.digest),
    field('platform', formatPlatform(config.platform)),
    ...(config.created === undefined ? [] : [field('created', config.created)]),
    ...(config.entrypoint === undefined ? [] : [field('entrypoint', JSON.stringify(config.entrypoint))]),
    ...(config.cmd === undefined ? [] : [field('cmd', JSON.stringify(config.cmd))]),
    ...formatLabels({
      ...readAnnotations(annotations, config.labels),
      'config labels': config.labels,
      '/urunc.json': uruncJson,
    }),
    ...(image.binary === undefined ? [] : formatBinary(image.binary)),
    'layers',
    ...image.layers.flatMap(formatLayer),
  ].join('\n');
}

/** What a unikernel says of itself, one fact a line. */
export function formatBinary(binary: InspectedBinary): string[] {
  const { path, format, solo5, unikraft, hermit, linux, framework, program, payload, unread } = binary;
  const devices = solo5?.devices?.map(({ type, name }) => `${type} ${name}`) ?? [];
  const entries = entriesOf(binary);
  const facts: (readonly [name: string, value: string | undefined])[] = [
    ['format', format],
    ['entry', entries.length === 0 ? undefined : entries.join(', ')],
    ['solo5', solo5 && `${solo5.target ?? 'unknown target'}, ABI version ${solo5.abiVersion ?? 'unknown'}`],
    ['devices', devices.length === 0 ? undefined : devices.join(', ')],
    ['unikraft', unikraft && (unikraft.version ?? 'unknown version')],
    [
      'libraries',
      unikraft?.libraries
        .map(({ name, version }) => `${name}${version === undefined ? '' : ` ${version}`}`)
        .join(', '),
    ],
    ['hermit', hermit && (hermit.version ?? 'unknown version')],
    ['linux', linux && `${linux.version ?? linux.title ?? 'unknown version'} (${linux.form})`],
    ['inside', payload && [payload.format, ...entriesOf(payload)].join(', ')],
    ['other', framework ?? program],
    ['unread', unread.length === 0 ? undefined : unread.join(', ')],
  ];
  return [
    field('binary', path),
    ...facts.flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [`  ${field(name, value)}`],
    ),
    ...binary.monitors.map(({ monitor, verdict }) => {
      const why = 'why' in verdict ? `: ${verdict.why}` : '';
      return `  ${field('boots on', `${monitor}: ${verdict.can}${why}`)}`;
    }),
  ];
}

/** The ways in which it lets itself be started. */
function entriesOf({ hasPvh, multiboot }: BinaryFacts): readonly string[] {
  return [
    ...(hasPvh ? ['PVH'] : []),
    ...(multiboot.flags === undefined ? [] : ['Multiboot']),
    ...(multiboot.hasVersion2 ? ['Multiboot 2'] : []),
  ];
}

/** The annotations as text, also when they are held in base64, as bima in Go held them. */
function readAnnotations(annotations: Labels, labels: Labels): Places {
  const encoded = encodeAnnotations(labels, 'base64');
  // An empty value is the same in both forms.
  const isEncoded = ([key, value]: [string, string]) =>
    Object.hasOwn(labels, key) && value === encoded[key] && value !== labels[key];
  const entries = Object.entries(annotations);
  if (!entries.some(isEncoded)) return { annotations };
  const decoded = entries.map(
    ([key, value]) => [key, isEncoded([key, value]) ? (labels[key] ?? '') : value] as const,
  );
  return { 'annotations (in base64)': Object.fromEntries(decoded) };
}

type Places = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

/** Once when all places say the same, which is how it should be; otherwise one by one. */
function formatLabels(places: Places): string[] {
  const texts = Object.entries(places).map(
    ([place, labels]) => [place, labels === undefined ? [] : formatPairs(labels)] as const,
  );
  const [first] = texts;
  const isSame = texts.every(([, lines]) => lines.join('\n') === first?.[1].join('\n'));
  if (isSame && first !== undefined) return [`labels (${Object.keys(places).join(', ')})`, ...first[1]];
  return texts.flatMap(([place, lines]) => [place, ...(lines.length === 0 ? ['  none'] : lines)]);
}

function formatPairs(labels: Readonly<Record<string, string>>): string[] {
  return Object.keys(labels)
    .sort()
    .map((key) => `  ${printable(key)}=${printable(labels[key] ?? '')}`);
}

function formatLayer(layer: InspectedLayer): string[] {
  const files = layer.files.map(({ type, path, mode, size, target }) => {
    const name = type === 'directory' ? `${path}/` : target === undefined ? path : `${path} -> ${target}`;
    const length = type === 'file' ? formatSize(size) : '';
    return `    ${mode.toString(8).padStart(4, '0')} ${length.padStart(8)} ${printable(name)}`;
  });
  return [`  ${layer.digest} ${formatSize(layer.size)}`, ...files];
}

function field(name: string, value: string): string {
  return `${name.padEnd(10)} ${printable(value)}`;
}
