// The action: one image from a context or from layouts, then everything that the inputs want done with it.
// What stays on this machine comes first, and the push last: tags move only if all else went well.

import { join, resolve } from 'node:path';
import { withEarlyPush } from '../usecases/push/early-push.ts';
import { BimaError } from '../core/errors.ts';
import { writeArchive } from '../adapters/disk/archive.ts';
import type { Release } from '../adapters/github/release.ts';
import { checkFileNames } from '../core/file-names.ts';
import { findFileTarget, findFolderTarget } from '../adapters/filesystem/output-path.ts';
import { checkDestination } from '../adapters/disk/publish.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import type { Reporter } from '../core/reporter.ts';
import { defaultArtifactName, safeArtifactName } from './artifact-name.ts';
import { withWorkflowImages } from './base-images.ts';
import type { OpenClient } from './base-images.ts';
import type { CommentOrder } from './comment.ts';
import { defaultTags } from './default-tags.ts';
import { unpushedReason } from './event-tags.ts';
import type { WorkflowEvent } from './event.ts';
import type { GithubAccess } from './github.ts';
import { ignoredInputs } from './ignored-inputs.ts';
import { readFacts } from './image-facts.ts';
import type { ArtifactInputs, Inputs } from './inputs.ts';
import { loadForWorkflow, openForInputs } from './load.ts';
import { describeJob } from './maker.ts';
import { imageOutputs, pushOutputs } from './outputs.ts';
import type { Outputs } from './outputs.ts';
import { asPushed } from './preview.ts';
import { produceImage } from './produce.ts';
import type { Produced } from './produce.ts';
import { defaultImage, resolveReferences } from './references.ts';
import { attachToRelease, openRelease } from './release.ts';
import type { Environment, Runner } from './runner.ts';
import { formatSummary } from './summary.ts';
import type { SummaryFacts } from './summary.ts';
import { holdToWorkspace } from './workspace.ts';

