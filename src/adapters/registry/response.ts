// Reading answers: bodies with a bound, single headers, and errors from what doesn't fit.

import { limits } from '../../core/limits.ts';
import type { Clock } from '../../core/clock.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { maxErrorBody, readErrorBody } from '../http/error-body.ts';
import { clean } from '../../core/text.ts';
import type { HttpHeaders, HttpRequest, HttpResponse } from '../http/http.ts';
import { networkError, Timeout } from '../http/network-failure.ts';
import { codeOfStatus, RegistryError, registryFailure } from './registry-error.ts';
import { remedyFor } from './remedy.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import type { Secrets } from '../http/secrets.ts';

/** The first value of a header. */
export function headerOf(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/**
 * Up to `limit` bytes of a body, and whether that was all. Frees the connection.
 * @throws RegistryError for one that comes too slowly, or not at all
 */
export async function readUpTo(
  response: HttpResponse,
  limit: number,
  { method, endpoint, clock }: Pick<AnswerContext, 'method' | 'endpoint' | 'clock'>,
): Promise<{ readonly bytes: Uint8Array; readonly whole: boolean }> {
  const chunks: Uint8Array[] = [];
  const started = clock.now();
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    const patience = limits.documentGrace + (size / limits.documentRate) * 1000;
    if (clock.now() - started > patience) {
      const slow = new Timeout(
        `expected the whole answer within ${Math.round(patience / 1000)} seconds, got ${size} bytes`,
      );
      const request = { method, url: endpoint.shown, host: new URL(endpoint.origin).host };
      throw registryFailure(networkError(slow, request, false));
    }
    // Leaving the loop closes the connection.
    if (size > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), whole: false };
  }
  return { bytes: Buffer.concat(chunks), whole: true };
}

export interface AnswerContext {
  readonly method: HttpRequest['method'];
  readonly endpoint: Endpoint;
  /** The expected statuses. */
  readonly expected: readonly number[];
  /** Registry as in references. */
  readonly registry: string;
  readonly repository: string;
  /** Whether the work as a whole is a push. */
  readonly writing: boolean;
  readonly secrets: Secrets;
  readonly clock: Clock;
}

/** The error for an answer. Reads the body, within bounds. */
export async function answerError(response: HttpResponse, context: AnswerContext): Promise<RegistryError> {
  const { method, endpoint, registry, repository, secrets } = context;
  const { status, headers } = response;
  const body = readErrorBody(await bodyOf(response, context), (text) => secrets.scrub(text));
  const { text } = body;
  const said = [...new Set([body.codes.join(', '), text])].filter((part) => part !== '').join(': ');
  const id = requestId(headers, secrets);
  const target =
    status >= 300 && status < 400 ? targetOf(headerOf(headers, 'location'), endpoint) : undefined;
  const leads = target === undefined ? '' : `, which leads to ${clean(secrets.scrub(target.shown), 200)}`;
  const message =
    `${method} ${endpoint.shown}: expected ${context.expected.join(' or ')}, got ${status}${leads}` +
    `${said === '' ? '' : ` ${said}`}${id === undefined ? '' : ` (request ${id})`}`;
  const hint =
    target?.hint ??
    remedyFor({ registry, repository, status, codes: body.codes, text, writing: context.writing });
  const sent = Date.parse(headerOf(headers, 'date') ?? '');
  return new RegistryError(
    codeOfStatus(status),
    message,
    {
      method,
      url: endpoint.shown,
      status,
      codes: body.codes,
      missing: body.digests,
      // A date is meant by the registry's own clock, which its Date header tells.
      retryAfter: parseRetryAfter(
        headerOf(headers, 'retry-after'),
        Number.isNaN(sent) ? context.clock.now() : sent,
      ),
    },
    hint === undefined ? {} : { hint },
  );
}

/** Where a redirect leads that isn't followed, since the request's body would be lost. */
function targetOf(
  location: string | undefined,
  endpoint: Endpoint,
): { readonly shown: string; readonly hint: string } | undefined {
  const base = endpoint.origin + endpoint.path;
  if (location === undefined || !URL.canParse(location, base)) return undefined;
  const url = new URL(location, base);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const { protocol, hostname, host, origin, pathname } = url;
  const own = new URL(endpoint.origin);
  const isTls = hostname === own.hostname && protocol === 'https:' && own.protocol === 'http:';
  return {
    shown: origin + pathname,
    hint: isTls
      ? `The registry wants HTTPS: name it as ${host}, without --plain-http (in a workflow: "tls-verify: false").`
      : 'The registry has moved, or the name of the repository is written in another way there: push to that address.',
  };
}

/** True for success in HTML: no part of the API answers so, but login pages and parked domains do. */
export function isPage({ status, headers }: HttpResponse): boolean {
  return (
    status < 300 &&
    /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(headerOf(headers, 'content-type') ?? '')
  );
}

/** The error for a page of HTML. Reads the body, within bounds. */
export async function pageError(response: HttpResponse, context: AnswerContext): Promise<RegistryError> {
  const { method, endpoint, secrets } = context;
  const { status } = response;
  const { text } = readErrorBody(await bodyOf(response, context), (body) => secrets.scrub(body));
  return new RegistryError(
    'REGISTRY_PROTOCOL',
    `${method} ${endpoint.shown}: expected an answer of a registry, got ${status} and a page of HTML` +
      (text === '' ? '' : ` ("${clean(text, 200)}")`),
    { method, url: endpoint.shown, status },
    {
      hint:
        'Something answers in place of the registry, such as the login page of a network, a proxy or a website: ' +
        'check the host and port of the registry, and the network.',
    },
  );
}

async function bodyOf(response: HttpResponse, context: AnswerContext): Promise<Uint8Array> {
  try {
    return (await readUpTo(response, maxErrorBody, context)).bytes;
  } catch {
    // The status alone says enough.
    return new Uint8Array();
  }
}

function requestId(headers: HttpHeaders, secrets: Secrets): string | undefined {
  for (const name of [
    'x-github-request-id',
    'x-amzn-requestid',
    'x-ms-correlation-request-id',
    'x-request-id',
  ]) {
    const id = headerOf(headers, name);
    if (id !== undefined && /^[\w.:@+/=%-]{4,}$/.test(id)) return clean(secrets.scrub(id), 80);
  }
  return undefined;
}
