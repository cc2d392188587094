// Authorization at one repository: learns from a 401 how to log in, and keeps tokens until they wear out.

import { parseChallenges } from './challenge.ts';
import type { Challenge } from './challenge.ts';
import type { Clock } from '../../core/clock.ts';
import type { Credential, Credentials } from './credentials.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { clean } from '../../core/text.ts';
import { BimaError } from '../../core/errors.ts';
import { parseRealm } from './realm.ts';
import { withChallenged } from './scope.ts';
import type { Scope } from './scope.ts';
import type { Secrets } from '../http/secrets.ts';
import { basicHeader } from './token.ts';
import type { Token, TokenRequest } from './token.ts';

export type ChallengeHeader = string | readonly string[] | undefined;

export interface AuthorizerOptions {
  readonly registry: string;
  readonly repository: string;
  /** The registry's current origin. */
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
  | Bearer;

interface Bearer {
  readonly kind: 'bearer';
  readonly realm: Endpoint;
  readonly service: string | undefined;
}

export class Authorizer {
  readonly #options: AuthorizerOptions;
  #mode: Mode = { kind: 'unknown' };
  #credential: Promise<Credential | undefined> | undefined;
  /** Tokens by the scopes that they were requested for. */
  readonly #tokens = new Map<string, Promise<Token>>();
  /** Further scopes that challenges asked for, by the same keys. */
  readonly #challenged = new Map<string, string>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /**
   * The Authorization header for these scopes, or undefined while the registry hasn't asked for one.
   * @param long for a request with a long body, which needs a token with enough life left
   */
  async header(scopes: readonly Scope[], long = false): Promise<string | undefined> {
    // Another request's 401 may change the mode while a token is awaited.
    const mode = this.#mode;
    if (mode.kind === 'unknown') return undefined;
    return mode.kind === 'bearer' ? headerOfToken(await this.#token(mode, scopes, long)) : mode.header;
  }

  /**
   * Takes in a 401 that came in spite of, or for want of, `used`. True when asking {@link header} again gives
   * another value, and so a reason to send the request again.
   * @throws BimaError for a challenge that can't or mustn't be met
   */
  async renew(scopes: readonly Scope[], used: string | undefined, header: ChallengeHeader): Promise<boolean> {
    const known = parseChallenges(header);
    const isAnswered = known.some(({ scheme }) => scheme === 'bearer' || scheme === 'basic');
    if (isAnswered || this.#mode.kind === 'unknown') {
      const all = isAnswered ? known : [...known, ...parseChallenges(await this.#options.ping())];
      this.#mode = await this.#modeFor(all, scopes);
    }
    const mode = this.#mode;
    if (mode.kind !== 'bearer') return mode.kind !== 'unknown' && used !== mode.header;
    const key = scopes.join(' ');
    const kept = this.#tokens.get(key);
    // Only the token that was refused is thrown away, not one that another request has fetched since.
    if (kept !== undefined && headerOfToken(await kept) === used && this.#tokens.get(key) === kept) {
      this.#tokens.delete(key);
    }
    return true;
  }

  async #token(mode: Bearer, scopes: readonly Scope[], long: boolean): Promise<Token> {
    const key = scopes.join(' ');
    const kept = this.#tokens.get(key);
    if (kept !== undefined && isGood(await kept, this.#options.clock.now(), long)) return kept;
    // A request at the same time may have replaced it by now.
    const current = this.#tokens.get(key);
    if (current !== undefined && current !== kept) return current;
    const fetched = this.#fetch(mode, scopes, this.#challenged.get(key));
    this.#tokens.set(key, fetched);
    fetched.catch(() => {
      if (this.#tokens.get(key) === fetched) this.#tokens.delete(key);
    });
    return fetched;
  }

  async #fetch(
    { realm, service }: Bearer,
    scopes: readonly Scope[],
    extra: string | undefined,
  ): Promise<Token> {
    const { registry, repository, fetchToken } = this.#options;
    const known = await this.#login();
    return fetchToken({
      realm,
      service,
      scopes: withChallenged(scopes, extra),
      credential: known?.kind === 'bearer' ? undefined : known,
      registry,
      repository,
    });
  }

  #login(): Promise<Credential | undefined> {
    const { credentials, registry, repository } = this.#options;
    return (this.#credential ??= credentials.find(registry, repository));
  }

  /** How to answer the challenges: by a token where there is a choice. */
  async #modeFor(challenges: readonly Challenge[], scopes: readonly Scope[]): Promise<Mode> {
    const { registry, secrets } = this.#options;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
    if (bearer === undefined && !isBasic) throw unanswerable(registry, challenges, secrets);
    const known = await this.#login();
    if (known?.kind === 'bearer') {
      secrets.add(known.token, 'user');
      return { kind: 'fixed', header: `Bearer ${known.token}` };
    }
    if (bearer === undefined) {
      if (known === undefined) throw needsLogin(registry);
      return { kind: 'fixed', header: basicHeader(known, secrets) };
    }
    const extra = bearer.parameters.get('scope');
    if (extra !== undefined) this.#challenged.set(scopes.join(' '), extra);
    const realm = this.#realm(bearer, known !== undefined);
    return { kind: 'bearer', realm, service: bearer.parameters.get('service') };
  }

  #realm({ parameters }: Challenge, hasCredential: boolean): Endpoint {
    const { origin, secrets, trustedRealms: trusted } = this.#options;
    const rules = { origin: origin(), hasCredential, trusted };
    return secrets.guard(() => parseRealm(parameters.get('realm') ?? '', rules));
  }
}

function headerOfToken({ value }: Token): string {
  return `Bearer ${value}`;
}

/** True when the registry says that the token is good and grants too little: no waiting makes it grant more. */
export function isAboutScope(header: ChallengeHeader): boolean {
  return parseChallenges(header).some(({ parameters }) => parameters.get('error') === 'insufficient_scope');
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

function unanswerable(registry: string, challenges: readonly Challenge[], secrets: Secrets): BimaError {
  const offered = challenges.map(({ spelled }) => `"${clean(secrets.scrub(spelled), 40)}"`).join(', ');
  return new BimaError(
    'REGISTRY_PROTOCOL',
    offered === ''
      ? `${registry} answered 401 without a challenge that says how to log in`
      : `${registry} asks for a login by ${offered}, expected Basic or Bearer`,
  );
}
