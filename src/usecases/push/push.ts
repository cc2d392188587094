// Pushing an image under any number of references, on any number of registries.

import { copyImage } from './copy-image.ts';
import type { CopiedBlob } from './copy-image.ts';
import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { formatReference, withDefaultTag } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Source } from '../../core/oci/target.ts';
import type { TagState } from '../../adapters/registry/manifest-push.ts';
import { RegistryError } from '../../adapters/registry/registry-error.ts';
import type { Repository } from '../../adapters/registry/repository.ts';
import type { RegistryClient } from '../../adapters/registry/client.ts';
import { formatSize } from '../../core/reporter.ts';
import type { Reporter } from '../../core/reporter.ts';
import { runSideBySide } from '../../core/concurrent.ts';

const referrersAtOnce = 16;

export interface PushOptions {
  readonly client: RegistryClient;
  readonly reporter: Reporter;
  /** The client's own by default. */
  readonly signal?: AbortSignal;
  /** What refers to the image, in the source: pushed before any tag moves. */
  readonly referrers?: readonly Descriptor[];
  /** How many blobs are pushed at once: 4 by default. */
  readonly concurrency?: number;
  /** Looks at every blob, also of an image that is at its tags already: a registry may have lost some. */
  readonly lookAtAll?: boolean;
}

export interface PushedReference {
  /** In its full form, such as `ghcr.io/owner/name:1.0`. */
  readonly reference: string;
  /** `present` when it stood for this very image before. */
  readonly stored: 'pushed' | 'present';
}

export interface PushedRepository {
  /** `registry/repository`. */
  readonly repository: string;
  readonly references: readonly PushedReference[];
  /** Empty when nothing had to be looked at. */
  readonly blobs: readonly CopiedBlob[];
}

export interface PushResult {
  readonly digest: Digest;
  readonly repositories: readonly PushedRepository[];
}

/**
 * Pushes an image to all references, one repository after the other; a later one on the same registry takes the
 * blobs over from the first. A reference that names neither a tag nor a digest gets the tag `latest`.
 * @throws BimaError REFERENCE_INVALID for a digest that isn't the image's, before anything is sent; what ends the push
 *   later names the tags that were set before
 */
export async function pushImage(
  source: Source,
  root: Descriptor,
  references: readonly Reference[],
  options: PushOptions,
): Promise<PushResult> {
  const { client, signal = client.signal } = options;
  const groups = groupByRepository(references, root.digest);
  const repositories: PushedRepository[] = [];
  const firsts = new Map<string, string>();
  const states = new Map<string, TagState>();
  for (const [at, group] of groups.entries()) {
    const first = firsts.get(group.registry);
    const mountFrom = first === undefined ? [] : [first];
    const tagging = (tag: string, state: TagState) => states.set(nameIn(group, tag), state);
    try {
      const push = new GroupPush(source, root, group, { ...options, signal, mountFrom, tagging });
      repositories.push(await push.run());
    } catch (error) {
      if (!signal.aborted || error instanceof BimaError) throw withOthers(error, groups, at, states);
      throw new BimaError('INTERRUPTED', `the push was interrupted${describeTags(states)}`, { cause: error });
    }
    if (first === undefined) firsts.set(group.registry, group.repository);
  }
  return { digest: root.digest, repositories };
}

/** What an interrupted push has done, for the end of a sentence. */
function describeTags(states: ReadonlyMap<string, TagState>): string {
  const list = (wanted: TagState) =>
    [...states].filter(([, state]) => state === wanted).map(([reference]) => `"${reference}"`);
  const [moved, asked] = [list('set'), list('asked')];
  const certain = moved.length === 0 ? 'before any tag moved' : `after these had moved: ${moved.join(', ')}`;
  return asked.length === 0 ? ` ${certain}` : ` ${certain}; unknown for ${asked.join(', ')}`;
}

/** The error of one repository, with what became of the others; its own tags it names itself. */
function withOthers(
  error: unknown,
  groups: readonly Group[],
  failed: number,
  states: ReadonlyMap<string, TagState>,
): unknown {
  if (!(error instanceof BimaError) || groups.length === 1) return error;
  const namesOf = (some: readonly Group[]) =>
    some.flatMap((group) =>
      group.tags.length === 0 ? [nameIn(group)] : group.tags.map((tag) => nameIn(group, tag)),
    );
  const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
  const before = namesOf(groups.slice(0, failed)).filter((name) => states.get(name) === 'set');
  const after = namesOf(groups.slice(failed + 1));
  const told = [
    before.length === 0 ? 'no tag of another repository was set' : `set before: ${list(before)}`,
    ...(after.length === 0 ? [] : [`not tried: ${list(after)}`]),
  ];
  const { code, hint } = error;
  const message = `${error.message} (${told.join('; ')})`;
  const more = { ...(hint === undefined ? {} : { hint }), cause: error };
  return error instanceof RegistryError
    ? new RegistryError(code, message, error, more)
    : new BimaError(code, message, more);
}

interface Group {
  readonly registry: string;
  readonly repository: string;
  /** Each once; empty when only the digest was asked for. */
  readonly tags: readonly string[];
}

function nameIn({ registry, repository }: Group, tag?: string): string {
  return formatReference({ registry, repository, ...(tag === undefined ? {} : { tag }) });
}

