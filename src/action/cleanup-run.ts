// The cleanup as a step: repository by repository, then the comment, and in any case a report of the outcome.

import { removeTags, describeRecord } from '../usecases/cleanup/cleanup.ts';
import type { CleanupRecord } from '../usecases/cleanup/cleanup.ts';
import { PackageStore } from '../usecases/cleanup/package-store.ts';
import { BimaError } from '../core/errors.ts';
import type { Reference } from '../core/oci/reference.ts';
import { numberOfComment, tagsOfClosed } from './cleanup-inputs.ts';
import type { CleanupInputs } from './cleanup-inputs.ts';
import { withStore } from './cleanup-store.ts';
import { formatCleanupSummary } from './cleanup-summary.ts';
import { withGithub } from './github.ts';
import { previewsFor } from './preview.ts';
import { checkTags } from './protected-tags.ts';
import { createWorkflowClient } from './workflow-push.ts';
import { defaultImage, resolveReferences } from './image-names.ts';
import type { World } from './world.ts';

/** What a cleanup may use of the world. */
export type CleanupWorld = Omit<World, 'folder' | 'pullRequest'>;

/** @throws BimaError for whatever goes wrong; the outputs tell what was done until then */
export async function runCleanup(inputs: CleanupInputs, world: CleanupWorld): Promise<void> {
  const { environment, event, runner } = world;
  const { dryRun } = inputs;
  const references = resolveReferences(inputs, {
    image: () => defaultImage(environment),
    tags: () => tagsOfClosed(event),
  });
  const tags = references.flatMap(({ tag }) => tag ?? []);
  if (!inputs.allowProtected) checkTags(tags, event);
  const number = inputs.deleteComment ? numberOfComment(event, tags) : undefined;
  const records: CleanupRecords = { deleted: [], skipped: [] };
  try {
    await cleanRepositories({ inputs, references, records }, world);
  } finally {
    const { deleted, skipped } = records;
    runner.output('deleted', JSON.stringify(deleted));
    runner.output('skipped', JSON.stringify(skipped));
    if (inputs.summary) runner.summarize(formatCleanupSummary({ deleted, skipped, dryRun }));
  }
  if (number !== undefined) await deleteComments({ number, inputs, references }, world);
}

/** Filled along the way, so that it is known even if a later step fails. */
interface CleanupRecords {
  readonly deleted: CleanupRecord[];
  readonly skipped: CleanupRecord[];
}

interface CleanupRequest {
  readonly inputs: CleanupInputs;
  readonly references: readonly Reference[];
}

async function cleanRepositories(
  { inputs, references, records }: CleanupRequest & { readonly records: CleanupRecords },
  world: CleanupWorld,
): Promise<void> {
  const { dryRun } = inputs;
  const { reporter } = world;
  const client = createWorkflowClient({ references, inputs }, world);
  const deleted = (record: CleanupRecord) => {
    records.deleted.push(record);
  };
  try {
    for (const [name, { place, tags }] of byRepository(references)) {
      await reporter.group(`${dryRun ? 'Look at' : 'Clean up'} ${name}`, () =>
        withStore(place, { ...world, client }, async (store) => {
          if (store === undefined) reporter.warning(noPackage(name));
          const needsDates = store instanceof PackageStore;
          const previews = await previewsFor({ tags, needsDates }, world);
          const skipped =
            store === undefined
              ? tags.map((tag) => ({ name, tags: [tag], why: 'there is no such package' }))
              : await removeTags({ tags, previews, dryRun }, { ...world, store, deleted });
          for (const record of skipped) reporter.info(`stays: ${describeRecord(record)}`);
          records.skipped.push(...skipped);
        }),
      );
    }
  } finally {
    await client.close();
  }
}

interface RepositoryTags {
  readonly place: Reference;
  readonly tags: string[];
}

function byRepository(references: readonly Reference[]): ReadonlyMap<string, RepositoryTags> {
  const found = new Map<string, RepositoryTags>();
  for (const { registry, repository, tag = '' } of references) {
    const name = `${registry}/${repository}`;
    const entry = found.get(name) ?? { place: { registry, repository }, tags: [] };
    entry.tags.push(tag);
    found.set(name, entry);
  }
  return found;
}

function noPackage(name: string) {
  return {
    code: 'GITHUB_NOT_FOUND',
    message: `there is no package ${name}, or the token may not see it`,
    hint: 'If there is one, give the job "packages: write", and this repository the role Admin under "Manage Actions access" in its settings.',
  } as const;
}

/** A comment that can't be deleted is only a warning: the images are what matters. */
async function deleteComments(
  { number, inputs, references }: CleanupRequest & { readonly number: number },
  world: CleanupWorld,
): Promise<void> {
  const { event, reporter, signal } = world;
  const images = [...byRepository(references).keys()];
  if (inputs.dryRun) {
    reporter.info(`would delete the comment on pull request ${number}, if there is one`);
    return;
  }
  try {
    await withGithub(world, async (github) => {
      const { removeComment } = await import('../adapters/github/comment.ts');
      for (const image of images) {
        const count = await removeComment(github, { repository: event.repository, number, image });
        reporter.info(count === 0 ? `no comment about ${image}` : `deleted the comment about ${image}`);
      }
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof BimaError)) throw error;
    const { code, message, hint } = error;
    const problem = { code, message: `the comment was not deleted: ${message}` };
    reporter.warning(hint === undefined ? problem : { ...problem, hint });
  }
}
