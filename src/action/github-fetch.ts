// The function `fetch` that octokit is given: the registry client's HTTP, with its proxies, watches and limits.

import { BimaError } from '../core/errors.ts';
import type { Fetch, FetchRequest } from '../adapters/github/github-client.ts';
import { githubFailure } from '../adapters/github/github-error.ts';
import { endpointOf } from '../adapters/http/endpoints.ts';
import type { Http, HttpHeaders, HttpRequest, HttpResponse } from '../adapters/http/http.ts';

const maxRedirects = 3;
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Follows redirects within one origin, as after the renaming of a repository, with the same method and body.
 * Throws a GithubError for whatever keeps an answer from coming, or from being read.
 */
export function createGithubFetch(http: Http): Fetch {
  return async (url, request) => {
    let target = new URL(url);
    for (let count = 0; ; count += 1) {
      const response = await sendOnce(http, target, request);
      const { status, headers } = response;
      if (status < 300 || status >= 400 || status === 304) return await toResponse(response);
      await response.discard();
      const location = typeof headers.location === 'string' ? headers.location : undefined;
      const next =
        location === undefined || !URL.canParse(location, url) ? undefined : new URL(location, target);
      const isFollowed = next?.origin === target.origin && count < maxRedirects && !isStream(request.body);
      if (!isFollowed) {
        const where = `${target.origin}${target.pathname}`;
        throw new BimaError(
          'GITHUB_FAILED',
          `${request.method} ${where}: got a redirect that is not followed`,
          {
            hint: 'If the repository was renamed, use its new name; behind a proxy check its settings.',
          },
        );
      }
      target = next;
    }
  };
}

async function sendOnce(http: Http, target: URL, request: FetchRequest): Promise<HttpResponse> {
  const method = methods.find((known) => known === request.method.toUpperCase());
  if (method === undefined) throw new Error(`method ${request.method}`);
  const { body, signal } = request;
  // The watched body sets the length.
  const { 'content-length': size, ...headers } = request.headers;
  try {
    return await http.send({
      method,
      endpoint: endpointOf(target.origin, `${target.pathname}${target.search}`),
      headers,
      ...(body === undefined || body === '' ? {} : { body: toBody(body, Number(size)) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw githubFailure(error);
  }
}

function toBody(body: NonNullable<FetchRequest['body']>, size: number): NonNullable<HttpRequest['body']> {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  return isStream(body) ? { size, open: () => body } : body;
}

function isStream(body: FetchRequest['body']): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}

/** Octokit knows seconds alone, and takes none for a minute; a date counts from that of the answer, whatever the clock here says (RFC 9110, 10.2.3). */
function withSeconds(headers: HttpHeaders): HttpHeaders {
  const { 'retry-after': wait, date } = headers;
  if (typeof wait !== 'string' || /^\d*$/.test(wait) || Number.isNaN(Date.parse(wait))) return headers;
  const sent = typeof date === 'string' ? Date.parse(date) : NaN;
  const seconds = (Date.parse(wait) - (Number.isNaN(sent) ? Date.now() : sent)) / 1000;
  return { ...headers, 'retry-after': String(Math.max(1, Math.ceil(seconds))) };
}

/** Reads the body first: octokit takes a truncated one for an empty one. */
async function toResponse({ status, headers, body }: HttpResponse): Promise<Response> {
  const pairs = Object.entries(withSeconds(headers)).flatMap(([name, value = []]) =>
    [value].flat().map((one) => [name, one] as [string, string]),
  );
  const isEmpty = status === 204 || status === 205 || status === 304;
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body) chunks.push(Buffer.from(chunk));
  } catch (error) {
    throw githubFailure(error);
  }
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers: pairs });
}
