// The action: one image from a context or from layouts, then everything that the inputs want done with it.
// What stays on this machine comes first, and the push last: tags move only if all else went well.

import { join, resolve } from 'node:path';
import { withEarlyPush } from '../usecases/push/early-push.ts';
import { BimaError } from '../core/errors.ts';
import { writeArchive } from '../adapters/disk/archive.ts';
import { checkFileNames } from '../core/file-names.ts';
import { findFileTarget, findFolderTarget } from '../adapters/filesystem/output-path.ts';
import { writeWhole } from '../adapters/filesystem/temporary.ts';
import { checkDestination } from '../adapters/disk/publish.ts';
import type { Reference } from '../core/oci/reference.ts';
import { defaultArtifactName, safeArtifactName } from './artifact-name.ts';
import { withWorkflowImages } from './workflow-images.ts';
import type { OpenClient } from './workflow-images.ts';
import type { BootReport } from './boot-text.ts';
import type { CommentRequest } from './preview-comment.ts';
import { branchImageOnce } from './branch-once.ts';
import { defaultTags } from './default-tags.ts';
import { explainEmptyWorkspace } from './empty-workspace.ts';
import { unpushedReason } from './event-tags.ts';
import { ignoredInputs } from './ignored-inputs.ts';
import { readFacts } from './image-facts.ts';
import type { ImageFacts } from './image-facts.ts';
import type { ArtifactInputs, Inputs } from './inputs.ts';
import { loadForWorkflow, openForInputs } from './load-image.ts';
import { imageOutputs, pushOutputs } from './outputs.ts';
import type { Outputs } from './outputs.ts';
import { asPushed } from './preview.ts';
import { produceImage } from './produce.ts';
import type { ImageRequest, Produced } from './produce.ts';
import { defaultImage, resolveReferences } from './image-names.ts';
import { attachToRelease, openRelease } from './release-archive.ts';
import type { Runner } from './runner.ts';
import type { SignatureFacts } from './image-text.ts';
import type { SummaryFacts } from './summary.ts';
import { holdToWorkspace } from './workspace.ts';
import type { World } from './world.ts';

/** The image, and what was asked for: all that comes after the build goes by it. */
interface FinishedImage extends ImageRequest, Produced {
  readonly facts: ImageFacts;
  /** What became of the boot test; empty without one. */
  readonly boots: readonly BootReport[];
  /** Who signed it, or why nobody did; undefined when nobody asked for it. */
  readonly signature: SignatureFacts | undefined;
}

interface HandOnWorld extends World {
  readonly openClient: OpenClient;
}

/** @throws BimaError for whatever goes wrong; the outputs that were known until then are set */
export async function runAction(inputs: Inputs, world: World): Promise<void> {
  try {
    await (inputs.check ? checkInputs(inputs, world) : makeAndHandOn(inputs, world));
  } catch (error) {
    throw await explainEmptyWorkspace(error, inputs.context, world.environment);
  }
}

async function checkInputs(inputs: Inputs, world: World): Promise<void> {
  await holdToWorkspace(inputs, world.environment);
  const { checkForWorkflow } = await import('./check-only.ts');
  await checkForWorkflow(inputs, world);
}

async function makeAndHandOn(inputs: Inputs, world: World): Promise<void> {
  const request = await resolveRequest(inputs, world);
  const { references, skipped } = request;
  for (const problem of ignoredInputs(inputs)) world.reporter.warning(problem);
  await withWorkflowImages(request, world, (workspace) => {
    // What has still to boot is published by nobody, not even in parts.
    const pushed = skipped === undefined && inputs.boot === undefined ? references : [];
    return withEarlyPush({ ...workspace, references: pushed }, async (early) => {
      const made = await produceImage(request, { ...world, ...workspace, early });
      const unsigned = withStatements(skipped === undefined ? await asPushed(made, world) : made);
      const facts = await readFacts(unsigned.source, unsigned.root);
      const boots = await testBoot({ ...request, ...unsigned }, world);
      const { openClient } = workspace;
      const { signature, ...produced } = await sign({ ...request, ...unsigned }, { ...world, openClient });
      await handOn({ ...request, ...produced, facts, boots, signature }, { ...world, openClient });
    });
  });
}

/** What this run says of the image goes along with what came with it. */
function withStatements({ referrers, ...produced }: Produced): Produced {
  return { ...produced, referrers: [...referrers, ...(produced.attested?.referrers ?? [])] };
}

