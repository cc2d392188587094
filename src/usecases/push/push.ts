// Pushing an image under any number of references, on any number of registries.

import { copyImage } from './copy.ts';
import type { CopiedBlob } from './copy.ts';
import { BimaError } from '../../core/errors.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { formatReference, withDefaultTag } from '../../core/oci/reference.ts';
import type { Reference } from '../../core/oci/reference.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { PutOptions, Source, TagState } from '../../core/oci/target.ts';
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
  /** Milliseconds, for the seconds of each blob. */
  readonly now?: () => number;
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
 * @throws BimaError REFERENCE_INVALID for a digest that isn't the image's, before anything is sent
 */
export async function pushImage(
  source: Source,
  root: Descriptor,
  references: readonly Reference[],
  options: PushOptions,
): Promise<PushResult> {
  const { client, signal = client.signal } = options;
  const repositories: PushedRepository[] = [];
  const done = new Map<string, string>();
  const states = new Map<string, TagState>();
  const tagging = (reference: string, state: TagState) => states.set(reference, state);
  try {
    for (const group of groupByRepository(references, root.digest)) {
      const first = done.get(group.registry);
      const mountFrom = first === undefined ? [] : [first];
      repositories.push(await pushGroup(source, root, group, mountFrom, { ...options, signal, tagging }));
      if (first === undefined) done.set(group.registry, group.repository);
    }
  } catch (error) {
    if (!signal.aborted || error instanceof BimaError) throw error;
    throw new BimaError('INTERRUPTED', `the push was interrupted${describeTags(states)}`, { cause: error });
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

interface GroupOptions extends PushOptions {
  readonly signal: AbortSignal;
  /** By the full reference. */
  readonly tagging: (reference: string, state: TagState) => void;
}

interface Group {
  readonly registry: string;
  readonly repository: string;
  /** Each once; empty when only the digest was asked for. */
  readonly tags: readonly string[];
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

async function pushGroup(
  source: Source,
  root: Descriptor,
  group: Group,
  mountFrom: readonly string[],
  options: GroupOptions,
): Promise<PushedRepository> {
  const { client, reporter, referrers = [], lookAtAll = false } = options;
  const { registry } = group;
  const nameOf = (tag: string) => formatReference({ registry, repository: group.repository, tag });
  const repository = client.repository(group, { access: 'push', mountFrom });
  return reporter.group(`Push to ${repository.name}`, async () => {
    const wanted = group.tags.length > 0 ? group.tags : [root.digest];
    const missing: string[] = [];
    for (const reference of wanted) {
      const there = await repository.describe(reference);
      if (there?.digest !== root.digest) missing.push(reference);
    }
    const pushReferrers = async (): Promise<readonly CopiedBlob[]> => {
      const copied: CopiedBlob[] = [];
      const tasks = referrers.map((referrer) => async (signal: AbortSignal) => {
        copied.push(...(await copyImage(source, referrer, repository, { ...options, signal })));
      });
      // All at once: they are small, and the list of them is written when all are there.
      await runSideBySide(tasks, referrersAtOnce, options.signal);
      if (tasks.length > 0) reporter.info(`what refers to the image goes along: ${tasks.length} manifests`);
      return copied;
    };
    const more: CopiedBlob[] = [];
    const finish = async (manifest: Blob, how: PutOptions): Promise<void> => {
      if (referrers.length > 0) {
        await repository.put(manifest, how);
        more.push(...(await pushReferrers()));
      }
      await repository.putTagged(manifest, group.tags.length > 0 ? missing : [], {
        ...how,
        tagging: (tag, state) => {
          options.tagging(nameOf(tag), state);
        },
      });
    };
    // What another tag stands for is there, whole.
    const rootOnly = !lookAtAll && missing.length < wanted.length;
    const isThere = async () => (await repository.describe(root.digest)) !== undefined;
    const own =
      missing.length === 0 && !lookAtAll
        ? await pushReferrers()
        : await copyImage(source, root, repository, {
            ...options,
            rootOnly,
            ...(lookAtAll ? {} : { isThere }),
            finish,
          });
    const blobs = [...own, ...more];
    const pushed = wanted.map((reference): PushedReference => {
      const parts = group.tags.length > 0 ? { tag: reference } : { digest: root.digest };
      return {
        reference: formatReference({ registry: group.registry, repository: group.repository, ...parts }),
        stored: missing.includes(reference) ? 'pushed' : 'present',
      };
    });
    for (const { reference, stored } of pushed) {
      reporter.info(stored === 'pushed' ? `${reference} pushed` : `${reference} is this image already`);
    }
    return { repository: repository.name, references: pushed, blobs };
  });
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
