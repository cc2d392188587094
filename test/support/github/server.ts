// GitHub's REST API on loopback: it keeps state, and holds every request and every answer against GitHub's description,
// which GraphQL's one query here has none of.
// The areas of the API (releases, issues, packages) are files of their own, which register what they answer.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { describeOperation } from './description.ts';
import type { Operation } from './description.ts';
import { answerGraphql } from './identity.ts';

export type Permission = 'contents' | 'issues' | 'pull-requests' | 'packages' | 'attestations';

export interface Token {
  /** Whom GitHub names as the author, such as `github-actions[bot]`. */
  readonly login: string;
  readonly permissions: Readonly<Partial<Record<Permission, 'read' | 'write'>>>;
}

/** Where the server is, known once it has started. */
export interface Site {
  readonly apiUrl: string;
  readonly uploadUrl: string;
  /** Where people look at things. */
  readonly htmlUrl: string;
}

export interface GithubRequest {
  readonly site: Site;
  readonly token: Token;
  /** True unless the method is GET. */
  readonly writes: boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** JSON; empty when there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The body of an operation that takes bytes. */
  readonly bytes: IncomingMessage;
}

/** A `list` is cut into pages by the server. */
export type GithubReply =
  | { readonly list: readonly object[] }
  | { readonly status: number; readonly body?: object; readonly headers?: Readonly<Record<string, string>> };

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As the description writes it, such as `/repos/{owner}/{repo}/releases`. */
  readonly path: string;
  /** One of these, for writing unless the method is GET. */
  readonly permissions: readonly Permission[];
  readonly answer: (request: GithubRequest) => GithubReply | Promise<GithubReply>;
}

/** Changes the next answer that it fits: once, unless `times` says otherwise. */
export interface GithubFault {
  readonly method: string;
  /** A part of the path, without the API's own. */
  readonly path: string;
  readonly times?: number;
  /** Instead of an answer, or `after` the request had its effect. */
  readonly reply:
    { readonly status: number; readonly body?: object; readonly headers?: Record<string, string> } | 'reset';
  readonly after?: boolean;
}

export interface GithubOptions {
  readonly routes: readonly Route[];
  /** Under the paths of GitHub Enterprise Server: `/api/v3` and `/api/uploads`. */
  readonly enterprise?: boolean;
  /** By their value; one with all permissions, `ghs_test`, by default. */
  readonly tokens?: Readonly<Record<string, Token>>;
  /** Of a private repository nothing can be seen without the permission to read. */
  readonly isPrivate?: boolean;
}

export interface GithubServer extends Site {
  /** What a runner sets for a step. */
  readonly environment: Readonly<Record<string, string>>;
  /** `GET /repos/owner/app/releases?page=2` and so on, in order. */
  readonly calls: readonly string[];
  addFault(fault: GithubFault): void;
  /** What broke a rule so far; the test fails at its end for what nobody took. */
  takeViolations(): string[];
}

interface Bound extends Route {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly operation: Operation;
}

export const defaultToken = 'ghs_test';

const everything: Token = {
  login: 'github-actions[bot]',
  permissions: {
    contents: 'write',
    issues: 'write',
    'pull-requests': 'write',
    packages: 'write',
    attestations: 'write',
  },
};