function groupByRepository(references: readonly Reference[], digest: Digest): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const reference of references.map(withDefaultTag)) {
    if (reference.digest !== undefined && reference.digest !== digest) {
      throw new BimaError(
        'REFERENCE_INVALID',
        `"${formatReference(reference)}" names a digest, expected ${digest}, which the image has`,
        { hint: 'Push under a tag, or leave out the digest.' },
      );
    }
    const { registry, repository, tag } = reference;
    const name = `${registry}/${repository}`;
    const tags = new Set(groups.get(name)?.tags);
    if (tag !== undefined) tags.add(tag);
    groups.set(name, { registry, repository, tags: [...tags] });
  }
  return [...groups.values()];
}

interface GroupOptions extends PushOptions {
  readonly signal: AbortSignal;
  readonly mountFrom: readonly string[];
  readonly tagging: (tag: string, state: TagState) => void;
}

/** The push to one repository. */
class GroupPush {
  readonly #source: Source;
  readonly #root: Descriptor;
  readonly #group: Group;
  readonly #options: GroupOptions;
  readonly #repository: Repository;
  /** Tags, or the digest when there are none. */
  readonly #wanted: readonly string[];
  /** Those that don't stand for the image yet. */
  readonly #missing: string[] = [];

  constructor(source: Source, root: Descriptor, group: Group, options: GroupOptions) {
    this.#source = source;
    this.#root = root;
    this.#group = group;
    this.#options = options;
    this.#repository = options.client.repository(group, { access: 'push' });
    this.#wanted = group.tags.length > 0 ? group.tags : [root.digest];
  }

  run(): Promise<PushedRepository> {
    const { reporter } = this.#options;
    const { name } = this.#repository;
    return reporter.group(`Push to ${name}`, async () => {
      for (const reference of this.#wanted) {
        const there = await this.#repository.describe(reference);
        if (there?.digest !== this.#root.digest) this.#missing.push(reference);
      }
      const blobs = await this.#copy();
      const references = this.#wanted.map((reference) => this.#describe(reference));
      for (const { reference, stored } of references) {
        reporter.info(stored === 'pushed' ? `${reference} pushed` : `${reference} is this image already`);
      }
      return { repository: name, references, blobs };
    });
  }

  async #copy(): Promise<readonly CopiedBlob[]> {
    const { lookAtAll = false } = this.#options;
    if (this.#missing.length === 0 && !lookAtAll) return this.#pushReferrers();
    const more: CopiedBlob[] = [];
    const isThere = async () => (await this.#repository.describe(this.#root.digest)) !== undefined;
    const own = await copyImage(this.#source, this.#root, this.#repository, {
      ...this.#options,
      // What another tag stands for is there, whole.
      rootOnly: !lookAtAll && this.#missing.length < this.#wanted.length,
      ...(lookAtAll ? {} : { isThere }),
      finish: async (manifest, signal) => {
        more.push(...(await this.#finish(manifest, signal)));
      },
    });
    return [...own, ...more];
  }

  /** Tags come last, after what refers to the image. */
  async #finish(manifest: Blob, signal: AbortSignal | undefined): Promise<readonly CopiedBlob[]> {
    const { referrers = [], tagging } = this.#options;
    const isTagged = this.#group.tags.length > 0;
    const stop = signal === undefined ? {} : { signal };
    if (referrers.length > 0) await this.#repository.put(manifest, stop);
    const copied = await this.#pushReferrers();
    await this.#repository.putTagged(manifest, isTagged ? this.#missing : [], { ...stop, tagging });
    return copied;
  }

  async #pushReferrers(): Promise<readonly CopiedBlob[]> {
    const { referrers = [], reporter } = this.#options;
    const copied: CopiedBlob[] = [];
    // All of them have the same empty configuration.
    const shared = new Map<Digest, Promise<CopiedBlob>>();
    const tasks = referrers.map((referrer) => async (signal: AbortSignal) => {
      const options = { ...this.#options, signal, shared };
      copied.push(...(await copyImage(this.#source, referrer, this.#repository, options)));
    });
    // All at once: they are small, and the list of them is written when all are there.
    await runSideBySide(tasks, referrersAtOnce, this.#options.signal);
    if (tasks.length > 0) reporter.info(`what refers to the image goes along: ${tasks.length} manifests`);
    return copied;
  }

  #describe(reference: string): PushedReference {
    const { registry, repository, tags } = this.#group;
    const parts = tags.length > 0 ? { tag: reference } : { digest: this.#root.digest };
    return {
      reference: formatReference({ registry, repository, ...parts }),
      stored: this.#missing.includes(reference) ? 'pushed' : 'present',
    };
  }
}

/** One line with what travelled and what didn't have to. */
export function summarizePush({ repositories }: PushResult): string {
  const blobs = repositories.flatMap((repository) => repository.blobs);
  const parts = (['pushed', 'mounted', 'present'] as const).flatMap((how) => {
    const sizes = blobs.filter(({ stored }) => stored === how).map(({ descriptor }) => descriptor.size);
    if (sizes.length === 0) return [];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return [`${how === 'present' ? 'already there' : how} ${formatSize(total)}`];
  });
  return parts.length === 0 ? 'nothing to push: the registry has this image' : parts.join(', ');
}