async function sign(
  image: ImageRequest & Produced,
  world: HandOnWorld,
): Promise<Produced & { readonly signature: SignatureFacts | undefined }> {
  const { signing } = image;
  if (signing?.kind !== 'ready') {
    return { ...image, signature: signing === undefined ? undefined : { whyNot: signing.why } };
  }
  const { signForWorkflow } = await import('./signing.ts');
  const { produced, identity, outputs } = await signForWorkflow(image, signing, world);
  setOutputs(world.runner, outputs);
  return { ...produced, signature: { identity } };
}

async function resolveRequest(inputs: Inputs, world: World): Promise<ImageRequest> {
  const { environment, folder } = world;
  const tags = inputs.tags.length > 0 ? [] : await defaultTags(world);
  const references = resolveReferences(inputs, { image: () => defaultImage(environment), tags: () => tags });
  await holdToWorkspace(inputs, environment);
  const layoutPath =
    inputs.ociLayout === undefined
      ? join(folder, 'layout')
      : await findFolderTarget(resolve(inputs.ociLayout));
  const skipped = await checkFirst({ inputs, references }, world);
  const release = inputs.release === undefined ? undefined : await openRelease(inputs.release, world);
  const signing = await prepareToSign(inputs, world);
  return { inputs, references, layoutPath, skipped, release, signing };
}

/** Loads what signs only where somebody wants it. */
async function prepareToSign({ signing }: Inputs, world: World): Promise<ImageRequest['signing']> {
  if (signing === undefined) return undefined;
  return (await import('./signing.ts')).prepareWorkflowSigning(signing, world);
}

async function testBoot(
  { inputs, source, root }: ImageRequest & Produced,
  world: World,
): Promise<readonly BootReport[]> {
  const { boot, summary } = inputs;
  if (boot === undefined) return [];
  const { bootForWorkflow } = await import('./boot-test.ts');
  return bootForWorkflow({ boot, source, root, summary }, world);
}

/** Does everything that the inputs ask for with the image. */
async function handOn(image: FinishedImage, world: HandOnWorld): Promise<void> {
  const { inputs, source, root, references, referrers, release, facts } = image;
  const { runner, reporter, folder, signal } = world;
  setOutputs(runner, { ...imageOutputs(facts, references), layout: image.isWhole ? image.layoutPath : '' });

  const archive = archivePath(inputs, folder);
  if (archive !== undefined) {
    await writeArchive(source, root, references, archive, signal, referrers);
    reporter.info(`wrote the archive ${archive}`);
    if (inputs.tar !== undefined) setOutputs(runner, { tar: archive });
  }
  await writeStatements(image, world);
  if (inputs.load !== undefined) await loadForWorkflow({ ...image, load: inputs.load }, world);
  const artifact = await upload({ ...image, archive }, world);
  const asset = release === undefined ? undefined : await attachToRelease({ ...image, release }, world);
  if (asset !== undefined) setOutputs(runner, { 'release-asset-url': asset });
  await push(image, world);
  const branch = branchImageOnce(image, world);
  if (inputs.summary) await summarize({ ...image, artifact, asset, archive }, await branch.ofEvent(), world);
  if (inputs.prComment) {
    const isPushed = image.skipped === undefined;
    await comment({ ...image, isPushed, artifact, readBase: branch.read }, world);
  }
}

/**
 * Checks early what would otherwise fail late.
 * @returns why nothing will be pushed, or undefined if it will
 */
async function checkFirst(
  { inputs, references }: Pick<ImageRequest, 'inputs' | 'references'>,
  world: World,
): Promise<string | undefined> {
  const { event, reporter } = world;
  for (const name of ['ociLayout', 'tar'] as const) {
    const input = name === 'tar' ? name : 'oci-layout';
    checkFileNames(inputs[name] ?? '', `Name another path with the input "${input}".`);
  }
  if (inputs.ociLayout !== undefined) await checkDestination(resolve(inputs.ociLayout));
  if (inputs.tar !== undefined) await checkTar(inputs.tar, inputs.artifact);
  if (inputs.load !== undefined) await openForInputs(inputs.load, world);
  if (inputs.push === 'false') return 'push is false';
  const unnamed = inputs.tags.length === 0 ? unpushedReason(event) : undefined;
  if (unnamed !== undefined) {
    reporter.info(`not pushing: ${unnamed}`);
    return unnamed;
  }
  const { explicitLogin, readOnlyReason } = await import('./workflow-push.ts');
  explicitLogin(inputs, references);
  const reason = inputs.push === 'auto' ? readOnlyReason(event, inputs.login !== undefined) : undefined;
  if (reason !== undefined) reporter.info(`not pushing: ${reason}`);
  return reason;
}

