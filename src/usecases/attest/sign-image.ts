// The use case: the statements about an image, signed. What the same signer has signed before is taken over.

import { runSideBySide } from '../../core/concurrent.ts';
import type { Blob } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { referrersTag } from '../../core/oci/referrers.ts';
import type { Reporter } from '../../core/reporter.ts';
import { encodeBundleManifest, isBundleReferrer } from '../../core/trust/bundle-manifest.ts';
import type { Repository } from '../../adapters/registry/repository.ts';
import { listRemoteReferrers } from '../verify/find-record.ts';
import type { ImageStatement } from './attest.ts';
import { findOwnBundles } from './own-bundles.ts';
import type { AttachedBundle, BundlePlace } from './own-bundles.ts';
import type { RunSigner } from './run-signer.ts';

export interface SignOptions {
  readonly signer: RunSigner;
  /** Where bundles of an earlier run may be: what came with the image, and where it goes. */
  readonly places: readonly BundlePlace[];
  /** The date of the image: seconds since 1970. */
  readonly created: number;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

export interface SignedBundle extends AttachedBundle {
  /** False for one that was there already. */
  readonly isNew: boolean;
}

export interface SignedImage {
  /** Who signs, for people. */
  readonly identity: string;
  /** In the order of the statements. */
  readonly bundles: readonly SignedBundle[];
  /** One for each, as lists of referrers show it. */
  readonly referrers: readonly Descriptor[];
  /** Everything of these manifests; each manifest after what it names. */
  readonly blobs: readonly Blob[];
}

/** Services of sigstore are asked for so many statements at a time. */
const signedAtOnce = 4;

/**
 * Signs each statement that no bundle holds yet. Nothing is stored anywhere.
 * @throws BimaError as the signer does, and for a place that can't be read
 */
export async function signImage(
  statements: readonly ImageStatement[],
  { signer, places, created, reporter, signal }: SignOptions,
): Promise<SignedImage> {
  const found = new Map<ImageStatement, SignedBundle>();
  for (const place of places) {
    const open = statements.filter((statement) => !found.has(statement));
    const own = await findOwnBundles(open, signer, { place, reporter });
    for (const [statement, attached] of own) found.set(statement, { ...attached, isNew: false });
  }
  const reused = found.size;
  const tasks = statements
    .filter((statement) => !found.has(statement))
    .map((statement) => async (inner: AbortSignal) => {
      inner.throwIfAborted();
      const { about, predicateType, bytes } = statement;
      const bundle = await signer.sign(bytes);
      const made = encodeBundleManifest(about, predicateType, bundle, created);
      found.set(statement, { about, predicateType, bundle, ...made, isNew: true });
    });
  await runSideBySide(tasks, signedAtOnce, signal);
  const bundles = statements.flatMap((statement) => found.get(statement) ?? []);
  reporter.info(describeSigned(signer.identity, bundles.length, reused));
  return {
    identity: signer.identity,
    bundles,
    referrers: bundles.map(({ referrer }) => referrer),
    blobs: bundles.flatMap(({ blobs }) => blobs),
  };
}

function describeSigned(identity: string, all: number, reused: number): string {
  const statements = `${all} ${all === 1 ? 'statement' : 'statements'}`;
  if (reused === 0) return `signed ${statements} as ${identity}`;
  return reused === all
    ? `${statements} had been signed by ${identity} before`
    : `signed ${all - reused} of ${statements} as ${identity}; the others had been signed before`;
}

/** A repository as a place of bundles. */
export function placeIn(repository: Repository): BundlePlace {
  return {
    source: repository,
    referrersOf: (subject) => listRemoteReferrers(repository, subject),
  };
}

/**
 * Warns of signatures in cosign's form of before version 3: where a manifest has bundles, cosign looks at these alone.
 * @param digests those that get bundles
 */
export async function warnOfOldSignatures(
  repository: Repository,
  digests: readonly Digest[],
  reporter: Reporter,
): Promise<void> {
  for (const digest of new Set(digests)) {
    const tag = `${referrersTag(digest)}.sig`;
    if ((await repository.describe(tag)) === undefined) continue;
    const listed = await listRemoteReferrers(repository, digest);
    if (listed.some(isBundleReferrer)) continue;
    reporter.warning({
      code: 'SIGNATURE_HIDDEN',
      message: `cosign 3 no longer finds the signature "${tag}" of ${repository.name}, now that bundles are beside it`,
      hint:
        'Who verifies that signature has to verify the new ones (docs/sign.md), or to call cosign with ' +
        '--new-bundle-format=false.',
    });
  }
}
