// Whether the action pushes, with which credentials, and what a refusal means in a workflow.

import { BimaError } from '../core/errors.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import { pushImage } from '../usecases/push/push.ts';
import type { PushResult } from '../usecases/push/push.ts';
import { createRegistryClient } from '../adapters/registry/client.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import { createCredentials } from '../adapters/registry/credentials.ts';
import type { CredentialOptions } from '../adapters/registry/credentials.ts';
import { findHome } from '../adapters/registry/home.ts';
import { pullRequestOf } from './event.ts';
import type { WorkflowEvent } from './event.ts';
import type { Inputs } from './inputs.ts';
import { isGithubCom } from './image-names.ts';
import type { Masking, World } from './world.ts';

export interface PushRequest {
  readonly source: Source;
  readonly root: Descriptor;
  readonly references: readonly Reference[];
  readonly referrers?: readonly Descriptor[];
  /** Sends again what the registry has lost, also of an image that is at its tags. */
  readonly lookAtAll: boolean;
}

/** Which registries a client is for, and how it logs in. */
export interface ClientRequest {
  readonly references: readonly Reference[];
  readonly inputs: Pick<Inputs, 'login' | 'registry' | 'tlsVerify'>;
}

export interface ClientWorld extends Pick<World, 'environment' | 'reporter' | 'signal' | 'token'> {
  readonly runner: Masking;
}

/** @throws BimaError as {@link pushImage} does; a refusal says what to change in the workflow */
export async function pushForWorkflow(
  { source, root, references, referrers = [], lookAtAll }: PushRequest,
  { client, event, reporter }: Pick<World, 'event' | 'reporter'> & { readonly client: RegistryClient },
): Promise<PushResult> {
  try {
    return await pushImage(source, root, references, { client, reporter, referrers, lookAtAll });
  } catch (error) {
    throw explainRefusal(error, event);
  }
}

/**
 * A client with the credentials of the workflow, to be closed by the caller.
 * @throws BimaError as {@link explicitLogin} does
 */
export function createWorkflowClient(
  { references, inputs }: ClientRequest,
  { environment, runner, reporter, signal, token }: ClientWorld,
): RegistryClient {
  return createRegistryClient({
    credentials: createCredentials({
      env: environment,
      home: findHome(),
      explicit: explicitLogin(inputs, references),
      ...tokenForPackages({ environment, token }),
    }),
    reporter,
    signal,
    mask: runner.mask,
    tlsVerify: inputs.tlsVerify,
    plainHttp: inputs.tlsVerify ? 'loopback' : 'always',
  });
}

/** What ghcr.io may be shown: another server's token is none of its business. */
export function tokenForPackages({
  environment,
  token,
}: Pick<World, 'environment' | 'token'>): Pick<CredentialOptions, 'githubToken'> {
  return token !== undefined && isGithubCom(environment) ? { githubToken: token } : {};
}

/** @throws BimaError INPUT_INVALID when it isn't clear which registry the credentials are for */
export function explicitLogin(
  { login, registry }: Pick<Inputs, 'login' | 'registry'>,
  references: readonly Reference[],
): NonNullable<CredentialOptions['explicit']> {
  if (login === undefined) return [];
  if (registry !== undefined) return [{ registry: registry.split('/')[0] ?? registry, ...login }];
  const registries = [...new Set(references.map((reference) => reference.registry))];
  const [only = '', ...others] = registries;
  if (others.length === 0) return [{ registry: only, ...login }];
  throw new BimaError(
    'INPUT_INVALID',
    `expected the input "registry" beside "username", got none for ${registries.join(' and ')}`,
    { hint: 'Name the registry that the credentials are for, or log in to each with docker/login-action.' },
  );
}

/** Why a push would be refused, or undefined. */
export function readOnlyReason(event: WorkflowEvent, hasLogin: boolean): string | undefined {
  if (pullRequestOf(event)?.isFork === true) return "this is a fork's pull request";
  // docs.github.com, "Dependabot on GitHub Actions": the token of these events is read-only and has no secrets.
  const isRestricted =
    /^(?:pull_request(?:_review|_review_comment)?|push|create|deployment|deployment_status)$/;
  return event.actor === 'dependabot[bot]' && isRestricted.test(event.name) && !hasLogin
    ? 'Dependabot started this run, whose token may only read'
    : undefined;
}

function explainRefusal(error: unknown, event: WorkflowEvent): unknown {
  if (!(error instanceof BimaError)) return error;
  if (error.code !== 'REGISTRY_DENIED' && error.code !== 'REGISTRY_UNAUTHORIZED') return error;
  const reason = readOnlyReason(event, false);
  if (reason === undefined) return error;
  const hint =
    `No push is possible here, since ${reason}. Set push: auto to skip it, upload the layout with upload-artifact, ` +
    'and push it with from-layout in a workflow that runs on workflow_run.';
  return new BimaError(error.code, error.message, { hint, cause: error });
}
