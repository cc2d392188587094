// `latest`, which belongs to the highest version: a fix for an older line must not take it.

import { BimaError } from '../core/errors.ts';
import { gitTagOf } from './event-tags.ts';
import { withGithub } from './github.ts';
import type { GithubAccess } from './github.ts';
import { isHigherVersion } from './version.ts';
import type { World } from './world.ts';

/**
 * The event's tags without `latest`, if a git tag of the repository is a higher version and no prerelease, or if that
 * can't be found out: then nothing that is there is moved.
 */
export async function settleLatest(
  tags: readonly string[],
  world: GithubAccess & Pick<World, 'event'>,
): Promise<readonly string[]> {
  const version = gitTagOf(world.event);
  // A branch may be named latest, too.
  if (version === undefined || !tags.includes('latest')) return tags;
  const without = tags.filter((tag) => tag !== 'latest');
  const { reporter } = world;
  try {
    const higher = await findHigherVersion(version, world);
    if (higher === undefined) return tags;
    reporter.info(`"latest" stays where it is: "${higher}" is a higher version than "${version}"`);
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    reporter.warning({
      code: error.code,
      message: `"latest" is left out, since the repository's versions can't be read: ${error.message}`,
      hint: 'Give the job "contents: read" and the action a github-token, or name the tags in the input "tags".',
    });
  }
  return without;
}

/** A git tag whose release is flagged as a prerelease doesn't count. */
async function findHigherVersion(
  version: string,
  world: GithubAccess & Pick<World, 'event'>,
): Promise<string | undefined> {
  const { parseRepositoryName } = await import('../adapters/github/release.ts');
  const repository = parseRepositoryName(world.event.repository);
  return withGithub(world, async (github) => {
    const { repos } = github.rest;
    const every = { ...repository, per_page: 100 };
    const names = (await github.paginate(repos.listTags, every)).map(({ name }) => name);
    const higher = names.filter((name) => isHigherVersion(name, version));
    if (higher.length === 0) return undefined;
    const releases = await github.paginate(repos.listReleases, every);
    const flagged = new Set(releases.filter(({ prerelease }) => prerelease).map(({ tag_name }) => tag_name));
    return higher.find((name) => !flagged.has(name));
  });
}
