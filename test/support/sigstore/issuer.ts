// An issuer of identity tokens as GitHub Actions has it (docs.github.com, "OpenID Connect"): OpenID's discovery, the keys,
// and the service that a job asks for a token.

import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { Service } from './service.ts';
import { json, startService } from './service.ts';

export type Claims = Readonly<Record<string, string | number>>;

export interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** A token for sigstore, with these claims in place of its own. */
  token(claims?: Claims): string;
  /** The variables that a runner gives a job with `id-token: write`; its tokens have these claims. */
  environment(claims?: Claims): Readonly<Record<string, string>>;
  /** The keys, for whoever checks tokens. */
  readonly publicKey: string;
}

/** Of a job on the branch main of owner/app. */
export const workflowClaims: Claims = {
  sub: 'repo:owner/app:ref:refs/heads/main',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  sha: '1234567890123456789012345678901234567890',
  repository: 'owner/app',
  repository_id: '1001',
  repository_owner: 'owner',
  repository_owner_id: '2002',
  repository_visibility: 'public',
  run_id: '42',
  run_number: '7',
  run_attempt: '1',
  actor: 'octocat',
  actor_id: '3003',
  workflow: 'Image',
  workflow_ref: 'owner/app/.github/workflows/image.yml@refs/heads/main',
  workflow_sha: '1234567890123456789012345678901234567890',
  job_workflow_ref: 'owner/app/.github/workflows/image.yml@refs/heads/main',
  job_workflow_sha: '1234567890123456789012345678901234567890',
  event_name: 'push',
  base_ref: '',
  head_ref: '',
  runner_environment: 'github-hosted',
};

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const requestToken = randomUUID();
  const claimsOfRequests = new Map<string, Claims>();
  let url = '';
  const token = (claims: Claims = {}): string => {
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: 'RS256', kid: 'test', typ: 'JWT' };
    const body = { iss: url, aud: 'sigstore', jti: randomUUID(), nbf: now - 60, iat: now, exp: now + 300 };
    const text = [header, { ...body, ...workflowClaims, ...claims }].map(encode).join('.');
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const service: Service = await startService('issuer', ({ path, query, headers }) => {
    if (path === '/.well-known/openid-configuration')
      return json(200, {
        issuer: url,
        jwks_uri: `${url}/keys`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    if (path === '/keys') {
      const key = { ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' };
      return json(200, { keys: [key] });
    }
    const claims = claimsOfRequests.get(query.get('run') ?? '');
    if (path !== '/token' || claims === undefined) return json(404, { message: 'no such path' });
    if (headers.authorization?.toLowerCase() !== `bearer ${requestToken}`)
      return json(401, { message: 'no such job' });
    return json(200, { count: 1, value: token({ aud: query.get('audience') ?? url, ...claims }) });
  });
  url = service.url;
  return {
    url,
    token,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    environment: (claims = {}) => {
      const run = randomUUID();
      claimsOfRequests.set(run, claims);
      return {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?run=${run}`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
      };
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
