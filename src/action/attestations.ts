// The inputs `sbom`, `provenance` and `attest`: statements that go along with the image, and what the workflow says of itself in them.

import { join } from 'node:path';
import pkg from '../../package.json' with { type: 'json' };
import { findCommit } from '../adapters/context/git-commit.ts';
import { nameCompressor } from '../adapters/layers/fingerprint.ts';
import type { Environment } from '../core/environment.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { ImageOrigin } from '../core/oci/image-origin.ts';
import type { Source } from '../core/oci/target.ts';
import { parseSourceDate } from '../core/source-date.ts';
import { commandLineBuilder } from '../core/trust/provenance.ts';
import type { ProvenanceFacts, SourceCommit } from '../core/trust/provenance.ts';
import { attestImage } from '../usecases/attest/attest.ts';
import type { Attestations } from '../usecases/attest/attest.ts';
import { countBaseLayers, recordBuild } from '../usecases/attest/record-build.ts';
import type { FinishedBuild } from '../usecases/attest/record-build.ts';
import type { Workspace } from './workflow-images.ts';
import type { ImageRequest } from './produce.ts';
import type { World } from './world.ts';

/** Makes the statements about an image; the image of a pull request has a digest of its own. */
export type MakeAttestations = (source: Source, root: Descriptor) => Promise<Attestations>;

export interface BuildOfWorkflow extends FinishedBuild {
  /** What the images are made of, by the digests of their configs. */
  readonly origins: ReadonlyMap<Digest, readonly ImageOrigin[]>;
}

/**
 * Undefined when no statement is wanted.
 * @param build what was built; without it, there is no provenance of this run
 */
export async function prepareAttestations(
  { inputs, references, signing }: Pick<ImageRequest, 'inputs' | 'references' | 'signing'>,
  build: BuildOfWorkflow | undefined,
  world: Pick<World, 'environment' | 'folder' | 'signal'> & Pick<Workspace, 'images'>,
): Promise<MakeAttestations | undefined> {
  const { environment, folder, signal } = world;
  const isToBeSigned = signing?.kind === 'ready';
  const isRecorded = inputs.provenance || isToBeSigned;
  const provenance = isRecorded && build !== undefined ? await factsOf(build, world) : undefined;
  if (!inputs.sbom && provenance === undefined && !isToBeSigned) return undefined;
  const options = {
    references,
    created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
    sbom: inputs.sbom
      ? {
          toolVersion: pkg.version,
          owner: environment.GITHUB_REPOSITORY_OWNER,
          origins: build?.origins,
          folder: join(folder, 'unikernels'),
        }
      : undefined,
    provenance,
    isToBeSigned,
    baseLayers: countBaseLayers(build?.plans ?? []),
    signal,
  };
  return (source, root) => attestImage(source, root, options);
}

async function factsOf(
  build: FinishedBuild,
  { environment, images }: Pick<World, 'environment'> & Pick<Workspace, 'images'>,
): Promise<ProvenanceFacts> {
  const compressor = await nameCompressor(build.build.compression);
  return {
    record: await recordBuild(build),
    materials: (await images.materials?.()) ?? [],
    source: await sourceOf(build.plan.context, environment),
    builder: {
      id: builderOf(environment),
      versions: {
        bima: pkg.version,
        node: process.versions.node,
        ...(compressor === undefined ? {} : { compressor }),
      },
    },
    workflow: workflowOf(environment),
  };
}

function serverOf({ GITHUB_SERVER_URL: server = '' }: Environment): string {
  return server === '' ? 'https://github.com' : server.replace(/\/+$/, '');
}

/** The workflow file that was run, at its commit's ref; that is what GitHub's own provenances name. */
function builderOf(environment: Environment): string {
  const { GITHUB_WORKFLOW_REF: workflow = '' } = environment;
  return workflow === '' ? commandLineBuilder : `${serverOf(environment)}/${workflow}`;
}

/** The commit that is checked out; its place is only known for the commit of the event. */
async function sourceOf(context: string, environment: Environment): Promise<SourceCommit | undefined> {
  const { GITHUB_SHA: sha = '', GITHUB_REPOSITORY: repository = '', GITHUB_REF: ref = '' } = environment;
  const commit = (await findCommit(context)) ?? sha;
  if (commit === '') return undefined;
  const isOfEvent = commit === sha && repository !== '';
  const place = `git+${serverOf(environment)}/${repository}${ref === '' ? '' : `@${ref}`}`;
  return { commit, ...(isOfEvent ? { uri: place } : {}) };
}

/** Nothing that differs between two runs for the same commit: those add no second statement. */
function workflowOf(environment: Environment): Readonly<Record<string, string>> {
  const named = {
    event_name: environment.GITHUB_EVENT_NAME,
    ref: environment.GITHUB_REF,
    repository: environment.GITHUB_REPOSITORY,
    repository_id: environment.GITHUB_REPOSITORY_ID,
    repository_owner_id: environment.GITHUB_REPOSITORY_OWNER_ID,
    runner_environment: environment.RUNNER_ENVIRONMENT,
    workflow_ref: environment.GITHUB_WORKFLOW_REF,
    workflow_sha: environment.GITHUB_WORKFLOW_SHA,
  };
  const known = Object.entries(named).flatMap(([name, value]): [string, string][] =>
    value === undefined || value === '' ? [] : [[name, value]],
  );
  return Object.fromEntries(known);
}
