// Everything that a unikernel's file says about itself, in any of the known formats.

import { BimaError } from '../errors.ts';
import { hasBytes } from './bytes.ts';
import { detectPlatform } from './binary.ts';
import { elfParts, readElfLayout } from './elf-layout.ts';
import type { ElfLayout } from './elf-layout.ts';
import { readElfNotes } from './elf-notes.ts';
import type { ElfNote } from './elf-notes.ts';
import { findTexts, readRange, readRanges, streamRange, zeroTerminated } from './file-ranges.ts';
import type { ReadableFile } from './file-ranges.ts';
import { readHermit } from './hermit.ts';
import type { HermitFacts } from './hermit.ts';
import { readLinuxHeader, versionsIn } from './linux-kernel.ts';
import type { LinuxHeader } from './linux-kernel.ts';
import { findMultiboot } from './multiboot.ts';
import type { MultibootFacts } from './multiboot.ts';
import { readSolo5 } from './solo5.ts';
import type { Solo5Facts } from './solo5.ts';
import { readLibraryInfo } from './unikraft-libraries.ts';
import type { UnikraftFacts } from './unikraft-libraries.ts';
import { streamOf } from '../oci/blob.ts';
import type { ByteStream } from '../oci/blob.ts';

/** Undefined for a method that can't be unpacked here. The stream may fail on damage. */
export type Unpack = (method: string, packed: ByteStream) => ByteStream | undefined;

export interface LinuxFacts extends Omit<LinuxHeader, 'form' | 'payload'> {
  /** `vmlinux` is the bare ELF. */
  readonly form: LinuxHeader['form'] | 'vmlinux';
}

export interface BinaryFacts {
  /** Such as `ELF64 x86-64`. */
  readonly format: string;
  /** Architecture as a GOARCH; undefined when the header doesn't tell. */
  readonly architecture?: string;
  /** Undefined for what is no ELF file. */
  readonly elf?: 32 | 64;
  /** True for a kernel that QEMU on arm64 unpacks itself: gzip around an Image. */
  readonly isGzip: boolean;
  readonly hasPvh: boolean;
  readonly multiboot: MultibootFacts;
  readonly solo5?: Solo5Facts;
  readonly unikraft?: UnikraftFacts;
  readonly hermit?: HermitFacts;
  readonly linux?: LinuxFacts;
  /** Why this is a program for Linux and no unikernel. */
  readonly program?: string;
  /** Others that are recognized and nothing more. */
  readonly framework?: string;
  /** The same of what is packed inside, where it was unpacked. */
  readonly payload?: BinaryFacts;
  /** What is damaged or could not be read, such as `a note that runs past the end of its segment`. */
  readonly unread: readonly string[];
}

export interface ExamineOptions {
  readonly unpack?: Unpack | undefined;
  /** Also unpacks what a bzImage has inside: nothing that a build asks for. */
  readonly isThorough?: boolean;
}

const headSize = 65536;
/** How much of a kernel is looked through for its banner, and of a packed one unpacked. */
const maxScan = 256 * 1024 * 1024;

/** Never throws on damage: what can't be read is said. @throws what reading the file does */
export async function examineBinary(file: ReadableFile, options: ExamineOptions = {}): Promise<BinaryFacts> {
  const head = await readRange(file, 0, headSize);
  if (hasBytes(head, 0, '\x1f\x8b')) {
    const whole = { offset: 0, length: file.size };
    return { ...plainFacts(head), isGzip: true, ...(await examinePayload(file, whole, options)) };
  }
  const layout = await readElfLayout(file, head);
  if (layout !== undefined) return examineElf(file, head, layout);
  const header = await readLinuxHeader(file, head);
  const facts = plainFacts(head);
  if (header === undefined) return facts;
  const { payload, form, ...more } = header;
  if (form === 'Image') {
    const texts = await findTexts(file, [linuxBanner], maxScan);
    return { ...facts, linux: { form, ...versionsIn(texts.get(linuxBanner)) } };
  }
  const linux = { form, ...more };
  const isWanted = payload !== undefined && (form === 'zboot' || options.isThorough === true);
  if (!isWanted) return { ...facts, linux };
  const inside = await examinePayload(file, payload, options);
  const { version, debianVersion } = more.version === undefined ? (inside.payload?.linux ?? {}) : more;
  return {
    ...facts,
    ...inside,
    linux: {
      ...linux,
      ...(version === undefined ? {} : { version }),
      ...(debianVersion === undefined ? {} : { debianVersion }),
    },
  };
}