/** What a run may use of the world. */
export interface World {
  readonly environment: Environment;
  readonly event: WorkflowEvent;
  readonly runner: Runner;
  readonly reporter: Reporter;
  /** A folder of the run's own, removed after the job. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** @throws BimaError for whatever goes wrong; the outputs that were known until then are set */
export async function run(inputs: Inputs, world: World): Promise<void> {
  const { environment, event, runner, reporter, folder } = world;
  const access = accessFor(inputs, world);
  const tags = inputs.tags.length > 0 ? [] : await defaultTags(event, access);
  const references = resolveReferences(inputs, { image: () => defaultImage(environment), tags: () => tags });
  await holdToWorkspace(inputs, environment);
  const layoutPath =
    inputs.ociLayout === undefined
      ? join(folder, 'layout')
      : await findFolderTarget(resolve(inputs.ociLayout));
  const skipped = await checkFirst(inputs, references, world);
  const release = inputs.release === undefined ? undefined : await openRelease(inputs.release, event, access);
  for (const problem of ignoredInputs(inputs)) reporter.warning(problem);

  const { context } = inputs;
  const order = { ...world, inputs, context, references, mask: runner.mask };
  await withWorkflowImages(order, async (images, { openClient, blobs }) => {
    const isPushed = skipped === undefined;
    await withEarlyPush({ references: isPushed ? references : [], openClient }, async (early) => {
      const wanted = { inputs, references, images, openClient, early, blobs, path: layoutPath, isPushed };
      const made = await produceImage(wanted, world);
      const produced = isPushed ? await asPushed(made, event, access) : made;
      const handed = { inputs, references, openClient, skipped, release, layoutPath };
      await handOn(produced, handed, world);
    });
  });
}

/** Everything that the inputs want done with the image. */
async function handOn(produced: Produced, order: HandOnOrder, world: World): Promise<void> {
  const { source, root, referrers, isWhole } = produced;
  const { inputs, references, release, layoutPath } = order;
  const { environment, runner, reporter, folder, signal } = world;
  const facts = await readFacts(source, root);
  setOutputs(runner, { ...imageOutputs(facts, references), layout: isWhole ? layoutPath : '' });

  const archive = archivePath(inputs, folder);
  if (archive !== undefined) {
    await writeArchive(source, root, references, archive, signal, referrers);
    reporter.info(`wrote the archive ${archive}`);
    if (inputs.tar !== undefined) setOutputs(runner, { tar: archive });
  }
  if (inputs.sbom) await writeSbomFile(source, root, references, world);
  if (inputs.load !== undefined) {
    const containerd = await openForInputs(inputs.load, environment);
    await loadForWorkflow(containerd, { source, image: root, references, referrers, reporter, signal });
  }
  const artifact =
    inputs.artifact === undefined
      ? undefined
      : await upload(inputs.artifact, references, await artifactPath(produced, archive, order, world), world);
  if (release !== undefined) {
    const { event } = world;
    const access = accessFor(inputs, world);
    const maker = describeJob(environment, inputs.matrix);
    const attached = {
      release,
      event,
      source,
      root,
      referrers,
      images: facts.images,
      references,
      maker,
      folder,
      access,
    };
    setOutputs(runner, { 'release-asset-url': await attachToRelease(attached) });
  }
  const state = await push(produced, order, world);
  if (inputs.summary) {
    const parts: SummaryFacts = { facts, references, state, ...(artifact === undefined ? {} : { artifact }) };
    runner.summarize(formatSummary(parts));
  }
  if (inputs.prComment)
    await comment({ facts, references, isPushed: state === 'pushed', artifact }, inputs, world);
}

interface HandOnOrder {
  readonly inputs: Inputs;
  readonly references: readonly Reference[];
  readonly openClient: OpenClient;
  /** Why nothing is pushed, if that is so. */
  readonly skipped: string | undefined;
  readonly release: Release | undefined;
  readonly layoutPath: string;
}

function accessFor({ githubToken: token }: Inputs, { environment, reporter, signal }: World): GithubAccess {
  return { token, environment, reporter, signal };
}

/**
 * Finds early what would fail late.
 * @returns why nothing will be pushed, or undefined if it will
 */
async function checkFirst(
  inputs: Inputs,
  references: readonly Reference[],
  { environment, event, reporter }: World,
): Promise<string | undefined> {
  for (const name of ['ociLayout', 'tar'] as const) {
    const input = name === 'tar' ? name : 'oci-layout';
    checkFileNames(inputs[name] ?? '', `Name another path with the input "${input}".`);
  }
  if (inputs.ociLayout !== undefined) await checkDestination(resolve(inputs.ociLayout));
  if (inputs.tar !== undefined) await checkTar(inputs.tar, inputs.artifact);
  if (inputs.load !== undefined) await openForInputs(inputs.load, environment);
  if (inputs.push === 'false') return 'push is false';
  const unnamed = inputs.tags.length === 0 ? unpushedReason(event) : undefined;
  if (unnamed !== undefined) {
    reporter.info(`not pushing: ${unnamed}`);
    return unnamed;
  }
  const { explicitLogin, readOnlyReason } = await import('./push.ts');
  explicitLogin(inputs, references);
  const reason = inputs.push === 'auto' ? readOnlyReason(event, inputs.login !== undefined) : undefined;
  if (reason !== undefined) reporter.info(`not pushing: ${reason}`);
  return reason;
}

async function checkTar(tar: string, artifact: ArtifactInputs | undefined): Promise<void> {
  // Standard output is the log.
  const isStream = tar === '-' || tar === '/dev/stdout';
  const isPipe = !isStream && (await findFileTarget(tar)).type === 'fifo';
  if (!isStream && !(isPipe && artifact?.form === 'tar')) return;
  const what = isPipe ? `the FIFO "${tar}", which can't be uploaded` : `"${tar}"`;
  throw new BimaError('INPUT_INVALID', `expected a file for the input "tar", got ${what}`, {
    hint: 'Name a file in the workspace.',
  });
}

/** Where an archive goes, if one is wanted: as a file, or to be uploaded. */
function archivePath({ tar, artifact }: Inputs, folder: string): string | undefined {
  if (tar !== undefined) return resolve(tar);
  return artifact?.form === 'tar' ? join(folder, 'image.tar') : undefined;
}

/**
 * What becomes the artifact: an archive, which is there also when only the input `tar` asks for it, or a layout of this
 * image alone. One that the workflow names may hold others, too.
 */
async function artifactPath(
  { onDisk }: Produced,
  archive: string | undefined,
  { inputs, references, layoutPath }: HandOnOrder,
  { folder }: World,
): Promise<string> {
  if (inputs.artifact?.form === 'tar' && archive !== undefined) return archive;
  if (inputs.ociLayout === undefined) return layoutPath;
  const { extractImage } = await import('../adapters/disk/extract.ts');
  const path = join(folder, 'artifact');
  await extractImage(layoutPath, path, { ...onDisk, references });
  return path;
}

function artifactName({ name, form }: ArtifactInputs, [first]: readonly Reference[]): string {
  if (name !== undefined) return safeArtifactName(name);
  // A file that is uploaded as it is gets the artifact's name.
  const suffix = form === 'tar' ? '.tar' : '';
  return `${defaultArtifactName(first?.repository ?? '', first?.tag)}${suffix}`;
}

async function writeSbomFile(
  source: Source,
  root: Descriptor,
  references: readonly Reference[],
  { environment, runner, reporter, folder, signal }: World,
): Promise<void> {
  const { writeSbom } = await import('../usecases/sbom/sbom.ts');
  const { parseSourceDate } = await import('../core/source-date.ts');
  const path = join(folder, 'sbom.spdx.json');
  await writeSbom(source, root, path, {
    references,
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
    signal,
  });
  reporter.info(`wrote the bill of materials ${path}`);
  setOutputs(runner, { sbom: path });
}

async function upload(
  inputs: ArtifactInputs,
  references: readonly Reference[],
  path: string,
  { environment, runner, reporter, signal }: World,
): Promise<SummaryFacts['artifact']> {
  const name = artifactName(inputs, references);
  const { form, overwrite, retentionDays } = inputs;
  const order = {
    name,
    path,
    form,
    overwrite,
    ...(retentionDays === undefined ? {} : { retentionDays }),
    environment,
    reporter,
    mask: runner.mask,
    signal,
  };
  const { uploadArtifact } = await import('./artifact.ts');
  const uploaded = await reporter.group(`Upload the artifact ${name}`, () => uploadArtifact(order));
  if (uploaded === undefined) return undefined;
  const { id, url, digest } = uploaded;
  setOutputs(runner, { 'artifact-id': String(id), 'artifact-url': url, 'artifact-digest': digest });
  return { name, url };
}

/** @returns what the summary says of it */
async function push(
  { source, root, referrers }: Produced,
  { inputs, references, openClient, skipped }: HandOnOrder,
  { event, runner, reporter, signal }: World,
): Promise<string> {
  setOutputs(runner, pushOutputs(undefined));
  if (skipped !== undefined) return `not pushed: ${skipped}`;
  if (signal.aborted) throw new BimaError('INTERRUPTED', 'interrupted before the push');
  const [{ pushForWorkflow }, { summarizePush }] = await Promise.all([
    import('./push.ts'),
    import('../usecases/push/push.ts'),
  ]);
  const client = await openClient();
  const result = await pushForWorkflow({
    source,
    image: root,
    references,
    referrers,
    lookAtAll: !inputs.reuse,
    client,
    event,
    reporter,
  });
  reporter.info(summarizePush(result));
  setOutputs(runner, pushOutputs(result));
  return 'pushed';
}

async function comment(
  image: Pick<CommentOrder, 'facts' | 'references' | 'isPushed' | 'artifact'>,
  inputs: Inputs,
  { environment, event, runner, reporter, signal }: World,
): Promise<void> {
  const { commentForWorkflow } = await import('./comment.ts');
  const order = { ...image, inputs, environment, event, mask: runner.mask, reporter, signal };
  const url = await commentForWorkflow(order);
  if (url !== undefined) setOutputs(runner, { 'comment-url': url });
}

function setOutputs(runner: Runner, outputs: Outputs): void {
  for (const [name, value] of Object.entries(outputs)) runner.output(name, value);
}
