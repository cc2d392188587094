// A token server in the form that registries use (distribution's docs, spec/auth), on loopback.
// Its tokens are real JWTs: the strict registry checks them, and so does Debian's docker-registry.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isObject, isStringArray } from '../../src/core/oci/json.ts';
import type { Access, RegistryAuth, Reply } from './registry.ts';

export const service = 'registry.test';
export const issuer = 'token.test';

export interface Grant {
  readonly repository: string;
  readonly actions: readonly string[];
}

export interface TokenServerOptions {
  /** Whoever may have tokens; without it, everybody. */
  readonly user?: { readonly name: string; readonly password: string };
  /** PEM; an EC P-256 key of its own by default. */
  readonly signingKey?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Seconds; 300 by default. */
  readonly lifetime?: number;
  /** Seconds before a token is valid; none by default. */
  readonly validAfter?: number;
  /** In milliseconds. Tokens are made and checked by this clock. */
  readonly now?: () => number;
  /** What is granted of what was asked; all of it by default. 'refused' turns the whole request down. */
  readonly grant?: (asked: readonly Grant[]) => readonly Grant[] | 'refused';
  /** Answers POST with this status, as registries without that flow do. */
  readonly postStatus?: number;
  /** Answers in the server's place. */
  readonly intercept?: (request: TokenRequest) => Reply | undefined;
  /** Changes the answer's document before it is sent. */
  readonly reply?: (document: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

export interface TokenRequest {
  readonly method: string;
  /** As asked for, in order. */
  readonly scopes: readonly string[];
  readonly parameters: URLSearchParams;
  readonly authorization: string | undefined;
}

export interface TokenServer extends AsyncDisposable {
  readonly realm: string;
  readonly requests: readonly TokenRequest[];
  /** Every token given out, refresh tokens too: none may show in a log. */
  readonly tokens: readonly string[];
  /** Requests that break a rule of the token protocol. */
  readonly violations: readonly string[];
  /** For the strict registry. */
  readonly auth: RegistryAuth;
  /** From now on no token given out before is accepted. */
  revoke(): void;
  close(): Promise<void>;
}

export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const key = createSigningKey(options.signingKey);
  const now = options.now ?? Date.now;
  const requests: TokenRequest[] = [];
  const tokens: string[] = [];
  const violations: string[] = [];
  let revoked = new Set<string>();
  const refreshTokens = new Set<string>();

  function issue(access: readonly Grant[]): string {
    const seconds = Math.floor(now() / 1000);
    const token = key.sign({
      iss: issuer,
      sub: options.user?.name ?? '',
      aud: service,
      iat: seconds,
      nbf: seconds + (options.validAfter ?? -10),
      exp: seconds + (options.lifetime ?? 300),
      jti: randomUUID(),
      access: access.map(({ repository, actions }) => ({ type: 'repository', name: repository, actions })),
    });
    tokens.push(token);
    return token;
  }

  function answer(request: TokenRequest): Reply {
    const { method, parameters, authorization } = request;
    if (method === 'POST' && options.postStatus !== undefined) return json(options.postStatus, {});
    if (parameters.get('service') !== service) violations.push('service-missing');
    const asked = request.scopes.map(parseScope);
    if (asked.some((scope) => scope === undefined)) violations.push(`scope: ${request.scopes.join(' ')}`);
    const refresh = method === 'POST' ? checkForm(parameters) : checkBasic(authorization);
    if (refresh === undefined) return json(401, { errors: [{ code: 'UNAUTHORIZED' }] });

    const grants = asked.filter((scope) => scope !== undefined);
    const granted = options.grant?.(grants) ?? grants;
    if (granted === 'refused') return json(403, { errors: [{ code: 'DENIED' }] });
    const token = issue(granted);
    const times = { expires_in: options.lifetime ?? 300, issued_at: new Date(now()).toISOString() };
    const document =
      method === 'POST'
        ? { access_token: token, ...times, ...refresh }
        : { token, access_token: token, ...times };
    return json(200, options.reply?.(document) ?? document);
  }

  function checkBasic(authorization: string | undefined): object | undefined {
    if (options.user === undefined) {
      if (authorization !== undefined) violations.push('basic-unasked');
      return {};
    }
    return authorization === basicOf(options.user.name, options.user.password) ? {} : undefined;
  }

  function checkForm(form: URLSearchParams): object | undefined {
    if (form.get('client_id') === null) violations.push('client-id-missing');
    const grantType = form.get('grant_type');
    if (grantType === 'refresh_token') {
      const known = form.get('refresh_token') ?? '';
      const isIdentity = known === options.user?.password;
      return isIdentity || refreshTokens.has(known) ? { refresh_token: known } : undefined;
    }
    if (grantType !== 'password') {
      violations.push('grant-type');
      return undefined;
    }
    const { user } = options;
    if (form.get('username') !== user?.name || form.get('password') !== user.password) return undefined;
    if (form.get('access_type') !== 'offline') return {};
    const refresh = randomUUID();
    refreshTokens.add(refresh);
    tokens.push(refresh);
    return { refresh_token: refresh };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://token.test');
    const method = request.method ?? '';
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    if (method === 'POST' && request.headers['content-type'] !== 'application/x-www-form-urlencoded') {
      violations.push('form-content-type');
    }
    const parameters =
      method === 'POST' ? new URLSearchParams(Buffer.concat(body).toString()) : url.searchParams;
    const scopes =
      method === 'POST'
        ? (parameters.get('scope') ?? '').split(' ').filter(Boolean)
        : parameters.getAll('scope');
    const { authorization } = request.headers;
    const record: TokenRequest = { method, scopes, parameters, authorization };
    requests.push(record);
    if (url.pathname !== '/token') violations.push(`path ${url.pathname}`);
    const reply = options.intercept?.(record) ?? answer(record);
    response.writeHead(reply.status, reply.headers);
    response.end(reply.body);
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => {
      violations.push(`the token server failed: ${String(error)}`);
      response.destroy();
    });
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const scheme = options.tls === undefined ? 'http' : 'https';
  const realm = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/token`;

  /** Those of a token that is good at the moment, whatever it grants. */
  function claimsOf(authorization: string | undefined): Readonly<Record<string, unknown>> | undefined {
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    if (token === undefined || revoked.has(token)) return undefined;
    const claims = key.verify(token);
    const isOver = Number(claims?.exp) * 1000 <= now();
    const isEarly = Number(claims?.nbf) * 1000 > now();
    return claims?.aud !== service || isOver || isEarly ? undefined : claims;
  }

  const auth: RegistryAuth = {
    challenge(needed, sent) {
      const scopes = needed.reduce((map, { repository, action }) => {
        return map.set(repository, [...(map.get(repository) ?? []), action]);
      }, new Map<string, string[]>());
      const scope = [...scopes].map(([name, actions]) => `repository:${name}:${actions.join(',')}`).join(' ');
      const error =
        sent === undefined
          ? ''
          : `,error="${claimsOf(sent) !== undefined ? 'insufficient_scope' : 'invalid_token'}"`;
      const scopePart = scope === '' ? '' : `,scope="${scope}"`;
      return [`Bearer realm="${realm}",service="${service}"${scopePart}${error}`];
    },
    allows(authorization, needed) {
      const claims = claimsOf(authorization);
      return claims !== undefined && needed.every((access) => isGranted(claims.access, access));
    },
  };

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  return {
    realm,
    requests,
    tokens,
    violations,
    auth,
    revoke: () => {
      revoked = new Set(tokens);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The strict registry behind Basic authentication. */
export function basicAuth(name: string, password: string): RegistryAuth {
  return {
    challenge: () => ['Basic realm="registry"'],
    allows: (authorization) => authorization === basicOf(name, password),
  };
}

export function basicOf(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function isGranted(access: unknown, needed: Access): boolean {
  if (!Array.isArray(access)) return false;
  return access.some(
    (item) =>
      isObject(item) &&
      item.name === needed.repository &&
      isStringArray(item.actions) &&
      item.actions.includes(needed.action),
  );
}

function parseScope(text: string): Grant | undefined {
  const match = /^repository:([^:]+):([a-z,*]+)$/.exec(text);
  if (match === null) return undefined;
  return { repository: match[1] ?? '', actions: (match[2] ?? '').split(',') };
}

function json(status: number, document: object): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}

interface SigningKey {
  sign(claims: object): string;
  /** The claims of a token with a good signature. */
  verify(token: string): Readonly<Record<string, unknown>> | undefined;
}

function createSigningKey(pem: string | undefined): SigningKey {
  const privateKey =
    pem === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const alg = publicKey.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256';
  const header = encode({ typ: 'JWT', alg, kid: keyIdOf(publicKey) });
  return {
    sign(claims) {
      const text = `${header}.${encode(claims)}`;
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${text}.${signature.toString('base64url')}`;
    },
    verify(token) {
      const [head = '', body = '', signature = ''] = token.split('.');
      const isGood = verify(
        'sha256',
        Buffer.from(`${head}.${body}`),
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
      const claims: unknown = isGood ? JSON.parse(Buffer.from(body, 'base64url').toString()) : undefined;
      return isObject(claims) ? claims : undefined;
    },
  };
}

/** How docker-registry 2.8 finds the key: libtrust's fingerprint, 30 bytes of the public key's sha256 in base32. */
function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const bytes = createHash('sha256').update(der).digest().subarray(0, 30);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = bits.match(/.{5}/g)?.map((group) => alphabet[parseInt(group, 2)] ?? '') ?? [];
  return (letters.join('').match(/.{4}/g) ?? []).join(':');
}

/**
 * @param certificate PEM, with the key that signs the tokens
 * @returns a JWK set (RFC 7517) in which the key has the name that the tokens give it
 */
export function keySetOf(certificate: Buffer): object {
  const publicKey = createPublicKey(certificate);
  return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyIdOf(publicKey), use: 'sig' }] };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
