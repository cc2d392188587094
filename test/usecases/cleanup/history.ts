// Random histories of a repository: main, pull requests, forks, reverts, runs again, legs of a matrix and referrers.

import fc from 'fast-check';
import { markImage } from '../../../src/usecases/cleanup/preview-mark.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { blobOf, readDocument } from '../../../src/core/oci/blob.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { encodeJson } from '../../../src/core/oci/json.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import type { Source } from '../../../src/core/oci/target.ts';
import { MemoryRegistry } from './memory-registry.ts';
import type { Kind } from './memory-registry.ts';

const architectures = ['amd64', 'arm64'] as const;
/** Few sources, so that reverts and equal changes are common. */
const sources = 3;
const numbers = [5, 6, 7];

export type Event =
  /** Main builds a source, on one platform or both; what it has pushed before loses its tag. */
  | { readonly kind: 'main'; readonly source: number; readonly isIndex: boolean; readonly version: boolean }
  /** A pull request pushes a build, perhaps leg by leg; it is opened with its first. */
  | { readonly kind: 'preview'; readonly number: number; readonly source: number; readonly legs: boolean }
  /** A fork hands over an index of whatever the registry has, with something that refers to the pick. */
  | {
      readonly kind: 'fork';
      readonly number: number;
      readonly picks: readonly number[];
      readonly attach: boolean;
    }
  /** Another tool pushes a preview, without a mark: a build of this source, or an index of what there is. */
  | {
      readonly kind: 'plain';
      readonly number: number;
      readonly source: number;
      readonly picks: readonly number[];
    }
  /** Somebody gives what there is a tag of a pull request. */
  | { readonly kind: 'copy'; readonly number: number; readonly picks: readonly number[] }
  /** What a tag stands for is signed, by a referrer or in cosign's older way; of an index perhaps each image, too. */
  | { readonly kind: 'sign'; readonly pick: number; readonly isOld: boolean; readonly isDeep?: boolean }
  /** Somebody gives what a tag stands for another tag. */
  | { readonly kind: 'promote'; readonly pick: number }
  /** Somebody lists what there is in an index of their own. */
  | { readonly kind: 'collect'; readonly picks: readonly number[] };

const pick = fc.nat({ max: 50 });
const source = fc.nat({ max: sources - 1 });
const number = fc.constantFrom(...numbers);
const picks = fc.array(pick, { minLength: 1, maxLength: 3 });

const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('main' as const),
      source,
      isIndex: fc.boolean(),
      version: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('preview' as const), number, source, legs: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('fork' as const), number, picks, attach: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('sign' as const),
      pick,
      isOld: fc.boolean(),
      isDeep: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('promote' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('collect' as const), picks }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('plain' as const),
      number,
      source,
      picks: fc.array(pick, { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const), number, picks }) },
);

export const histories = fc.record({
  kind: fc.constantFrom<Kind>('package', 'registry', 'registry with referrers'),
  events: fc.array(events, { minLength: 2, maxLength: 14 }),
  closed: number,
  /** By how much GitHub's two clocks differ, in milliseconds. */
  skew: fc.constantFrom(0, 0, -5000, 5000),
});

export type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

export function markOf(number: number): string {
  return `https://github.com/owner/app/pull/${number}`;
}

const minute = 60_000;

/** A repository as it is at the end of a history, and who has pushed what. */
export class World {
  readonly registry: MemoryRegistry;
  /** `main`, or the number of a pull request. Everyone who has pushed a digest, the first or not. */
  readonly pushers = new Map<Digest, Set<string>>();
  readonly opened = new Map<number, number>();
  readonly #skew: number;
  #now = 1_000_000;
  #count = 0;

  constructor({ kind, skew }: Pick<History, 'kind' | 'skew'>) {
    this.registry = new MemoryRegistry(kind);
    this.#skew = skew;
  }

