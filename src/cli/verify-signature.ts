// The part of `bima verify` that asks who signed: options, and words for what was found.

import { readRegular } from '../adapters/filesystem/open-regular.ts';
import { openSigningTools } from '../adapters/sigstore/signing-service.ts';
import type { SigningTools } from '../adapters/sigstore/signing-service.ts';
import { BimaError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { JsonObject } from '../core/oci/json.ts';
import type { Source } from '../core/oci/target.ts';
import type { Reporter } from '../core/reporter.ts';
import { printable } from '../core/text.ts';
import type { CertificateIdentity } from '../core/trust/certificate-identity.ts';
import { parseExpectedSigner, parseWorkflowName } from '../core/trust/expected-signer.ts';
import type { ExpectedSigner } from '../core/trust/expected-signer.ts';
import { predicateTypes } from '../core/trust/in-toto-statement.ts';
import { parsePublicKey } from '../core/trust/signed-statement.ts';
import { findBundles } from '../usecases/verify/find-bundles.ts';
import { parseTrustedRoots, publishedRoots } from '../usecases/verify/trusted-roots.ts';
import { failureOf, signerOf, verifySignatures } from '../usecases/verify/verify-signatures.ts';
import type {
  AcceptedStatement,
  RefusedBundle,
  SignatureReport,
  Trust,
} from '../usecases/verify/verify-signatures.ts';
import type { Options } from './args.ts';
import { readCa } from './registry-options.ts';
import type { Terminal } from './terminal.ts';

/** Besides those of every command, and of a rebuild. */
const exitCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  SIGNATURE_MISSING: 6,
  SIGNER_UNEXPECTED: 7,
  SIGNATURE_INVALID: 8,
};

/** Options that narrow whom `--repo` means. */
const narrowing = ['workflow', 'ref', 'signer-workflow', 'issuer'] as const;

/** The trust of the options, and what has to be closed after it was used. */
export interface OpenedTrust extends AsyncDisposable {
  readonly trust: Trust;
}

/**
 * Undefined where nobody asks for a signature.
 * @throws BimaError INPUT_INVALID, TRUST_CONFIGURATION_INVALID
 */
