// Previews: whose an image is that a run for a pull request pushes, and which of them a cleanup may delete.

import type { Previews } from '../usecases/cleanup/brought.ts';
import { markImage } from '../usecases/cleanup/preview-mark.ts';
import type { MarkedImage } from '../usecases/cleanup/preview-mark.ts';
import { BimaError } from '../core/errors.ts';
import { readDocument } from '../core/oci/blob.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import { isObject } from '../core/oci/json.ts';
import { readReferrer } from '../core/oci/referrers.ts';
import type { Source } from '../core/oci/target.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { isBundleReferrer } from '../core/trust/bundle-manifest.ts';
import { statementMediaType } from '../core/trust/in-toto-statement.ts';
import { pullRequestOf, unnamedHeadOf } from './event.ts';
import type { WorkflowEvent } from './event.ts';
import { withGithub } from './github.ts';
import type { GithubAccess } from './github.ts';
import type { Produced } from './produce.ts';
import type { Environment } from '../core/environment.ts';
import type { World } from './world.ts';

/**
 * The image as it is pushed, with the statements about it: one of a pull request has its mark, and every other has none, wherever it comes from. The
 * push of a pull request that was merged is no preview.
 * @throws BimaError LAYOUT_INVALID for an image of a pull request that belongs to another image
 */
export async function asPushed(produced: Produced, world: World): Promise<Produced> {
  const { source, root, referrers, attested } = produced;
  const { event, environment } = world;
  const isPreview = isAboutPullRequest(event) && event.payload.action !== 'closed';
  const number = isPreview ? await numberOf(world) : undefined;
  const mark = number === undefined ? undefined : markOf(number, event, environment);
  const options = { mark, isForeign: isPreview };
  const marked = await markImage(source, root, options, referrers);
  const { blobs } = marked;
  const image = { root: marked.root, referrers: await carryReferrers({ ...produced, marked, mark }, world) };
  const pushed = { ...produced, ...image, source: withBlobs(source, blobs) };
  if (attested === undefined || pushed.root.digest === root.digest) return pushed;
  // Statements name the digest of what they are about.
  const made = await attested.again(pushed.source, pushed.root);
  const all = withBlobs(pushed.source, made.blobs);
  const own = await markImage(all, pushed.root, options, made.referrers);
  return {
    ...pushed,
    source: withBlobs(all, own.blobs),
    attested: { ...attested, ...made, referrers: own.referrers },
  };
}

interface MovedImage extends Pick<Produced, 'source' | 'referrers'> {
  readonly marked: MarkedImage;
  readonly mark: string | undefined;
}

/** @returns without what names the digest of before: it would be attached to what it says nothing of */
async function carryReferrers(
  { source, referrers, marked, mark }: MovedImage,
  { reporter }: Pick<World, 'reporter'>,
): Promise<readonly Descriptor[]> {
  const all = withBlobs(source, marked.blobs);
  const carried: Descriptor[] = [];
  const left = new Set<Digest>();
  // Each comes after what it refers to.
  for (const [at, referrer] of marked.referrers.entries()) {
    const was = await readFrom(source, referrers[at] ?? referrer);
    const { subject } = await readFrom(all, referrer);
    const isMoved = namesDigest(was.referrer) && was.subject !== subject;
    if (isMoved || (subject !== undefined && left.has(subject))) left.add(referrer.digest);
    else carried.push(referrer);
  }
  if (left.size > 0) {
    const why =
      mark === undefined
        ? 'without the mark of a pull request it is another one'
        : 'the mark of the pull request makes it another one';
    reporter.info(`signatures and statements that came with the image stay behind: ${why}`);
  }
  return carried;
}

/** Not every tool that writes a layout says in its index of what type a referrer is. */
async function readFrom(source: Source, descriptor: Descriptor): Promise<ReturnType<typeof readReferrer>> {
  return readReferrer(descriptor, await readDocument(source.open(descriptor), source.name));
}

/** Bundles, in-toto statements, and the signatures of Notation (notaryproject.dev, "signature specification"). */
function namesDigest(referrer: Descriptor): boolean {
  const { artifactType } = referrer;
  return (
    isBundleReferrer(referrer) ||
    artifactType === statementMediaType ||
    artifactType === 'application/vnd.cncf.notary.signature'
  );
}

function isAboutPullRequest(event: WorkflowEvent): boolean {
  return pullRequestOf(event) !== undefined || unnamedHeadOf(event) !== undefined;
}

/** Number of the pull request; undefined when GitHub isn't asked or doesn't know it: then the image gets no mark, and no cleanup deletes it. */
async function numberOf({ event, pullRequest, reporter, signal, token }: World): Promise<number | undefined> {
  const named = pullRequestOf(event);
  if (named !== undefined || token === undefined) return named?.number;
  try {
    return (await pullRequest())?.number;
  } catch (error) {
    if (signal.aborted || !(error instanceof BimaError)) throw error;
    reporter.info(`the image isn't marked as a preview: ${error.message}`);
    return undefined;
  }
}

/** The page of the pull request, unique across servers. */
function markOf(number: number, { repository }: WorkflowEvent, environment: Environment): string {
  const server = (environment.GITHUB_SERVER_URL ?? '').replace(/\/+$/, '');
  const page = `${server === '' ? 'https://github.com' : server}/${repository}/pull/${number}`;
  return page.toLowerCase();
}

/**
 * The pull requests that a cleanup is for: the event's, and those that the tags name.
 * @param request.tags such as `pr-5` and `pr-5-arm64`
 * @param request.needsDates where manifests have dates, a mark is not enough
 */
export async function previewsFor(
  { tags, needsDates }: { readonly tags: readonly string[]; readonly needsDates: boolean },
  world: GithubAccess & Pick<World, 'event'>,
): Promise<Previews> {
  const { event, environment } = world;
  const { number: own } = pullRequestOf(event) ?? {};
  const named = tags.flatMap((tag) => /^pr-([1-9]\d*)(?=-|$)/.exec(tag)?.[1] ?? []).map(Number);
  const previews = new Map<string, number | undefined>();
  for (const number of new Set([...(own === undefined ? [] : [own]), ...named])) {
    const opened = number === own ? openedIn(event) : undefined;
    const date = opened ?? (needsDates ? await openedOn(number, world) : undefined);
    previews.set(markOf(number, event, environment), date);
  }
  return previews;
}

function openedIn({ payload: { pull_request: request } }: WorkflowEvent): number | undefined {
  return isObject(request) ? dateOf(request.created_at) : undefined;
}

/** Date of opening. Failures are warnings: without a date only tags are removed. */
async function openedOn(
  number: number,
  world: GithubAccess & Pick<World, 'event'>,
): Promise<number | undefined> {
  const { event, reporter, signal } = world;
  const [owner = '', repo = ''] = event.repository.split('/');
  try {
    return await withGithub(world, async (github) => {
      const { data } = await github.rest.pulls.get({ owner, repo, pull_number: number });
      return dateOf(data.created_at);
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof BimaError)) throw error;
    const { code, message } = error;
    reporter.warning({
      code,
      message: `when pull request ${number} was opened isn't known, so that only its tags go: ${message}`,
      hint: 'Give the job the permission pull-requests: read.',
    });
    return undefined;
  }
}

function dateOf(text: unknown): number | undefined {
  const date = typeof text === 'string' ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : date;
}