  async play(event: Event): Promise<void> {
    this.#now += minute;
    switch (event.kind) {
      case 'main': {
        const tags = event.version ? ['main', `v${(this.#count += 1)}`] : ['main'];
        const built = build(event.source, event.isIndex);
        await this.#push(built.source, built.root, 'main', tags);
        return;
      }
      case 'preview': {
        const built = build(event.source, true);
        this.#open(event.number);
        for (const [at, leg] of event.legs ? built.legs.entries() : []) {
          await this.#preview(built.source, leg, event.number, `-${architectures[at] ?? ''}`);
        }
        await this.#preview(built.source, built.root, event.number);
        return;
      }
      case 'fork':
        this.#open(event.number);
        await this.#fork(event);
        return;
      case 'plain': {
        this.#open(event.number);
        const built = build(event.source, false);
        const tag = `pr-${event.number}`;
        if (event.picks.length === 0) await this.#push(built.source, built.root, String(event.number), [tag]);
        else {
          const bytes = indexOf(this.#held(event.picks), 'plain');
          this.#note(this.registry.put(mediaTypes.index, bytes, this.#time(), tag), String(event.number));
        }
        return;
      }
      case 'copy': {
        this.#open(event.number);
        const [first] = this.#held(event.picks);
        if (first !== undefined) this.registry.tags.set(`pr-${event.number}-copy`, first.digest);
        return;
      }
      case 'sign':
        this.#sign(event);
        return;
      case 'promote': {
        const [, digest] = this.#tagged(event.pick) ?? [];
        if (digest !== undefined) this.registry.tags.set(`stable${(this.#count += 1)}`, digest);
        return;
      }
      case 'collect': {
        const bytes = indexOf(this.#held(event.picks), `${(this.#count += 1)}`);
        this.#note(this.registry.put(mediaTypes.index, bytes, this.#time(), `bundle${this.#count}`), 'main');
      }
    }
  }

  #open(number: number): void {
    if (!this.opened.has(number)) this.opened.set(number, this.#now);
    this.#now += minute;
  }

  #time(): number {
    return this.#now + this.#skew;
  }

  async #preview(source: Source, root: Descriptor, number: number, suffix = ''): Promise<void> {
    const marked = await markImage(source, root, { mark: markOf(number), isForeign: true });
    const blobs = new Map(marked.blobs.map((blob) => [blob.descriptor.digest, blob]));
    const both: Source = { name: 'both', open: (it) => blobs.get(it.digest) ?? source.open(it) };
    await this.#push(both, marked.root, String(number), [`pr-${number}${suffix}`]);
  }