async function checkTar(tar: string, artifact: ArtifactInputs | undefined): Promise<void> {
  // Standard output goes to the log.
  const isStream = tar === '-' || tar === '/dev/stdout';
  const isPipe = !isStream && (await findFileTarget(tar)).type === 'fifo';
  if (!isStream && !(isPipe && artifact?.form === 'tar')) return;
  const what = isPipe ? `the FIFO "${tar}", which can't be uploaded` : `"${tar}"`;
  throw new BimaError('INPUT_INVALID', `expected a file for the input "tar", got ${what}`, {
    hint: 'Name a file in the workspace.',
  });
}

/** Path of the archive, if one is wanted: as a file, or for the upload. */
function archivePath({ tar, artifact }: Inputs, folder: string): string | undefined {
  if (tar !== undefined) return resolve(tar);
  return artifact?.form === 'tar' ? join(folder, 'image.tar') : undefined;
}

/**
 * What becomes the artifact: an archive, which is there also when only the input `tar` asks for it, or a layout of this
 * image alone. One that the workflow names may hold others, too.
 */
async function artifactPath(
  {
    inputs,
    references,
    layoutPath,
    onDisk,
    archive,
  }: FinishedImage & { readonly archive: string | undefined },
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

/** The bill of materials and the provenance of the image itself, as files for other steps. */
async function writeStatements(
  { attested }: FinishedImage,
  { runner, reporter, folder }: World,
): Promise<void> {
  const [sbom, provenance] = [attested?.sbom, attested?.provenance];
  const files = [
    { output: 'sbom', title: 'bill of materials', name: 'sbom.spdx.json', bytes: sbom },
    { output: 'provenance', title: 'provenance', name: 'provenance.intoto.json', bytes: provenance },
  ];
  for (const { output, title, name, bytes } of files) {
    if (bytes === undefined) continue;
    const path = join(folder, name);
    await writeWhole(path, bytes);
    reporter.info(`wrote the ${title} ${path}`);
    setOutputs(runner, { [output]: path });
  }
}

async function upload(
  image: FinishedImage & { readonly archive: string | undefined },
  world: World,
): Promise<SummaryFacts['artifact']> {
  const { inputs, references } = image;
  if (inputs.artifact === undefined) return undefined;
  const name = artifactName(inputs.artifact, references);
  const artifact = { ...inputs.artifact, name, path: await artifactPath(image, world) };
  const { uploadArtifact } = await import('./artifact.ts');
  const { reporter, runner } = world;
  const uploaded = await reporter.group(`Upload the artifact ${name}`, () => uploadArtifact(artifact, world));
  if (uploaded === undefined) return undefined;
  const { id, url, digest } = uploaded;
  setOutputs(runner, { 'artifact-id': String(id), 'artifact-url': url, 'artifact-digest': digest });
  return { name, url };
}

async function push(image: FinishedImage, world: HandOnWorld): Promise<void> {
  const { runner, reporter, signal } = world;
  setOutputs(runner, pushOutputs(undefined));
  if (image.skipped !== undefined) return;
  if (signal.aborted) throw new BimaError('INTERRUPTED', 'interrupted before the push');
  const [{ pushForWorkflow }, { summarizePush }] = await Promise.all([
    import('./workflow-push.ts'),
    import('../usecases/push/push.ts'),
  ]);
  const client = await world.openClient();
  const lookAtAll = !image.inputs.reuse;
  const result = await pushForWorkflow({ ...image, lookAtAll }, { ...world, client });
  reporter.info(summarizePush(result));
  setOutputs(runner, pushOutputs(result));
}

async function summarize(
  {
    inputs,
    facts,
    references,
    skipped,
    release,
    artifact,
    asset,
    archive,
    isWhole,
    layoutPath,
    boots,
    signature,
  }: FinishedImage & {
    readonly artifact: SummaryFacts['artifact'];
    readonly asset: string | undefined;
    readonly archive: string | undefined;
  },
  base: SummaryFacts['base'],
  { runner }: World,
): Promise<void> {
  const { formatSummary } = await import('./summary.ts');
  const files = {
    Layout: isWhole && skipped !== undefined ? layoutPath : inputs.ociLayout,
    Archive: inputs.tar === undefined ? undefined : archive,
  };
  runner.summarize(
    formatSummary({
      boots,
      signature,
      facts,
      references,
      skipped,
      base,
      artifact,
      containerd: inputs.load,
      release: release === undefined || asset === undefined ? undefined : { tag: release.tag, url: asset },
      files,
    }),
  );
}

async function comment(request: CommentRequest, world: World): Promise<void> {
  const { commentForWorkflow } = await import('./preview-comment.ts');
  const url = await commentForWorkflow(request, world);
  if (url !== undefined) setOutputs(world.runner, { 'comment-url': url });
}

function setOutputs(runner: Runner, outputs: Outputs): void {
  for (const [name, value] of Object.entries(outputs)) runner.output(name, value);
}
