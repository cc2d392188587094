// `bima verify`: who signed an image, and whether it is what its source makes.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseImage } from '../adapters/disk/choose-image.ts';
import { findLocal, openLocalImages } from '../adapters/disk/open.ts';
import type { LocalImages, LocalPlace } from '../adapters/disk/open.ts';
import { parseCompression } from '../adapters/layers/compression.ts';
import { parseBuildArguments } from '../core/containerfile/build-arguments.ts';
import { parseBuildContexts } from '../core/containerfile/build-contexts.ts';
import { BimaError } from '../core/errors.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { localName, parseImageName } from '../core/oci/image-name.ts';
import { referrersTag } from '../core/oci/referrers.ts';
import { formatPlatform, parsePlatforms } from '../core/oci/platform.ts';
import { printable } from '../core/text.ts';
import type { Reporter } from '../core/reporter.ts';
import { parseSourceDate } from '../core/source-date.ts';
import { formatDifference } from '../core/trust/difference.ts';
import type { RecordedBuild } from '../core/trust/provenance.ts';
import { planPlatforms } from '../usecases/plan/platforms.ts';
import type { Side } from '../usecases/verify/compare-images.ts';
import { findRecord, listLocalReferrers, listRemoteReferrers } from '../usecases/verify/find-record.ts';
import { readTraces, resolveInputs } from '../usecases/verify/rebuild-inputs.ts';
import type { GivenInputs } from '../usecases/verify/rebuild-inputs.ts';
import { verifyImage } from '../usecases/verify/verify.ts';
import type { Verdict } from '../usecases/verify/verify.ts';
import { signerOf } from '../usecases/verify/verify-signatures.ts';
import type { Options } from './args.ts';
import { withCommandImages } from './command-images.ts';
import { onePositional, readAnnotationEncoding, readAnnotations, readLabels } from './options.ts';
import { formatProblem } from './print.ts';
import { parseProvenance } from '../core/trust/provenance.ts';
import { predicateTypes } from '../core/trust/in-toto-statement.ts';
import { checkRegistryOptions, lazyRegistryClient } from './registry-options.ts';
import type { LazyClient } from './registry-options.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';
import {
  checkSignatures,
  describeSignatures,
  exitCodeOf,
  formatSignatures,
  openTrust,
} from './verify-signature.ts';
import type { SignatureVerdict } from './verify-signature.ts';

/** Besides those of every command. */
const exitCodes = { reproduced: 0, different: 3, missing: 4, impossible: 5 } as const;

export async function runVerify(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const name = onePositional('verify', positionals, 'a layout, an archive or a reference');
  const reporter = terminalReporter(terminal, options);
  const local = await findImages(name);
  const references = local === undefined && !isPath(name) ? [parseImageName(name)] : [];
  checkRegistryOptions(options, references);
  await using trusted = await openTrust(options, terminal, reporter);
  const isRebuild = trusted === undefined || options.isGiven('source');
  if (!isRebuild) checkNoRebuild(options);
  const given = isRebuild ? readGiven(options, terminal) : undefined;
  const client = lazyRegistryClient({ options, references, terminal, reporter });
  try {
    const opened = await exitingWith(exitCodes.missing, isMissing, () =>
      local === undefined ? openRemote(name, client) : openLocal(local, options),
    );
    let signed: SignatureVerdict | undefined;
    if (trusted !== undefined) {
      signed = await checkSignatures(opened, trusted.trust, reporter);
      const { failure } = signed;
      if (!options.flag('json'))
        for (const line of formatSignatures(signed, trusted.trust)) terminal.stdout(line);
      if (failure !== undefined || given === undefined) {
        if (options.flag('json'))
          terminal.stdout(JSON.stringify({ digest: signed.image, ...describeSignatures(signed) }));
        if (failure !== undefined)
          for (const problem of failure.problems) terminal.stderr(formatProblem(problem, 'error'));
        return exitCodeOf(signed);
      }
    }
    if (given === undefined) return exitCodes.reproduced;
    const verdict = await verify({ given, opened, options, client, terminal, reporter, signed });
    print(verdict, options, terminal, signed);
    return verdict.differences.length === 0 ? exitCodes.reproduced : exitCodes.different;
  } catch (error) {
    if (!(error instanceof StageError) || terminal.signal.aborted) throw error;
    for (const problem of error.cause.problems) terminal.stderr(formatProblem(problem, 'error'));
    return error.exitCode;
  } finally {
    reporter.close();
    await client.close();
  }
}

