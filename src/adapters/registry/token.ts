// Tokens: the exchange of credentials for a bearer token (distribution's token and OAuth2 specifications).

import type { Clock } from '../../core/clock.ts';
import type { Credential } from './credentials.ts';
import { withParameter } from '../http/endpoints.ts';
import type { Endpoint } from '../http/endpoints.ts';
import type { Http, HttpRequest, HttpResponse } from '../http/http.ts';
import { isObject, parseJson } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { RegistryError } from './registry-error.ts';
import { answerError, readUpTo } from './response.ts';
import type { AnswerContext } from './response.ts';
import type { Scope } from './scope.ts';
import type { Secrets } from '../http/secrets.ts';

export interface Token {
  readonly value: string;
  /** When it was asked for, by our own clock, so that the service's needn't agree with it. */
  readonly issued: number;
  /** Milliseconds from then on. */
  readonly lifetime: number;
}

export interface TokenRequest {
  readonly realm: Endpoint;
  readonly service: string | undefined;
  readonly scopes: readonly Scope[];
  readonly credential: Exclude<Credential, { readonly kind: 'bearer' }> | undefined;
  readonly registry: string;
  readonly repository: string;
  readonly signal?: AbortSignal | undefined;
}

export interface TokenTools {
  readonly http: Http;
  readonly secrets: Secrets;
  readonly clock: Clock;
}

/** The specification's default for a service that doesn't say. */
const defaultLifetime = 60_000;
const maxTokenBody = 1024 * 1024;
const clientId = 'bima';

/**
 * One try at getting a token. That it grants less than was asked for is no error here: the registry will tell.
 * @throws RegistryError
 */
export async function requestToken(request: TokenRequest, tools: TokenTools): Promise<Token> {
  const { credential } = request;
  if (credential?.kind === 'identity') {
    try {
      return await exchange(request, postRequest(request, credential.token), tools);
    } catch (error) {
      // Services without OAuth2 say so in different ways: Google's, JFrog's and Azure's among them.
      const isUnknown = error instanceof RegistryError && [400, 401, 404, 405].includes(error.status ?? 0);
      if (!isUnknown) throw error;
    }
  }
  return exchange(request, getRequest(request, tools.secrets), tools);
}

/** The value of an Authorization header, known to the secrets from then on. */
export function basicHeader(
  credential: Exclude<Credential, { readonly kind: 'bearer' }>,
  secrets: Secrets,
): string {
  const secret = credential.kind === 'password' ? credential.password : credential.token;
  const encoded = Buffer.from(`${credential.username}:${secret}`).toString('base64');
  secrets.add(secret, 'user');
  secrets.add(encoded, 'user');
  return `Basic ${encoded}`;
}

function getRequest(request: TokenRequest, secrets: Secrets): HttpRequest {
  const { realm, service, scopes, credential } = request;
  const parameters: (readonly [string, string])[] = [
    ...(service === undefined ? [] : [['service', service] as const]),
    ...scopes.map((scope) => ['scope', scope] as const),
    ['client_id', clientId],
    ...(credential?.kind === 'password' ? [['account', credential.username] as const] : []),
  ];
  let endpoint = realm;
  for (const [name, value] of parameters) endpoint = withParameter(endpoint, name, value);
  return {
    method: 'GET',
    endpoint,
    headers: {
      accept: 'application/json',
      ...(credential === undefined ? {} : { authorization: basicHeader(credential, secrets) }),
    },
  };
}

function postRequest({ realm, service, scopes }: TokenRequest, refreshToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    ...(service === undefined ? {} : { service }),
    client_id: clientId,
    scope: scopes.join(' '),
    refresh_token: refreshToken,
  });
  return {
    method: 'POST',
    endpoint: realm,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  };
}

async function exchange(request: TokenRequest, sent: HttpRequest, tools: TokenTools): Promise<Token> {
  const { http, secrets, clock } = tools;
  if (request.credential?.kind === 'identity') secrets.add(request.credential.token, 'user');
  const issued = clock.now();
  const response = await http.send({
    ...sent,
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  const context: AnswerContext = {
    ...sent,
    expected: [200],
    registry: request.registry,
    repository: request.repository,
    writing: request.scopes.some((scope) => scope.includes('push')),
    secrets,
    clock,
  };
  if (response.status !== 200) throw await answerError(response, context);
  const document = await readAnswer(response, context);
  const value = [document.token, document.access_token].find(
    (token) => typeof token === 'string' && token !== '',
  );
  if (typeof value !== 'string') throw useless(sent, 'without a token');
  if (!/^[\x21-\x7e]+$/.test(value)) throw useless(sent, 'with a token that fits no header');
  secrets.add(value, 'server');
  for (const other of [document.token, document.access_token, document.refresh_token]) {
    if (typeof other === 'string') secrets.add(other, 'server');
  }
  return { value, issued, lifetime: lifetimeOf(document.expires_in) };
}

async function readAnswer(response: HttpResponse, context: AnswerContext): Promise<JsonObject> {
  const { bytes, whole } = await readUpTo(response, maxTokenBody, context);
  if (!whole) throw useless(context, `with more than ${maxTokenBody} bytes`);
  try {
    const document: unknown = parseJson(new TextDecoder().decode(bytes));
    if (isObject(document)) return document;
  } catch {
    // Said below.
  }
  throw useless(context, 'with something that is not a JSON object');
}

function useless(
  { method, endpoint }: Pick<AnswerContext, 'method' | 'endpoint'>,
  how: string,
): RegistryError {
  return new RegistryError(
    'REGISTRY_PROTOCOL',
    `the token service answered ${method} ${endpoint.shown} ${how}`,
    {
      method,
      url: endpoint.shown,
    },
  );
}

/** Some services send the number as text. */
function lifetimeOf(expiresIn: unknown): number {
  const seconds = typeof expiresIn === 'string' && /^\d+$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0
    ? seconds * 1000
    : defaultLifetime;
}
