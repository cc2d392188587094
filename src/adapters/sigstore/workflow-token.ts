// Where identity tokens come from: GitHub makes one for a job that may ask; on the command line the user hands one over.

import { BimaError } from '../../core/errors.ts';
import type { Environment } from '../../core/environment.ts';
import { isObject, parseJson } from '../../core/oci/json.ts';
import { quote } from '../../core/text.ts';
import { readTokenClaims, tokenAudience } from '../../core/trust/identity-token.ts';
import type { TokenClaims } from '../../core/trust/identity-token.ts';
import { endpointOf, withParameter } from '../http/endpoints.ts';
import { isLoopback } from '../http/hosts.ts';
import { askService, unusable } from './signing-service.ts';
import type { ServiceRequest, SigningTools } from './signing-service.ts';

export type IdentitySource =
  | { readonly kind: 'given'; readonly token: string }
  | { readonly kind: 'workflow'; readonly requestUrl: string; readonly requestToken: string };

export interface IdentityToken {
  /** A secret for as long as it is valid, some minutes. */
  readonly value: string;
  readonly claims: TokenClaims;
}

/**
 * Where this environment has an identity from: a token that was handed over, or a job with `id-token: write`. Undefined
 * where it has none: such a job, or a pull request from a fork, whose jobs may not ask.
 */
export function findIdentitySource(environment: Environment): IdentitySource | undefined {
  const {
    SIGSTORE_ID_TOKEN: token = '',
    ACTIONS_ID_TOKEN_REQUEST_URL: requestUrl = '',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken = '',
  } = environment;
  if (token !== '') return { kind: 'given', token: token.trim() };
  return requestUrl === '' || requestToken === ''
    ? undefined
    : { kind: 'workflow', requestUrl, requestToken };
}

/** @throws BimaError SIGNING_TOKEN_MISSING for something that is no token; SIGNING_FAILED */
export async function fetchIdentityToken(
  source: IdentitySource,
  tools: SigningTools,
): Promise<IdentityToken> {
  const value = source.kind === 'given' ? source.token : await requestFromWorkflow(source, tools);
  tools.secrets.add(value, 'user');
  const claims = readTokenClaims(value);
  if (claims !== undefined) return { value, claims };
  throw new BimaError(
    'SIGNING_TOKEN_MISSING',
    'the identity token: expected a JSON Web Token that names a subject, got something else',
    {
      hint:
        source.kind === 'given'
          ? 'SIGSTORE_ID_TOKEN holds the token itself, three parts with dots between them.'
          : 'Check ACTIONS_ID_TOKEN_REQUEST_URL: the runner sets it, and nothing should change it.',
    },
  );
}

/** As the toolkit's `getIDToken` does: each call gets a new token, valid for some five minutes. */
async function requestFromWorkflow(
  { requestUrl, requestToken }: IdentitySource & { readonly kind: 'workflow' },
  tools: SigningTools,
): Promise<string> {
  tools.secrets.add(requestToken, 'user');
  const service = "GitHub's service for identity tokens";
  if (!URL.canParse(requestUrl) || !isSafe(new URL(requestUrl))) {
    throw new BimaError(
      'SIGNING_TOKEN_MISSING',
      `${service}: expected an address with https in ACTIONS_ID_TOKEN_REQUEST_URL, got something else`,
      { hint: 'The runner sets this variable, and nothing should change it.' },
    );
  }
  const { origin, pathname, search } = new URL(requestUrl);
  const request: ServiceRequest = {
    service,
    method: 'GET',
    endpoint: withParameter(endpointOf(origin, pathname + search), 'audience', tokenAudience),
    headers: { accept: 'application/json', authorization: `bearer ${requestToken}` },
    expected: [200],
    remedy: (status) =>
      status >= 400 && status < 500
        ? 'Give the job the permission `id-token: write`. The token by which it asks is good for as long as the job runs.'
        : undefined,
  };
  const { bytes } = await askService(request, tools);
  const document = parseAnswer(bytes);
  if (isObject(document) && typeof document.value === 'string') return document.value;
  throw unusable(request, `expected an answer with a token, got ${quote(typeof document)}`);
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function parseAnswer(bytes: Uint8Array): unknown {
  try {
    return parseJson(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
