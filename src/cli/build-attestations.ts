// `--sbom`, `--provenance` and `--attest` of `bima build`: a file for each of the first two, and referrers that go along
// with the image.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pkg from '../../package.json' with { type: 'json' };
import { findCommit } from '../adapters/context/git-commit.ts';
import { addReferrers } from '../adapters/disk/add-referrers.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { findFileTarget } from '../adapters/filesystem/output-path.ts';
import { withTemporaryFolder, writeWhole } from '../adapters/filesystem/temporary.ts';
import { nameCompressor } from '../adapters/layers/fingerprint.ts';
import { parseBuildContexts } from '../core/containerfile/build-contexts.ts';
import { BimaError } from '../core/errors.ts';
import type { Reference } from '../core/oci/reference.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import type { Reporter } from '../core/reporter.ts';
import { commandLineBuilder } from '../core/trust/provenance.ts';
import type { ProvenanceFacts } from '../core/trust/provenance.ts';
import type { BuildPlatformsOptions, BuiltPlatforms } from '../usecases/build-platforms.ts';
import type { BaseImages } from '../usecases/plan/base-images.ts';
import type { Plan } from '../usecases/plan/plan.ts';
import type { PlatformsOptions } from '../usecases/plan/platforms.ts';
import type { SignedImage } from '../usecases/attest/sign-image.ts';
import type { Options } from './args.ts';
import type { LazyClient } from './registry-options.ts';
import type { CommandImage, CommandSigning } from './command-signing.ts';

/**
 * Files that the options name. As in BuildKit, "false" is none.
 * @throws BimaError INPUT_INVALID for an empty name, and for BuildKit's other words
 */
export function attestationFiles(options: Options): { readonly sbom?: string; readonly provenance?: string } {
  const read = (name: 'sbom' | 'provenance') => {
    const path = options.string(name);
    if (path === undefined || /^false$/i.test(path)) return {};
    if (path !== '' && path !== '-' && !/^true$|^(?:mode|generator|type)=/i.test(path))
      return { [name]: path };
    throw new BimaError('INPUT_INVALID', `expected the path of a file for --${name}, got "${path}"`, {
      hint: `Write for example --${name} ${name}.json; it is attached to the image, too.`,
    });
  };
  return { ...read('sbom'), ...read('provenance') };
}

/** Fails early for paths that can't be written. @throws BimaError OUTPUT_FAILED */
export async function checkAttestationFiles(options: Options): Promise<void> {
  for (const path of Object.values(attestationFiles(options))) await findStatementFile(path);
}

/** The file that is replaced, with no link at its end. @throws BimaError OUTPUT_FAILED for anything but a file */
async function findStatementFile(path: string): Promise<string> {
  const target = await findFileTarget(path);
  if (target.type === 'file') return target.path;
  throw new BimaError('OUTPUT_FAILED', `expected a file, got a FIFO at "${path}"`, {
    hint: 'It is left as it is: name another path.',
  });
}

export interface AttestedBuild {
  readonly options: Options;
  readonly references: readonly Reference[];
  readonly plan: PlatformsOptions;
  readonly build: BuildPlatformsOptions;
  readonly plans: readonly Plan[];
  readonly built: BuiltPlatforms;
  readonly images: BaseImages;
  /** What signs, if anything does. */
  readonly signing: CommandSigning | undefined;
  /** Where the image is pushed; empty for no push. */
  readonly pushed: readonly Reference[];
  readonly client: LazyClient;
}

/**
 * Writes what was asked for, into the files and into the layout. Does nothing without the options.
 * @returns what was signed, if anything was
 */
export async function attestBuild(
  request: AttestedBuild,
  layout: Layout,
  reporter: Reporter,
): Promise<SignedImage | undefined> {
  const { options, references, build, plans, built, signing } = request;
  const files = attestationFiles(options);
  if (files.sbom === undefined && files.provenance === undefined && signing === undefined) return undefined;
  const [{ attestImage }, { countBaseLayers }] = await Promise.all([
    import('../usecases/attest/attest.ts'),
    import('../usecases/attest/record-build.ts'),
  ]);
  const isRecorded = files.provenance !== undefined || signing !== undefined;
  const provenance = isRecorded ? await factsOf(request) : undefined;
  const origins = new Map(built.images.map(({ config, origins: own }) => [config.digest, own]));
  const source = withBlobs(layout, built.external);
  const made = await withTemporaryFolder(join(tmpdir(), 'sbom'), (folder) =>
    attestImage(source, built.root, {
      references,
      created: build.created,
      ...(files.sbom === undefined ? {} : { sbom: { toolVersion: pkg.version, origins, folder } }),
      provenance,
      isToBeSigned: signing !== undefined,
      baseLayers: countBaseLayers(plans),
      signal: build.signal,
    }),
  );
  await addReferrers(layout, made.referrers, made.blobs);
  for (const name of ['sbom', 'provenance'] as const) {
    const [path, bytes] = [files[name], made[name]];
    if (path === undefined || bytes === undefined) continue;
    await writeWhole(await findStatementFile(path), bytes);
    reporter.info(`wrote the ${name === 'sbom' ? 'bill of materials' : name} ${path}`);
  }
  if (signing === undefined) return undefined;
  const { root } = built;
  const image = {
    source,
    root,
    referrers: [],
    statements: made.statements,
    references,
    created: build.created,
  };
  return signBuild(image, { ...request, layout, signing, reporter });
}

async function signBuild(
  image: CommandImage,
  {
    layout,
    signing,
    build,
    pushed,
    client,
    reporter,
  }: AttestedBuild & { layout: Layout; signing: CommandSigning; reporter: Reporter },
): Promise<SignedImage> {
  const { signInLayout } = await import('./command-signing.ts');
  const { signal } = build;
  return signInLayout(layout, image, signing, { pushed, openClient: () => client.open(), reporter, signal });
}

async function factsOf({ options, plan, build, plans, images }: AttestedBuild): Promise<ProvenanceFacts> {
  const { recordBuild } = await import('../usecases/attest/record-build.ts');
  const contexts = parseBuildContexts(options.strings('build-context'), '--build-context');
  // A context on standard input is a folder of ours.
  const isFolder = plan.origin === undefined;
  const commit = isFolder ? await findCommit(plan.context) : undefined;
  return {
    record: await recordBuild({ plan, contexts, build, plans }),
    materials: (await images.materials?.()) ?? [],
    source: commit === undefined ? undefined : { commit },
    builder: { id: commandLineBuilder, versions: await versionsOf(build) },
  };
}

async function versionsOf({ compression }: BuildPlatformsOptions): Promise<Readonly<Record<string, string>>> {
  const compressor = await nameCompressor(compression);
  return {
    bima: pkg.version,
    node: process.versions.node,
    ...(compressor === undefined ? {} : { compressor }),
  };
}
