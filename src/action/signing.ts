// The input `attest`: whether this run can sign, and the signatures that go along with its image.

import { join } from 'node:path';
import { addReferrersAt } from '../adapters/disk/add-referrers.ts';
import { writeWhole } from '../adapters/filesystem/temporary.ts';
import { BimaError } from '../core/errors.ts';
import { systemClock } from '../core/clock.ts';
import type { Environment } from '../core/environment.ts';
import { parseSourceDate } from '../core/source-date.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import { isBundleReferrer } from '../core/trust/bundle-manifest.ts';
import { predicateTypes } from '../core/trust/in-toto-statement.ts';
import { loadDefaultTrust } from '../usecases/attest/default-trust.ts';
import { prepareSigning } from '../usecases/attest/prepare-signing.ts';
import type { PreparedSigning } from '../usecases/attest/prepare-signing.ts';
import { placeIn, signImage, warnOfOldSignatures } from '../usecases/attest/sign-image.ts';
import type { SignedBundle, SignedImage } from '../usecases/attest/sign-image.ts';
import { pullRequestOf } from './event.ts';
import type { WorkflowEvent } from './event.ts';
import { withGithub } from './github.ts';
import { isGithubCom } from './image-names.ts';
import type { Outputs } from './outputs.ts';
import { serverUrl } from './page-urls.ts';
import type { ImageRequest, Produced } from './produce.ts';
import type { SigningInputs } from './signing-inputs.ts';
import type { OpenClient } from './workflow-images.ts';
import { readOnlyReason } from './workflow-push.ts';
import type { World } from './world.ts';

/**
 * Checks early what would otherwise fail when the image is made.
 * @throws BimaError as {@link prepareSigning} does; without an identity it says what to change in the workflow
 */
export async function prepareWorkflowSigning(
  { mode, key, passphrase, trustPath }: SigningInputs,
  world: World,
): Promise<PreparedSigning> {
  const { environment, event, reporter, runner, signal, clock, trustRepository: repository } = world;
  const prepared = await prepareSigning(
    {
      mode,
      ...(key === undefined ? {} : { key: { pem: key, passphrase } }),
      trustPath,
      ...explainMissing(event),
      loadTrust: (tools) => loadDefaultTrust({ ...instanceOf(event, environment), repository })(tools),
    },
    environment,
    { reporter, signal, mask: runner.mask, clock },
  );
  if (prepared.kind === 'impossible') reporter.info(`not signing: ${prepared.why}`);
  return prepared;
}

function explainMissing(event: WorkflowEvent): { readonly whyNot: string; readonly remedy: string } {
  const isFork = pullRequestOf(event)?.isFork === true;
  const restriction = readOnlyReason(event, false);
  if (restriction !== undefined) {
    const whyNot = `${restriction}${isFork ? ', whose jobs get no identity and no secrets' : ''}`;
    return { whyNot, remedy: 'Set attest: auto to leave images of such runs unsigned.' };
  }
  return {
    whyNot: 'the job may not ask for an identity',
    remedy:
      'Give the job the permission `id-token: write` beside the others that it has, or a key with attest-key; with ' +
      'attest: auto the image stays unsigned where neither is there.',
  };
}

type DefaultTrust = Parameters<typeof loadDefaultTrust>[0];

/**
 * What isn't public stays out of public logs. A GitHub of somebody's own has no sigstore.
 * @throws BimaError TRUST_CONFIGURATION_INVALID
 */
function instanceOf({ payload }: WorkflowEvent, environment: Environment): DefaultTrust {
  const { repository } = payload as { readonly repository?: { readonly visibility?: unknown } };
  const server = serverUrl(environment);
  if (isGithubCom(environment) && repository?.visibility === 'public') return { instance: 'public' };
  if (isGithubCom(environment) || /^https:\/\/[\w-]+\.ghe\.com$/.test(server))
    return { instance: 'github', serverUrl: server };
  throw new BimaError('TRUST_CONFIGURATION_INVALID', `"${server}" has no sigstore of its own`, {
    hint: 'Name the one to sign with by attest-trust-config, or sign with a key by attest-key.',
  });
}

/** The image with its signatures, and what to say of them. */
export interface SignedForWorkflow {
  readonly produced: Produced;
  /** Who signed, for people. */
  readonly identity: string;
  readonly outputs: Outputs;
}