function plainFacts(head: Uint8Array): BinaryFacts {
  const { platform, format } = detectPlatform(head);
  return {
    format,
    ...(platform === undefined ? {} : { architecture: platform.architecture }),
    isGzip: false,
    hasPvh: false,
    multiboot: findMultiboot(head),
    unread: [],
  };
}

const linuxBanner = 'Linux version ';
const unikraftBanner = 'Unikraft ';
const osvBanner = 'OSv v';

async function examineElf(file: ReadableFile, head: Uint8Array, layout: ElfLayout): Promise<BinaryFacts> {
  const { notes, damage } = await readElfNotes(file, layout);
  const unread = [...layout.damage, ...damage];
  const interpreter = await readInterpreter(file, layout);
  const solo5 = readSolo5(notes, interpreter.startsWith('/nonexistent/solo5'));
  const info = await readUnikraftSection(file, layout);
  const hermit = readHermit(notes, layout.osAbi);
  const program = solo5 === undefined ? programOf(notes, interpreter) : undefined;
  const isKnown = solo5 !== undefined || info?.facts.version !== undefined || hermit !== undefined;
  const texts =
    isKnown || program !== undefined
      ? new Map<string, string>()
      : await findTexts(loadedPart(file, layout), [linuxBanner, unikraftBanner, osvBanner], maxScan);
  const unikraft = withBanner(info?.facts, texts.get(unikraftBanner));
  const linuxVersions = versionsIn(texts.get(linuxBanner));
  const isLinux = linuxVersions.version !== undefined || notes.some(({ name }) => name === 'Linux');
  const framework = frameworkOf(notes, layout, texts);
  if (info?.isWhole === false) unread.push("Unikraft's library information");
  return {
    ...plainFacts(head),
    elf: layout.is64 ? 64 : 32,
    hasPvh: notes.some(
      ({ name, type, description }) => name === 'Xen' && type === 18 && description.length >= 4,
    ),
    ...(solo5 === undefined ? {} : { solo5 }),
    ...(unikraft === undefined ? {} : { unikraft }),
    ...(hermit === undefined ? {} : { hermit }),
    ...(isLinux && unikraft === undefined ? { linux: { form: 'vmlinux', ...linuxVersions } as const } : {}),
    ...(program === undefined ? {} : { program }),
    ...(framework === undefined ? {} : { framework }),
    unread: [...unread, ...(solo5?.damage ?? [])],
  };
}

/** Up to the end of what is loaded: behind it, a kernel has what debuggers read, which may be ten times as much. */
function loadedPart(file: ReadableFile, { segments, sections, damage }: ElfLayout): ReadableFile {
  const ends = segments.flatMap(({ type, offset, size }) => (type === elfParts.load ? [offset + size] : []));
  if (damage.length > 0 || (ends.length === 0 && sections.length > 0)) return file;
  const size = Math.min(file.size, Math.max(0, ...ends));
  return { size, open: () => (size === 0 ? streamOf() : streamRange(file, { offset: 0, length: size })) };
}

async function readInterpreter(file: ReadableFile, { segments }: ElfLayout): Promise<string> {
  const segment = segments.find(({ type }) => type === elfParts.interpreter);
  if (segment === undefined) return '';
  const bytes = await readRange(file, segment.offset, Math.min(segment.size, 4096));
  return zeroTerminated(bytes) ?? '';
}

async function readUnikraftSection(file: ReadableFile, { sections }: ElfLayout) {
  const section = sections.find(({ name, type }) => name === '.uk_libinfo' && type !== elfParts.noBits);
  if (section === undefined) return undefined;
  const [bytes = new Uint8Array()] = await readRanges(file, [
    { offset: section.offset, length: section.size },
  ]);
  const { facts, isWhole } = readLibraryInfo(bytes);
  return { facts, isWhole: isWhole && bytes.length === section.size };
}

