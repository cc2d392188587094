// Bundles that are there already: signing the same again would only pile them up.

import { BimaError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { blobOf, readDocument } from '../../core/oci/blob.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { encodeJson } from '../../core/oci/json.ts';
import { parseManifest } from '../../core/oci/manifest.ts';
import { isManifestType } from '../../core/oci/media-types.ts';
import type { Source } from '../../core/oci/target.ts';
import type { Reporter } from '../../core/reporter.ts';
import { isBundleReferrer, listedPredicateType } from '../../core/trust/bundle-manifest.ts';
import { parseStatement } from '../../core/trust/in-toto-statement.ts';
import { parseBundle } from '../../core/trust/signed-statement.ts';
import type { UncheckedBundle } from '../../core/trust/signed-statement.ts';
import type { StatementManifest } from '../../core/trust/statement-manifest.ts';
import type { ImageStatement } from './attest.ts';
import type { RunSigner } from './run-signer.ts';

/** Where bundles may be: a repository, or a layout. */
export interface BundlePlace {
  readonly source: Source;
  /** What refers to a manifest there, or may. */
  readonly referrersOf: (subject: Digest) => Promise<readonly Descriptor[]>;
}

/** A bundle with the manifest that attaches it. */
export interface AttachedBundle extends StatementManifest {
  readonly about: Descriptor;
  readonly predicateType: string;
  readonly bundle: Uint8Array;
}

/** Of more that are listed for one manifest, the latest are looked at. */
const maxCandidates = 100;

/** What anybody may have put there. */
const unreadable: readonly ErrorCode[] = [
  'DIGEST_MISMATCH',
  'LAYOUT_INVALID',
  'REGISTRY_NOT_FOUND',
  'SIGNATURE_INVALID',
];

/** For each statement the bundle that this signer has made of it before, if there is one. */
export async function findOwnBundles(
  statements: readonly ImageStatement[],
  signer: RunSigner,
  { place, reporter }: { readonly place: BundlePlace; readonly reporter: Pick<Reporter, 'debug'> },
): Promise<ReadonlyMap<ImageStatement, AttachedBundle>> {
  const found = new Map<ImageStatement, AttachedBundle>();
  const subjects = new Set(statements.map(({ about }) => about.digest));
  for (const subject of subjects) {
    const wanted = statements.filter(({ about }) => about.digest === subject);
    const listed = await place.referrersOf(subject);
    const candidates = listed.filter((one) => isCandidate(one, wanted)).slice(-maxCandidates);
    for (const candidate of candidates.reverse()) {
      const open = wanted.filter((statement) => !found.has(statement));
      if (open.length === 0) break;
      const match = await matchCandidate(candidate, open, signer, { place, reporter });
      if (match !== undefined) found.set(match.statement, match.attached);
    }
  }
  return found;
}

function isCandidate(listed: Descriptor, wanted: readonly ImageStatement[]): boolean {
  const type = listedPredicateType(listed);
  const isWanted = type === undefined || wanted.some(({ predicateType }) => predicateType === type);
  return isManifestType(listed.mediaType) && isBundleReferrer(listed) && isWanted;
}

interface Match {
  readonly statement: ImageStatement;
  readonly attached: AttachedBundle;
}

async function matchCandidate(
  candidate: Descriptor,
  open: readonly ImageStatement[],
  signer: RunSigner,
  { place: { source }, reporter }: Parameters<typeof findOwnBundles>[2],
): Promise<Match | undefined> {
  const { digest } = candidate;
  try {
    const bytes = await readDocument(source.open(candidate), source.name);
    const { subject, config, layers } = parseManifest(bytes, digest);
    const [payload] = layers;
    if (payload === undefined || layers.length > 1) return undefined;
    const bundle = await readDocument(source.open(payload), source.name);
    const content = parseBundle(bundle, `bundle ${payload.digest}`);
    const statement = open.find((one) => subject?.digest === one.about.digest && isSame(one, content));
    if (statement === undefined) return undefined;
    const { about, predicateType } = statement;
    if (!(await signer.isOwn(bundle, { image: about.digest, predicateType }))) {
      reporter.debug(`${digest} is of another signer, or does not verify: it is not taken over`);
      return undefined;
    }
    const configBytes = await readDocument(source.open(config), source.name);
    const blobs = [
      blobOf(config.mediaType, configBytes),
      blobOf(payload.mediaType, bundle),
      blobOf(candidate.mediaType, bytes),
    ];
    return { statement, attached: { about, predicateType, bundle, referrer: candidate, blobs } };
  } catch (error) {
    if (!(error instanceof BimaError) || !unreadable.includes(error.code)) throw error;
    reporter.debug(`${digest} is no bundle to take over: ${error.message}`);
    return undefined;
  }
}

/** The same of the same image; names of the image may differ. */
function isSame({ about, bytes }: ImageStatement, { statement }: UncheckedBundle): boolean {
  const [own, other] = [bytes, statement].map((one) => {
    const { predicateType, predicate } = parseStatement(one, about.digest, 'the statement of a bundle');
    return String(encodeJson([predicateType, predicate]));
  });
  return own === other;
}
