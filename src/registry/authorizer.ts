// Authorization at one repository: learns from a 401 how to log in, and keeps tokens until they wear out.

import { parseChallenges } from './challenge.ts';
import type { Challenge } from './challenge.ts';
import type { Clock } from './clock.ts';
import type { Credential, Credentials } from './credentials.ts';
import type { Endpoint } from './endpoints.ts';
import { clean } from './error-body.ts';
import { BimaError } from '../errors.ts';
import { parseRealm } from './realm.ts';
import { withChallenged } from './scope.ts';
import type { Scope } from './scope.ts';
import type { Secrets } from './secrets.ts';
import { basicHeader } from './token.ts';
import type { Token, TokenRequest } from './token.ts';

export interface Authorizer {
  /**
   * The Authorization header for these scopes, or undefined while the registry hasn't asked for one.
   * @param long for a request with a long body, which needs a token with enough life left
   */
  header(scopes: readonly Scope[], long?: boolean): Promise<string | undefined>;
  /**
   * Takes in a 401 that came in spite of, or for want of, `used`. True when asking {@link header} again gives
   * another value, and so a reason to send the request again.
   * @throws BimaError for a challenge that can't or mustn't be met
   */
  renew(scopes: readonly Scope[], used: string | undefined, challenge: ChallengeHeader): Promise<boolean>;
}

export type ChallengeHeader = string | readonly string[] | undefined;

export interface AuthorizerOptions {
  readonly registry: string;
  readonly repository: string;
  /** The registry's origin as it is now. */
  readonly origin: () => string;
  readonly credentials: Credentials;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly trustedRealms: readonly string[];
  readonly fetchToken: (request: TokenRequest) => Promise<Token>;
  /** The challenge of the API's root, for registries that forget it elsewhere. */
  readonly ping: () => Promise<ChallengeHeader>;
}

type Mode =
  | { readonly kind: 'unknown' }
  /** Basic, or a registry token: the same for every request. */
  | { readonly kind: 'fixed'; readonly header: string }
  | { readonly kind: 'bearer'; readonly realm: Endpoint; readonly service: string | undefined };

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { registry, repository, credentials, secrets, clock } = options;
  let mode: Mode = { kind: 'unknown' };
  let credential: Promise<Credential | undefined> | undefined;
  const tokens = new Map<string, Promise<Token>>();
  /** What challenges asked for besides, by the same keys. */
  const challenged = new Map<string, string>();

  const login = () => (credential ??= credentials.find(registry, repository));
  const headerOfToken = (token: Token) => `Bearer ${token.value}`;
  const given = (token: string) => {
    secrets.add(token);
    return `Bearer ${token}`;
  };

  async function tokenFor(scopes: readonly Scope[], long: boolean): Promise<Token> {
    const key = scopes.join(' ');
    const kept = tokens.get(key);
    if (kept !== undefined && isGood(await kept, clock.now(), long)) return kept;
    // Whoever asked at the same time may have replaced it by now.
    const current = tokens.get(key);
    if (current !== undefined && current !== kept) return current;
    const fetched = fetchToken(scopes, challenged.get(key));
    tokens.set(key, fetched);
    fetched.catch(() => {
      if (tokens.get(key) === fetched) tokens.delete(key);
    });
    return fetched;
  }

  async function fetchToken(scopes: readonly Scope[], extra: string | undefined): Promise<Token> {
    if (mode.kind !== 'bearer') throw new Error('unreachable: only a bearer challenge leads here');
    const { realm, service } = mode;
    const known = await login();
    return options.fetchToken({
      realm,
      service,
      scopes: withChallenged(scopes, extra),
      credential: known?.kind === 'bearer' ? undefined : known,
      registry,
      repository,
    });
  }

  async function adopt(challenges: readonly Challenge[], scopes: readonly Scope[]): Promise<void> {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      const known = await login();
      if (known?.kind === 'bearer') {
        mode = { kind: 'fixed', header: given(known.token) };
        return;
      }
      const realm = secrets.guard(() =>
        parseRealm(bearer.parameters.get('realm') ?? '', {
          origin: options.origin(),
          hasCredential: known !== undefined,
          trusted: options.trustedRealms,
        }),
      );
      mode = { kind: 'bearer', realm, service: bearer.parameters.get('service') };
      const extra = bearer.parameters.get('scope');
      if (extra !== undefined) challenged.set(scopes.join(' '), extra);
      return;
    }
    if (challenges.some(({ scheme }) => scheme === 'basic')) {
      const known = await login();
      if (known === undefined) throw needsLogin(registry);
      mode = {
        kind: 'fixed',
        header: known.kind === 'bearer' ? given(known.token) : basicHeader(known, secrets),
      };
      return;
    }
    const offered = challenges.map(({ scheme }) => `"${clean(secrets.scrub(scheme), 40)}"`).join(', ');
    throw new BimaError(
      'REGISTRY_PROTOCOL',
      offered === ''
        ? `${registry} answered 401 without a challenge that says how to log in`
        : `${registry} asks for a login by ${offered}, expected Basic or Bearer`,
    );
  }

  return {
    async header(scopes, long = false) {
      if (mode.kind === 'unknown') return undefined;
      return mode.kind === 'bearer' ? headerOfToken(await tokenFor(scopes, long)) : mode.header;
    },
    async renew(scopes, used, header) {
      const known = parseChallenges(header);
      const isAnswered = known.some(({ scheme }) => scheme === 'bearer' || scheme === 'basic');
      if (isAnswered || mode.kind === 'unknown') {
        await adopt(isAnswered ? known : [...known, ...parseChallenges(await options.ping())], scopes);
      }
      if (mode.kind !== 'bearer') return mode.kind !== 'unknown' && used !== mode.header;
      const key = scopes.join(' ');
      const kept = tokens.get(key);
      // Only the token that was refused is thrown away, not one that another request has fetched since.
      if (kept !== undefined && headerOfToken(await kept) === used) tokens.delete(key);
      return true;
    },
  };
}

/** A fresh token is always good; an old one needs a tenth of its life left, or for a long body a good part of it. */
function isGood(token: Token, now: number, long: boolean): boolean {
  const { issued, lifetime } = token;
  const needed = long ? Math.min(lifetime / 2, 120_000) : lifetime / 10;
  return issued + lifetime - now > needed;
}

function needsLogin(registry: string): BimaError {
  return new BimaError(
    'REGISTRY_UNAUTHORIZED',
    `${registry} asks for a user name and a password, and none are known`,
    {
      hint: `Log in first, for example with "docker login ${registry}", or give a user name and a password.`,
    },
  );
}