/** What ended one stage, with the exit code that tells so. */
class StageError extends Error {
  override readonly name = 'StageError';
  readonly exitCode: number;
  override readonly cause: BimaError;

  constructor(exitCode: number, cause: BimaError) {
    super(cause.message, { cause });
    this.exitCode = exitCode;
    this.cause = cause;
  }
}

async function exitingWith<T>(
  exitCode: number,
  is: (error: BimaError) => boolean,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof BimaError && is(error)) throw new StageError(exitCode, error);
    throw error;
  }
}

function isMissing({ code }: BimaError): boolean {
  return code === 'REGISTRY_NOT_FOUND' || code === 'NOT_AVAILABLE';
}

/** What is wrong with the source or its bases, and not with this machine. */
function isImpossible({ code }: BimaError): boolean {
  return code !== 'INTERRUPTED' && code !== 'OUTPUT_FAILED';
}

function readGiven(options: Options, { environment }: Terminal): GivenInputs {
  const context = options.string('source');
  if (context === undefined || context === '') {
    throw new BimaError('INPUT_INVALID', 'expected --source, --repo or --key, got none of them', {
      hint:
        'To see who signed the image, name whom you expect: --repo owner/name, or --key with a public key. To build it again, ' +
        'check its source out, and name the folder that was built with --source.',
    });
  }
  const ifGiven = <T>(name: string, read: () => T): T | undefined =>
    options.isGiven(name) ? read() : undefined;
  const { SOURCE_DATE_EPOCH: date } = environment;
  return {
    context,
    file: options.string('file'),
    target: options.string('target'),
    platforms: ifGiven('platform', () => parsePlatforms(options.strings('platform'))),
    labels: ifGiven('label', () => readLabels(options)),
    annotations: ifGiven('annotation', () => readAnnotations(options)),
    annotationEncoding: ifGiven('annotation-encoding', () => readAnnotationEncoding(options)),
    buildArguments: parseBuildArguments(options.strings('build-arg'), environment, '--build-arg'),
    buildContexts: parseBuildContexts(options.strings('build-context'), '--build-context'),
    strict: ifGiven('no-strict', () => false),
    fill: ifGiven('no-fill', () => false),
    container: ifGiven('container', () => options.flag('container')),
    compression: ifGiven('compression', () => parseCompression(options.string('compression') ?? '')),
    sourceDate: date === undefined || date === '' ? undefined : parseSourceDate(date),
  };
}

/** Options of a rebuild do nothing without one. */
function checkNoRebuild(options: Options): void {
  const lone = [
    'file',
    'platform',
    'build-arg',
    'build-context',
    'target',
    'label',
    'annotation',
    'compression',
  ].find((one) => options.isGiven(one));
  if (lone === undefined) return;
  throw new BimaError('INPUT_INVALID', `expected --source with --${lone}, got none`, {
    hint: 'It is for the rebuild: name the build context, or leave it out.',
  });
}

interface OpenedForVerify extends Side {
  readonly hasOldSignature: () => Promise<boolean>;
  readonly referrers: readonly Descriptor[];
  /** Where it is on disk: no part of its own source. */
  readonly path?: string;
}

/** Undefined for what isn't on disk. */
async function findImages(name: string): Promise<(LocalImages & LocalPlace) | undefined> {
  const place = await findLocal(name);
  const images = await openLocalImages(place.path);
  return images === undefined ? undefined : { ...images, ...place };
}

/** No reference starts or ends so; it is a path. */
function isPath(name: string): boolean {
  return localName(name) !== undefined || /^[./~]|\.(?:tar|tgz|gz)$|\/$/.test(name);
}

async function openLocal(local: LocalImages & LocalPlace, options: Options): Promise<OpenedForVerify> {
  const { source, path } = local;
  const named = options.string('image') ?? local.image;
  const root = await chooseImage(local, named, 'Name the one that is meant with --image.').catch(
    (cause: unknown) => {
      // Not the command line is wrong then, but what is in the layout.
      if (named === undefined || !(cause instanceof BimaError) || cause.code !== 'INPUT_INVALID') throw cause;
      throw new BimaError('NOT_AVAILABLE', cause.message, { cause });
    },
  );
  const referrers = await listLocalReferrers(local, root);
  return { source, root, referrers, path, hasOldSignature: () => Promise.resolve(false) };
}