export async function openTrust(
  options: Options,
  terminal: Terminal,
  reporter: Reporter,
): Promise<OpenedTrust | undefined> {
  const [repository, keyFile] = [options.string('repo'), options.string('key')];
  checkTogether(options);
  const roots = await readRoots(options);
  if (keyFile !== undefined) {
    const key = parsePublicKey(String(await readFileOf('--key', keyFile)), `--key "${keyFile}"`);
    return {
      trust: { kind: 'key', key, roots: roots ?? [] },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  if (repository === undefined) return undefined;
  const expected = parseExpectedSigner({
    repository,
    workflow: options.string('workflow'),
    ref: options.string('ref'),
    signerWorkflow: options.string('signer-workflow'),
    issuer: options.string('issuer'),
  });
  const ca = await readCa(options.string('ca-file'), terminal.environment);
  const opened: SigningTools[] = [];
  const openTools = () => {
    const tools = openSigningTools({ reporter, signal: terminal.signal, ca });
    opened.push(tools);
    return tools;
  };
  const published = publishedRoots({ cache: options.string('cache') }, openTools);
  return {
    trust: {
      kind: 'certificate',
      expected,
      roots: roots === undefined ? published : () => Promise.resolve(roots),
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((tools) => tools.close()));
    },
  };
}

function checkTogether(options: Options): void {
  const has = (name: string) => options.isGiven(name);
  const fail = (message: string, hint: string) => {
    throw new BimaError('INPUT_INVALID', message, { hint });
  };
  if (has('repo') && has('key'))
    fail(
      'expected --repo or --key, got both',
      'A workflow signs with --repo, somebody with a key with --key.',
    );
  const lone = narrowing.find((name) => has(name) && !has('repo'));
  if (lone !== undefined)
    fail(`expected --repo with --${lone}, got none`, 'Name the repository: --repo owner/name.');
  if (has('trusted-root') && has('trust-config'))
    fail(
      'expected --trusted-root or --trust-config, got both',
      'A trust configuration has a trusted root already.',
    );
  const root = (['trusted-root', 'trust-config'] as const).find(has);
  if (root !== undefined && !has('repo') && !has('key'))
    fail(
      `expected --repo or --key with --${root}, got neither`,
      'Say whom to trust: --repo owner/name or --key FILE.',
    );
}

async function readRoots(options: Options): Promise<readonly JsonObject[] | undefined> {
  for (const name of ['trusted-root', 'trust-config']) {
    const path = options.string(name);
    if (path !== undefined)
      return parseTrustedRoots(await readFileOf(`--${name}`, path), `--${name} "${path}"`);
  }
  return undefined;
}

async function readFileOf(option: string, path: string): Promise<Uint8Array> {
  try {
    return await readRegular(path, limits.settings, { code: 'INPUT_INVALID', follow: true });
  } catch (cause) {
    if (cause instanceof BimaError) throw cause;
    throw new BimaError('INPUT_INVALID', `can't read ${option} "${path}"`, { cause });
  }
}

export interface SignatureVerdict extends SignatureReport {
  /** None: it is signed by whom was expected. */
  readonly failure: BimaError | undefined;
}

export interface SignedImage {
  readonly source: Source;
  readonly root: Descriptor;
  readonly referrers: readonly Descriptor[];
  /** Whether the image has a signature of the kind that came before bundles. */
  readonly hasOldSignature: () => Promise<boolean>;
}

/** @throws BimaError for whom to trust that can't be found out, and what the source throws */
export async function checkSignatures(
  { source, root, referrers, hasOldSignature }: SignedImage,
  trust: Trust,
  reporter: Reporter,
): Promise<SignatureVerdict> {
  const bundles = await findBundles(source, root.digest, referrers, reporter);
  const report = await verifySignatures(root.digest, bundles, trust);
  const failure = failureOf(report);
  if (failure?.code === 'TRUST_ROOT_UNAVAILABLE') throw failure;
  const isOld = failure?.code === 'SIGNATURE_MISSING' && (await hasOldSignature());
  return { ...report, failure: isOld ? oldSignature(failure) : failure };
}

function oldSignature({ message }: BimaError): BimaError {
  return new BimaError('SIGNATURE_MISSING', `${message} that is a sigstore bundle, but one of cosign 2`, {
    hint: 'It is under the tag sha256-….sig, which is not read here: verify it with "cosign verify", or sign the image anew.',
  });
}

export function exitCodeOf({ failure }: SignatureVerdict): number {
  return failure === undefined ? 0 : (exitCodes[failure.code] ?? 1);
}

/** Lines for people: who signed, from what, when, and what was looked at. */
export function formatSignatures(verdict: SignatureVerdict, trust: Trust): readonly string[] {
  const { image, accepted, refused, failure } = verdict;
  if (failure !== undefined) return [`NOT VERIFIED ${image}`];
  const signers = new Set(accepted.map(({ signedBy }) => signerOf(signedBy)));
  return [
    `VERIFIED ${image}`,
    ...[...signers].flatMap((signer) =>
      formatSigner(accepted.filter(({ signedBy }) => signerOf(signedBy) === signer)),
    ),
    ...(trust.kind === 'certificate' ? narrowLines(accepted, trust.expected) : []),
    ...(refused.length === 0 ? [] : [`not counted: ${refused.map(nameRefused).join(', ')}`]),
  ].map(printable);
}

function nameRefused({ kind, signer, manifest }: RefusedBundle): string {
  return kind === 'signer' && signer !== undefined
    ? `a signature of ${signer}`
    : `a bundle that does not hold (${manifest})`;
}

function formatSigner(statements: readonly AcceptedStatement[]): readonly string[] {
  const latest = statements.at(-1);
  if (latest === undefined) return [];
  const { signedBy } = latest;
  const times = statements.flatMap((one) => one.times);
  const types = [...new Set(statements.map(({ predicateType }) => nameOf(predicateType)))];
  const checks = [...new Set(statements.flatMap((one) => one.checks))];
  const compared = [...new Set(statements.flatMap(({ provenance }) => provenance?.compared ?? []))];
  const agreement =
    compared.length === 0 ? [] : [`that the provenance names the same ${compared.join(', ')}`];
  const identity = signedBy.kind === 'certificate' ? ['identity'] : [];
  return [
    `signed by ${signerOf(signedBy)}`,
    ...(signedBy.kind === 'certificate' ? formatIdentity(signedBy.identity) : []),
    ...(times.length === 0 ? [] : [`at ${new Date(Math.max(...times)).toISOString().replace('.000Z', 'Z')}`]),
    `statements: ${types.join(', ')}`,
    `checked: ${[...checks, ...identity, ...agreement].join(', ')}`,
    ...notChecked(signedBy.kind, checks),
  ];
}

function formatIdentity({ claims }: CertificateIdentity): readonly string[] {
  const {
    sourceRepositoryDigest: commit,
    sourceRepositoryUri: repository,
    sourceRepositoryRef: ref,
  } = claims;
  const { buildTrigger: event, runnerEnvironment: runner, runInvocationUri: run } = claims;
  return [
    `from commit ${commit ?? 'unknown'} of ${repository ?? 'unknown'} (${ref ?? 'unknown'})`,
    `in a run for the event ${event ?? 'unknown'} on a ${runner ?? 'unknown'} runner${run === undefined ? '' : `: ${run}`}`,
  ];
}

function notChecked(kind: 'certificate' | 'key', checks: readonly string[]): readonly string[] {
  const missing = [
    ...(checks.includes('log entry') ? [] : ['a transparency log']),
    ...(checks.includes('timestamp') ? [] : ['the time']),
    ...(kind === 'key' ? ['from what source it was made'] : []),
  ];
  return missing.length === 0 ? [] : [`not checked: ${missing.join(', ')}`];
}

/** What would accept this signer alone, where the options accept others too. */
function narrowLines(accepted: readonly AcceptedStatement[], expected: ExpectedSigner): readonly string[] {
  const [first] = accepted;
  if (first?.signedBy.kind !== 'certificate') return [];
  const { subject, claims } = first.signedBy.identity;
  const started = parseWorkflowName(claims.buildConfigUri ?? subject);
  const wider = [
    ...(expected.workflow === undefined ? [`--workflow ${started?.path ?? ''}`] : []),
    ...(expected.ref === undefined ? [`--ref ${claims.sourceRepositoryRef ?? ''}`] : []),
  ];
  return wider.length === 0 ? [] : [`any other would do: to accept this alone, add ${wider.join(' ')}`];
}

function nameOf(predicateType: string): string {
  const names = { signature: 'signature', provenance: 'provenance', spdx: 'bill of materials' } as const;
  const known = Object.entries(predicateTypes).find(([, type]) => type === predicateType)?.[0];
  return known === undefined ? predicateType : names[known as keyof typeof names];
}

export function describeSignatures({ accepted, refused, failure }: SignatureVerdict): JsonObject {
  return {
    verified: failure === undefined,
    signatures: accepted.map(({ manifest, predicateType, signedBy, times, checks, provenance }) => ({
      manifest,
      predicateType,
      signer: signerOf(signedBy),
      ...(signedBy.kind === 'certificate'
        ? { issuer: signedBy.identity.issuer ?? null, ...signedBy.identity.claims }
        : {}),
      times: times.map((time) => new Date(time).toISOString()),
      checked: checks,
      ...(provenance === undefined ? {} : { agrees: provenance.compared }),
    })),
    refused: refused.map(({ manifest, kind, signer, error, differences }) => ({
      manifest,
      reason: kind,
      signer: signer ?? null,
      message: error.message,
      differences,
    })),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
  };
}