/** Ends with the test, which fails if a request or an answer was not as GitHub describes it. */
export async function startGithub(test: TestContext, options: GithubOptions): Promise<GithubServer> {
  const { enterprise = false, tokens = { [defaultToken]: everything } } = options;
  const routes = options.routes.map(bind);
  const faults: { fault: GithubFault; left: number }[] = [];
  const violations: string[] = [];
  const calls: string[] = [];

  const start = async (isUpload: boolean): Promise<Server> => {
    const server = createServer((request, response) => {
      answer(request, response, isUpload).catch((error: unknown) => {
        violations.push(String(error));
        send(response, 500, { message: String(error) });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  const api = await start(false);
  const uploads = enterprise ? api : await start(true);
  const site: Site = {
    apiUrl: `${originOf(api)}${enterprise ? '/api/v3' : ''}`,
    uploadUrl: `${originOf(uploads)}${enterprise ? '/api/uploads' : ''}`,
    htmlUrl: enterprise ? originOf(api) : 'https://github.com',
  };

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    onUploads: boolean,
  ): Promise<void> {
    const url = new URL(request.url ?? '/', site.apiUrl);
    const isUpload = onUploads || (enterprise && url.pathname.startsWith('/api/uploads/'));
    const base = new URL(isUpload ? site.uploadUrl : site.apiUrl).pathname.replace(/\/$/, '');
    const isGraphql = url.pathname === (enterprise ? '/api/graphql' : '/graphql');
    const path = isGraphql ? '/graphql' : url.pathname.slice(base.length);
    const { method = '' } = request;
    calls.push(`${method} ${path}${url.search}`);
    if (!isGraphql && !url.pathname.startsWith(base))
      violations.push(`${method} ${url.pathname}: not below ${base}`);

    const fault = takeFault(method, path);
    if (fault !== undefined && fault.after !== true) {
      await reply(fault.reply, request, response);
      return;
    }
    const done = isGraphql
      ? answerGraphql(tokenOf(request), await readJson(request, (problems) => violations.push(...problems)))
      : await handle(request, url, path, isUpload);
    await reply(fault?.reply ?? done, request, response);
  }

  function tokenOf({ headers }: IncomingMessage): Token | undefined {
    return tokens[/^(?:token|bearer) (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''];
  }

  function takeFault(method: string, path: string): GithubFault | undefined {
    const entry = faults.find(
      ({ fault, left }) => left > 0 && fault.method === method && path.includes(fault.path),
    );
    if (entry !== undefined) entry.left -= 1;
    return entry?.fault;
  }

  async function handle(
    request: IncomingMessage,
    url: URL,
    path: string,
    isUpload: boolean,
  ): Promise<Exclude<GithubReply, { list: unknown }>> {
    const { method = '' } = request;
    const say = (problems: readonly string[], what: string) => {
      violations.push(...problems.map((problem) => `${method} ${path}: ${what}: ${problem}`));
    };
    const route = routes.find(
      (one) => one.method === method && one.pattern.test(path) && one.operation.isUpload === isUpload,
    );
    if (route === undefined) {
      say(['nobody answers this'], 'request');
      return notFound();
    }
    const { operation } = route;
    const values = (route.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
    const params = Object.fromEntries(route.names.map((name, index) => [name, values[index] ?? '']));
    const query = Object.fromEntries(url.searchParams);
    const body = operation.takesBytes ? undefined : await readJson(request, say);
    say(checkHeaders(request, operation), 'headers');
    say(operation.checkParameters('path', params), 'path');
    say(operation.checkParameters('query', query), 'query');
    say(operation.checkBody(body), 'body');

    const token = tokenOf(request);
    const result =
      token === undefined
        ? problem(401, 'Bad credentials')
        : (refuse(route, token) ??
          (await route.answer({
            site,
            token,
            writes: method !== 'GET',
            params,
            query,
            body: (body ?? {}) as Readonly<Record<string, unknown>>,
            bytes: request,
          })));
    const done = 'list' in result ? pageOf(result.list, url) : result;
    say(operation.checkReply(done.status, done.body), `answer ${done.status}`);
    return done;
  }

  function refuse({ permissions, method }: Route, token: Token): GithubReply | undefined {
    const allowed = permissions.map((name) => token.permissions[name]);
    const mayRead = allowed.some((level) => level !== undefined);
    if (method === 'GET' ? mayRead || options.isPrivate !== true : allowed.includes('write'))
      return undefined;
    return mayRead || options.isPrivate !== true
      ? problem(403, 'Resource not accessible by integration')
      : notFound();
  }

  test.after(async () => {
    for (const server of new Set([api, uploads])) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    assert.deepEqual(violations, []);
  });
  return {
    ...site,
    environment: { GITHUB_API_URL: site.apiUrl, GITHUB_SERVER_URL: site.htmlUrl },
    calls,
    addFault: (fault) => {
      faults.push({ fault, left: fault.times ?? 1 });
    },
    takeViolations: () => violations.splice(0),
  };
}

/** An error in the form that GitHub gives it. @param errors what is wrong with fields, for a 422 */
export function problem(
  status: number,
  message: string,
  errors?: readonly { readonly resource: string; readonly code: string; readonly field: string }[],
): Exclude<GithubReply, { list: unknown }> {
  const documentation = 'https://docs.github.com/rest';
  const body = { message, documentation_url: documentation, ...(errors === undefined ? {} : { errors }) };
  return { status, body: status === 422 ? body : { ...body, status: String(status) } };
}

/** Also for what a token may not see. */
export function notFound(): Exclude<GithubReply, { list: unknown }> {
  return problem(404, 'Not Found');
}

/** docs.github.com, "Rate limits for the REST API": too many requests in a short time. */
export function secondaryLimit(
  seconds: number,
  status: 403 | 429 = 403,
): Exclude<GithubFault['reply'], string> {
  const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
  return { ...problem(status, message), headers: { 'retry-after': String(seconds) } };
}

/** The same, of too many requests in an hour: the limit ends at a time in seconds since 1970. */
export function primaryLimit(reset: number): Exclude<GithubFault['reply'], string> {
  return {
    ...problem(403, 'API rate limit exceeded for installation ID 1.'),
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) },
  };
}

function bind(route: Route): Bound {
  const operation = describeOperation(route.method, route.path);
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const pattern = new RegExp(`^${route.path.replace(/\{\w+\}/g, '([^/]+)')}$`);
  return { ...route, operation, names, pattern };
}

function checkHeaders({ method, headers }: IncomingMessage, { takesBytes }: Operation): string[] {
  const problems: string[] = [];
  if ((headers['user-agent'] ?? '') === '') problems.push('no user-agent');
  if (!(headers.accept ?? '').startsWith('application/vnd.github.'))
    problems.push(`accept: ${headers.accept}`);
  if (takesBytes && method === 'POST') {
    // GitHub takes no chunked upload.
    if (headers['content-length'] === undefined) problems.push('no content-length');
    if (headers['content-type'] === undefined) problems.push('no content-type');
  }
  return problems;
}

async function readJson(
  request: IncomingMessage,
  say: (problems: readonly string[], what: string) => void,
): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text === '') return undefined;
  if (!(request.headers['content-type'] ?? '').startsWith('application/json'))
    say(['no JSON'], 'content-type');
  return JSON.parse(text) as unknown;
}

function pageOf(list: readonly object[], url: URL): Exclude<GithubReply, { list: unknown }> {
  const size = Math.min(Number(url.searchParams.get('per_page') ?? '30'), 100);
  const page = Number(url.searchParams.get('page') ?? '1');
  const last = Math.max(1, Math.ceil(list.length / size));
  const link = (target: number, relation: string) => {
    const linked = new URL(url);
    linked.searchParams.set('page', String(target));
    return `<${linked.href}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev'), link(1, 'first')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ];
  const body = list.slice((page - 1) * size, page * size);
  return { status: 200, body, headers: links.length === 0 ? {} : { link: links.join(', ') } };
}

async function reply(
  result: GithubFault['reply'] | Exclude<GithubReply, { list: unknown }>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (result === 'reset') {
    request.socket.destroy();
    return;
  }
  // What is left of an upload is taken first, as GitHub's front does.
  request.resume();
  if (!request.complete) await new Promise((resolve) => request.once('close', resolve));
  send(response, result.status, result.body, result.headers);
}

function send(
  response: ServerResponse,
  status: number,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    'x-ratelimit-limit': '1000',
    'x-ratelimit-remaining': '999',
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
