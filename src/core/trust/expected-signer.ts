// Whom an image may be signed by, and how a certificate differs from that.

import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';
import type { CertificateIdentity } from './certificate-identity.ts';

/** A workflow, as a certificate names it: `https://github.com/owner/name/.github/workflows/x.yml@refs/heads/main`. */
export interface WorkflowName {
  /** `https://github.com/owner/name`. */
  readonly repository: string;
  /** `.github/workflows/x.yml`. */
  readonly path: string;
  readonly ref: string | undefined;
}

export interface ExpectedSigner {
  /** Whose source it is: `https://github.com/owner/name`. */
  readonly repository: string;
  readonly issuer: string;
  /** The workflow that was started, within the repository; any by default. */
  readonly workflow?: string | undefined;
  /** A whole ref, or the name of a branch or a tag; by default main, master or a tag. */
  readonly ref?: string | undefined;
  /** The reusable workflow that signed, of any repository; by default one of the repository itself. */
  readonly signerWorkflow?: WorkflowName | undefined;
}

/** What a certificate has other than it should. */
export interface SignerDifference {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  /** The option that would accept it, for those who have looked. */
  readonly option?: string | undefined;
}

export interface SignerOptions {
  readonly repository: string;
  readonly workflow?: string | undefined;
  readonly ref?: string | undefined;
  readonly signerWorkflow?: string | undefined;
  readonly issuer?: string | undefined;
}

/** @throws BimaError INPUT_INVALID */
export function parseExpectedSigner(options: SignerOptions): ExpectedSigner {
  const { workflow, ref, signerWorkflow, issuer } = options;
  const match = /^(?:https:\/\/)?(?:([\w-]+(?:\.[\w-]+)+)\/)?([\w-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(
    options.repository,
  );
  if (match === null) {
    throw invalid(
      '--repo',
      'owner/name',
      options.repository,
      'Name the repository, such as --repo owner/name.',
    );
  }
  const [, host = 'github.com', owner = '', name = ''] = match;
  return {
    repository: `https://${host}/${owner}/${name}`,
    issuer: issuer ?? issuerOf(host),
    workflow: workflow === undefined ? undefined : readWorkflowPath(workflow),
    ref,
    signerWorkflow: signerWorkflow === undefined ? undefined : readSignerWorkflow(signerWorkflow, host),
  };
}

/** As GitHub's servers have it (docs.github.com, "OpenID Connect reference"). */
function issuerOf(host: string): string {
  if (host === 'github.com') return 'https://token.actions.githubusercontent.com';
  return host.endsWith('.ghe.com') ? `https://token.actions.${host}` : `https://${host}/_services/token`;
}

const folder = '.github/workflows/';

function readWorkflowPath(text: string): string {
  const path = text.replace(/^\.?\//, '');
  if (!path.includes('/') && /\.ya?ml$/.test(path)) return folder + path;
  if (!isWorkflowPath(path)) {
    throw invalid(
      '--workflow',
      'a workflow of the repository',
      text,
      'Name its file, such as --workflow .github/workflows/image.yml; its branch is for --ref.',
    );
  }
  return path;
}

function isWorkflowPath(path: string): boolean {
  return /^\.github\/workflows\/[^/@]+\.ya?ml$/.test(path);
}

function readSignerWorkflow(text: string, host: string): WorkflowName {
  const whole = text.startsWith('https://') ? text : `https://${host}/${text}`;
  const found = parseWorkflowName(whole);
  if (found === undefined || !isWorkflowPath(found.path)) {
    throw invalid(
      '--signer-workflow',
      'a workflow with its repository',
      text,
      'It looks like owner/name/.github/workflows/image.yml@refs/tags/v1.',
    );
  }
  return found;
}

/** Undefined for what names no workflow, such as an e-mail address. */
export function parseWorkflowName(subject: string): WorkflowName | undefined {
  const match = /^(https:\/\/[^/@]+\/[^/@]+\/[^/@]+)\/([^@]+)(?:@(.+))?$/s.exec(subject);
  const [, repository, path, ref] = match ?? [];
  return repository === undefined || path === undefined ? undefined : { repository, path, ref };
}

function invalid(option: string, expected: string, got: string, hint: string): BimaError {
  return new BimaError('INPUT_INVALID', `${option}: expected ${expected}, got ${quote(got)}`, { hint });
}

/** Empty for whom was expected. The first is the one that says most. */
export function compareSigner(
  { subject, issuer = 'none', claims }: CertificateIdentity,
  expected: ExpectedSigner,
): readonly SignerDifference[] {
  const found: SignerDifference[] = [];
  const differs = (what: string, wanted: string, got: string | undefined, option?: string) =>
    found.push({ what, expected: wanted, found: got ?? 'none', option });
  if (issuer !== expected.issuer)
    differs('issuer of the identity', expected.issuer, issuer, `--issuer ${issuer}`);
  const { sourceRepositoryUri: repository, sourceRepositoryRef: ref, buildTrigger: event } = claims;
  if (!isSame(repository, expected.repository)) {
    differs('repository', expected.repository, repository ?? subject);
    // What follows says nothing more.
    return found;
  }
  const signer = parseWorkflowName(subject);
  const started = parseWorkflowName(claims.buildConfigUri ?? subject);
  compareSignerWorkflow(signer, expected, subject, differs);
  const { workflow } = expected;
  if (started === undefined || !isSame(started.repository, expected.repository))
    differs('workflow', `one of ${expected.repository}`, claims.buildConfigUri ?? subject);
  else if (workflow !== undefined && started.path !== workflow)
    differs('workflow', workflow, started.path, `--workflow ${started.path}`);
  // From a pull request anybody's changes may come, whatever the workflow is. One whose ref is named was looked at.
  const isNamed = event === 'pull_request' && ref !== undefined && ref === expected.ref;
  if (event === undefined || (event.startsWith('pull_request') && !isNamed))
    differs('event', 'one that is no pull request', event);
  if (ref === undefined || !isExpectedRef(ref, expected.ref))
    differs('ref', expected.ref ?? 'the branch main or master, or a tag', ref, `--ref ${ref ?? ''}`);
  return found;
}

function compareSignerWorkflow(
  signer: WorkflowName | undefined,
  { repository, workflow, signerWorkflow: wanted }: ExpectedSigner,
  subject: string,
  differs: (what: string, wanted: string, got: string | undefined, option?: string) => unknown,
): void {
  const option = `--signer-workflow ${subject.replace(/^https:\/\/[^/]+\//, '')}`;
  if (wanted !== undefined) {
    const isIt =
      signer !== undefined &&
      isSame(signer.repository, wanted.repository) &&
      signer.path === wanted.path &&
      signer.ref !== undefined &&
      isExpectedRef(signer.ref, wanted.ref);
    const ref = wanted.ref ?? 'main, master or a tag';
    if (!isIt) differs('signing workflow', `${wanted.repository}/${wanted.path}@${ref}`, subject, option);
  } else if (!isSame(signer?.repository, repository)) {
    differs('signing workflow', `one of ${repository}`, subject, option);
  } else if (workflow !== undefined && signer?.path !== workflow) {
    differs('signing workflow', workflow, signer?.path, option);
  }
}

/** A branch that anybody with write access may have made has to be named. */
function isExpectedRef(ref: string, expected: string | undefined): boolean {
  if (expected === undefined) return /^refs\/(?:tags\/.|heads\/(?:main|master)$)/s.test(ref);
  return [expected, `refs/heads/${expected}`, `refs/tags/${expected}`].includes(ref);
}

/** Owners and repositories have no second one that differs in case alone. */
function isSame(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}