  async #push(source: Source, root: Descriptor, pusher: string, tags: readonly string[]): Promise<void> {
    const bytes = await readDocument(source.open(root), 'the image');
    const { manifests = [], subject } = parse(bytes);
    for (const child of manifests) await this.#push(source, child, pusher, []);
    this.#note(this.registry.put(root.mediaType, bytes, this.#time()), pusher);
    for (const tag of tags) this.registry.tags.set(tag, root.digest);
    if (subject !== undefined) this.#note(this.registry.list(root, subject.digest, this.#time()), pusher);
  }

  /** Refused, the artifact changes nothing. */
  async #fork({ number, picks, attach }: Extract<Event, { kind: 'fork' }>): Promise<void> {
    const held = this.#held(picks);
    const [first] = held;
    const added = new Map<Digest, { readonly mediaType: string; readonly bytes: Uint8Array }>();
    if (attach && first !== undefined) {
      const bytes = referrerOf(first, `fork of ${number}`);
      held.push(describeBytes(mediaTypes.manifest, bytes));
      added.set(describeBytes(mediaTypes.manifest, bytes).digest, { mediaType: mediaTypes.manifest, bytes });
    }
    const bytes = indexOf(held, 'artifact');
    const root = describeBytes(mediaTypes.index, bytes);
    added.set(root.digest, { mediaType: mediaTypes.index, bytes });
    const source: Source = {
      name: 'the artifact',
      open: ({ digest, mediaType }) =>
        blobOf(
          mediaType,
          added.get(digest)?.bytes ?? this.registry.manifests.get(digest)?.bytes ?? Buffer.alloc(0),
        ),
    };
    try {
      await this.#preview(source, root, number);
    } catch (error) {
      if (!(error instanceof BimaError) || !error.message.includes('subject')) throw error;
    }
  }

  /** Of what somebody made; a signature is made for the image, and belongs to those who do. */
  #sign({ pick, isOld, isDeep = false }: Extract<Event, { kind: 'sign' }>): void {
    const [, digest] = this.#tagged(pick) ?? [];
    const held = digest === undefined ? undefined : this.registry.manifests.get(digest);
    if (held === undefined) return;
    const { manifests = [] } = isDeep ? parse(held.bytes) : {};
    for (const subject of [held.descriptor, ...manifests]) this.#signOne(subject, isOld);
  }

  #signOne(subject: Descriptor, isOld: boolean): void {
    const { digest } = subject;
    if (!this.registry.manifests.has(digest)) return;
    const pushers = [...(this.pushers.get(digest) ?? [])];
    const seed = `signature ${(this.#count += 1)}`;
    const bytes = isOld ? artifact(seed) : referrerOf(subject, seed);
    const tag = isOld ? `sha256-${digest.slice(7)}.sig` : undefined;
    const signature = this.registry.put(mediaTypes.manifest, bytes, this.#time(), tag);
    const list = isOld ? undefined : this.registry.list(signature, digest, this.#time());
    for (const pusher of pushers) for (const made of [signature, list]) this.#note(made, pusher);
  }

  #note(descriptor: Descriptor | undefined, pusher: string): void {
    if (descriptor === undefined) return;
    const pushers = this.pushers.get(descriptor.digest) ?? new Set();
    this.pushers.set(descriptor.digest, pushers.add(pusher));
  }

  #tagged(pick: number): readonly [string, Digest] | undefined {
    const all = [...this.registry.tags].filter(([tag]) => !tag.startsWith('sha256-'));
    return all[pick % Math.max(1, all.length)];
  }

  #held(picks: readonly number[]): Descriptor[] {
    const all = [...this.registry.manifests.values()];
    const found = picks.flatMap((at) => all[at % Math.max(1, all.length)]?.descriptor ?? []);
    return [...new Map(found.map((descriptor) => [descriptor.digest, descriptor])).values()];
  }
}

interface Parsed {
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
}

function parse(bytes: Uint8Array): Parsed {
  return JSON.parse(Buffer.from(bytes).toString()) as Parsed;
}

/** The same for the same source, as builds are. */
function build(
  from: number,
  isIndex: boolean,
): { source: Source; root: Descriptor; legs: readonly Descriptor[] } {
  const documents = new Map<Digest, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array) => {
    const descriptor = describeBytes(mediaType, bytes);
    documents.set(descriptor.digest, bytes);
    return descriptor;
  };
  const legs = architectures.map((architecture) =>
    add(mediaTypes.manifest, image(`${from} ${architecture}`)),
  );
  const [first = add(mediaTypes.manifest, image('none'))] = legs;
  const root = isIndex ? add(mediaTypes.index, indexOf(legs)) : first;
  const source: Source = {
    name: 'the build',
    open: ({ digest, mediaType }) => blobOf(mediaType, documents.get(digest) ?? Buffer.alloc(0)),
  };
  return { source, root, legs };
}

function image(seed: string): Uint8Array {
  const config = describeBytes(mediaTypes.config, Buffer.from(seed));
  return encodeJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] });
}

function artifact(seed: string, subject?: Descriptor): Uint8Array {
  const config = describeBytes('application/vnd.oci.empty.v1+json', Buffer.from(seed));
  const about = subject === undefined ? {} : { subject };
  return encodeJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [], ...about });
}

function referrerOf(subject: Descriptor, seed: string): Uint8Array {
  return artifact(seed, subject);
}

function indexOf(manifests: readonly Descriptor[], name?: string): Uint8Array {
  const annotations = name === undefined ? {} : { annotations: { name } };
  return encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests, ...annotations });
}