async function openRemote(name: string, client: LazyClient): Promise<OpenedForVerify> {
  if (isPath(name)) throw new BimaError('NOT_AVAILABLE', `"${name}" does not exist`);
  const reference = parseImageName(name);
  const { openRemoteImage } = await import('../adapters/registry/remote-image.ts');
  const remote = await client.open(reference.registry);
  const { source, root } = await openRemoteImage(remote, reference);
  const repository = remote.repository(reference);
  const referrers = await listRemoteReferrers(repository, root.digest);
  const hasOldSignature = async () =>
    (await repository.read(`${referrersTag(root.digest)}.sig`)) !== undefined;
  return { source, root, referrers, hasOldSignature };
}

interface VerifyCommand {
  readonly given: GivenInputs;
  readonly opened: OpenedForVerify;
  readonly options: Options;
  readonly client: LazyClient;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly signed: SignatureVerdict | undefined;
}

type PrintedVerdict = Verdict & {
  readonly recorded: RecordedBuild | undefined;
  readonly notes: readonly string[];
};

async function verify(command: VerifyCommand): Promise<PrintedVerdict> {
  const { given, opened, options, client, terminal, reporter } = command;
  const { source, root, referrers, path } = opened;
  const recorded =
    signedRecord(command.signed) ?? (await findRecord(source, root.digest, referrers, reporter));
  const traces = await readTraces(opened);
  const rebuilding = <T>(body: () => Promise<T>) => exitingWith(exitCodes.impossible, isImpossible, body);
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection then
  const inputs = await rebuilding(async () => resolveInputs(given, recorded, traces));
  for (const note of inputs.notes) reporter.info(note);
  const { contexts, pins } = inputs;
  // What is wrong with the image is for the build to say, or for "bima lint".
  const quiet: Reporter = {
    ...reporter,
    info: (message) => {
      reporter.debug(message);
    },
    warning: ({ message }) => {
      reporter.debug(message);
    },
  };
  const commandImages = { options, terminal, reporter, client, context: given.context, contexts, pins };
  return withCommandImages(commandImages, async (images) => {
    const outputs = [...inputs.outputs, ...(path === undefined ? [] : [path])];
    const plans = await rebuilding(() => planPlatforms({ ...inputs.plan, images, outputs }, quiet));
    const [plan] = plans;
    const expected = recorded?.record.containerfile.digest;
    if (expected !== undefined && plan !== undefined && plan.recipe?.digest !== expected)
      reporter.info(
        `the Containerfile is another one: ${plan.recipe?.digest ?? 'none'}, recorded is ${expected}`,
      );
    const wanted = new Set((given.platforms ?? traces.platforms).map(formatPlatform));
    const isPart = traces.isIndex && !traces.platforms.every((one) => wanted.has(formatPlatform(one)));
    const request = { image: opened, inputs, plans, isPart, workPath: join(tmpdir(), 'verify') };
    const verdict = await verifyImage(request, {
      reporter: quiet,
      signal: terminal.signal,
      images,
      rebuilding,
    });
    return { ...verdict, recorded, notes: inputs.notes };
  });
}

/** The record among what is signed: nobody else's is looked at then. */
function signedRecord(signed: SignatureVerdict | undefined): RecordedBuild | undefined {
  for (const { predicateType, predicate, signedBy } of signed?.accepted ?? []) {
    if (predicateType !== predicateTypes.provenance) continue;
    const recorded = parseProvenance(predicate, 'the signed provenance');
    if (recorded !== undefined) return { ...recorded, signer: signerOf(signedBy) };
  }
  return undefined;
}

/** More of them tell nobody more. */
const maxShown = 1;

function print(
  verdict: PrintedVerdict,
  options: Options,
  terminal: Terminal,
  signed: SignatureVerdict | undefined,
): void {
  const { image, rebuild, differences, isSameContent, recorded, notes } = verdict;
  const isReproduced = differences.length === 0;
  if (options.flag('json')) {
    const record =
      recorded === undefined ? null : { builder: recorded.builder, commit: recorded.commit ?? null, notes };
    terminal.stdout(
      JSON.stringify({
        reproduced: isReproduced,
        digest: image,
        rebuild,
        sameContent: isSameContent,
        differences,
        record,
        ...(signed === undefined ? {} : describeSignatures(signed)),
      }),
    );
    return;
  }
  if (isReproduced) {
    terminal.stdout(`REPRODUCED ${image}`);
    return;
  }
  terminal.stdout(`NOT REPRODUCED ${image}`);
  for (const difference of differences.slice(0, maxShown)) terminal.stdout(formatDifference(difference));
  const more = differences.length - maxShown;
  if (more > 0) terminal.stderr(printable(`${more} more differences, which --json lists`));
}