/** A banner as `Unikraft Calypso (0.17.0~5d38d108)` has the version where the section is missing. */
function withBanner(facts: UnikraftFacts | undefined, banner: string | undefined): UnikraftFacts | undefined {
  if (facts?.version !== undefined) return facts;
  const [, codeName, version] = /^Unikraft ([A-Z][a-z]+) \((\d+\.\d+\.\d+)[^)]*\)/.exec(banner ?? '') ?? [];
  if (codeName === undefined || version === undefined) return facts;
  return { libraries: [], ...facts, codeName, version };
}

/** System V ABI of Linux, "ABI note tag": the first word is 0 for a program of Linux. Hermit's says 6. */
function programOf(notes: readonly ElfNote[], interpreter: string): string | undefined {
  if (/^\/(?:lib|usr\/lib|libx?32|lib64|gnu|nix|system)[^\0]*ld|^\/system\/bin\/linker/.test(interpreter))
    return `it asks for the interpreter "${interpreter}"`;
  const tag = notes.find(({ name, type }) => name === 'GNU' && type === 1);
  const isLinux =
    tag !== undefined && tag.description.length >= 16 && tag.description.subarray(0, 4).every((b) => b === 0);
  return isLinux ? 'its ABI note names Linux as the operating system' : undefined;
}

function frameworkOf(
  notes: readonly ElfNote[],
  { sections }: ElfLayout,
  texts: ReadonlyMap<string, string>,
): string | undefined {
  const hasSection = (wanted: string) => sections.some(({ name }) => name === wanted);
  if (notes.some(({ name }) => name === 'rumpkernel.org')) return 'rumprun, not baked yet';
  if (/^OSv v\d/.test(texts.get(osvBanner) ?? '')) return 'OSv';
  if (hasSection('.multiboot') && hasSection('.elf_symbols')) return 'IncludeOS';
  if (
    notes.some(({ name }) => name === 'Xen') &&
    !notes.some(({ name, type }) => name === 'Xen' && type === 18)
  )
    return 'Xen guest, without a PVH entry';
  return undefined;
}

/** What is inside a packed kernel: one level deep. */
async function examinePayload(
  file: ReadableFile,
  payload: { readonly offset: number; readonly length: number; readonly method?: string },
  { unpack }: ExamineOptions,
): Promise<Pick<BinaryFacts, 'unread'> & Partial<Pick<BinaryFacts, 'payload' | 'architecture' | 'linux'>>> {
  const { offset, length } = payload;
  // Headers have names of their own for some methods, such as `xzkern` and `zstd22`.
  const method = methodOf(await readRange(file, offset, 4)) ?? payload.method ?? 'an unknown method';
  if (offset + length > file.size) return { unread: ['its payload, which runs past the end of the file'] };
  const open = () => unpack?.(method, streamRange(file, { offset, length }));
  const packed = `its payload, packed with ${method}`;
  if (open() === undefined) return { unread: [packed] };
  try {
    const size = await measure(open);
    const inside = await examineBinary({ size, open: () => upTo(open(), size) });
    const { architecture, linux } = inside;
    return {
      payload: inside,
      ...(architecture === undefined ? {} : { architecture }),
      ...(linux === undefined ? {} : { linux }),
      unread: inside.unread,
    };
  } catch (error) {
    if (error instanceof BimaError) throw error;
    return { unread: [packed] };
  }
}

const methods: readonly (readonly [bytes: string, method: string])[] = [
  ['\x1f\x8b', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['\xfd7zX', 'xz'],
  ['\x02\x21\x4c\x18', 'lz4'],
  ['BZh', 'bzip2'],
  ['\x5d\0\0', 'lzma'],
  ['\x89LZO', 'lzo'],
];

function methodOf(start: Uint8Array): string | undefined {
  return methods.find(([bytes]) => hasBytes(start, 0, bytes))?.[1];
}

/** Bytes of the stream, {@link maxScan} at most. */
async function measure(open: () => ByteStream | undefined): Promise<number> {
  let size = 0;
  for await (const chunk of open() ?? []) {
    size += chunk.length;
    if (size >= maxScan) return maxScan;
  }
  return size;
}

async function* upTo(stream: ByteStream | undefined, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of stream ?? []) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