/**
 * Signs the image itself, what this run says of it, and each image of an index. The layout on disk gets the signatures,
 * too, where it holds the very image that is pushed.
 * @throws BimaError as {@link signImage} does; nothing has been pushed then
 */
export async function signForWorkflow(
  image: ImageRequest & Produced,
  signing: PreparedSigning & { readonly kind: 'ready' },
  world: World & { readonly openClient: OpenClient },
): Promise<SignedForWorkflow> {
  const { root, referrers, onDisk, layoutPath, attested, inputs } = image;
  const { environment, reporter, folder, signal } = world;
  const statements = attested?.statements ?? [];
  return reporter.group('Sign', async () => {
    const repositories = await repositoriesOf(image, world);
    const signed = await signing.withSigner((signer) =>
      signImage(statements, {
        signer,
        places: [
          { source: image.source, referrersOf: () => Promise.resolve(referrers.filter(isBundleReferrer)) },
          ...repositories.map(placeIn),
        ],
        created: parseSourceDate(environment.SOURCE_DATE_EPOCH),
        reporter,
        signal,
      }),
    );
    const digests = statements.map(({ about }) => about.digest);
    for (const repository of repositories) await warnOfOldSignatures(repository, digests, reporter);
    const carried = new Set(referrers.map(({ digest }) => digest));
    const added = signed.referrers.filter(({ digest }) => !carried.has(digest));
    if (onDisk.image.digest === root.digest) await addReferrersAt(layoutPath, added, signed.blobs, signal);
    const path = join(folder, 'attestations.jsonl');
    await writeWhole(path, joinLines(signed.bundles));
    const isOfGithub = inputs.signing?.key === undefined && inputs.signing?.trustPath === undefined;
    const stored = isOfGithub && image.skipped === undefined ? await storeAtGithub(signed, world) : {};
    return {
      produced: {
        ...image,
        source: withBlobs(image.source, signed.blobs),
        referrers: [...referrers, ...added],
        onDisk:
          onDisk.image.digest === root.digest
            ? { ...onDisk, referrers: [...onDisk.referrers, ...added] }
            : onDisk,
      },
      identity: signed.identity,
      outputs: { 'bundle-path': path, ...stored },
    };
  });
}

/** One bundle a line, which `gh attestation verify --bundle` takes. */
function joinLines(bundles: readonly SignedBundle[]): Uint8Array {
  return Buffer.concat(bundles.flatMap(({ bundle }) => [bundle, Buffer.from('\n')]));
}

async function repositoriesOf(
  { references, skipped }: ImageRequest,
  { openClient }: { readonly openClient: OpenClient },
) {
  if (skipped !== undefined) return [];
  const client = await openClient();
  const names = new Map(references.map((one) => [`${one.registry}/${one.repository}`, one]));
  return [...names.values()].map((one) => client.repository(one, { access: 'push' }));
}

/** Statements that say something; that somebody signs is no news there. What goes wrong is a warning. */
async function storeAtGithub({ bundles }: SignedImage, world: World): Promise<Outputs> {
  const { event, environment, reporter, signal, token, clock = systemClock } = world;
  const stating = bundles.filter((one) => one.isNew && one.predicateType !== predicateTypes.signature);
  if (stating.length === 0 || token === undefined) return {};
  const ids: number[] = [];
  let isWarned = false;
  try {
    await withGithub(world, async (github) => {
      const { storeAttestation } = await import('../adapters/github/attestation-list.ts');
      for (const { bundle } of stating) {
        const id = await storeAttestation(github, event.repository, bundle, { clock, signal });
        if (id === undefined) return;
        ids.push(id);
      }
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof BimaError)) throw error;
    isWarned = true;
    reporter.warning({
      code: error.code,
      message: `GitHub's list of attestations lacks some of this image: ${error.message}`,
      hint: 'The registry has all of them: gh attestation verify finds them there with --bundle-from-oci.',
    });
  }
  const [first] = ids;
  if (first === undefined) {
    if (!isWarned) reporter.info(unlisted);
    return {};
  }
  const url = `${serverUrl(environment)}/${event.repository}/attestations/${first}`;
  reporter.info(`GitHub lists ${ids.length === 1 ? 'an attestation' : `${ids.length} attestations`}: ${url}`);
  return { 'attestation-id': String(first), 'attestation-url': url };
}

const unlisted =
  "not in GitHub's list of attestations: the job has no permission `attestations: write`, or the repository no such list";
