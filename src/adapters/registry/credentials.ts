// Credentials for a registry: the places where they are kept, in order of precedence.

import { readDockerConfig } from './docker-config.ts';
import type { DockerConfig } from './docker-config.ts';
import { runHelper } from './credential-helper.ts';
import { credentialNames, vendorOf } from './vendors.ts';

export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, as "docker login" keeps it for registries such as Azure's. */
  | { readonly kind: 'identity'; readonly username: string; readonly token: string }
  /** A registry token, to be sent as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

export interface Credentials {
  /** Undefined for an anonymous user. @throws BimaError CREDENTIALS_FAILED for a file or a helper that is broken */
  find(registry: string, repository: string): Promise<Credential | undefined>;
}

export interface CredentialOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory; a user who has none has no files there. */
  readonly home: string | undefined;
  /** Credentials that the user gave, before anything kept in files. */
  readonly explicit?: readonly {
    readonly registry: string;
    readonly username: string;
    readonly password: string;
  }[];
  /** The job's token, for the registry that takes it, when nothing else fits. */
  readonly githubToken?: string;
}

/**
 * Looks, in this order, at what was given, `DOCKER_AUTH_CONFIG`, docker's config file, podman's auth files and
 * the GitHub token. Nothing is read before a registry asks.
 */
export function createCredentials(options: CredentialOptions): Credentials {
  const { env, explicit = [], githubToken } = options;
  const configs: (() => Promise<DockerConfig | undefined>)[] = [
    () => readDockerConfig({ kind: 'text', name: 'DOCKER_AUTH_CONFIG', text: env.DOCKER_AUTH_CONFIG }),
    ...filesOf(options).map((path) => () => readDockerConfig({ kind: 'file', path })),
  ];
  return {
    async find(registry, repository) {
      const given = explicit.find((entry) => isSameRegistry(entry.registry, registry));
      if (given !== undefined) {
        return { kind: 'password', username: given.username, password: given.password };
      }
      for (const read of configs) {
        const config = await read();
        const found = config === undefined ? undefined : await findIn(config, registry, repository, env);
        if (found !== undefined) return found;
      }
      if (vendorOf(registry).takesGithubToken === true && githubToken !== undefined && githubToken !== '') {
        // The token alone is looked at, but some name is wanted.
        return { kind: 'password', username: env.GITHUB_ACTOR ?? 'x-access-token', password: githubToken };
      }
      return undefined;
    },
  };
}

function filesOf({ env, home }: CredentialOptions): string[] {
  const value = (name: string) => (env[name] === '' ? undefined : env[name]);
  const runtime = value('XDG_RUNTIME_DIR');
  const named = value('REGISTRY_AUTH_FILE');
  const inHome = (name: string) => (home === undefined ? undefined : `${home}/${name}`);
  const [docker, config] = [
    value('DOCKER_CONFIG') ?? inHome('.docker'),
    value('XDG_CONFIG_HOME') ?? inHome('.config'),
  ];
  return [
    ...(docker === undefined ? [] : [`${docker}/config.json`]),
    ...(named === undefined ? [] : [named]),
    ...(runtime === undefined ? [] : [`${runtime}/containers/auth.json`]),
    ...(config === undefined ? [] : [`${config}/containers/auth.json`]),
  ];
}

async function findIn(
  config: DockerConfig,
  registry: string,
  repository: string,
  env: CredentialOptions['env'],
): Promise<Credential | undefined> {
  const names = credentialNames(registry);
  const helper = names.map((name) => config.helpers.get(name)).find((name) => name !== undefined);
  // A helper of the registry's own is its one source; the store of all registries may leave one to the file.
  if (helper !== undefined) return runHelper(helper, serverOf(registry), env);
  const stored =
    config.store === undefined ? undefined : await runHelper(config.store, serverOf(registry), env);
  if (stored !== undefined) return stored;
  return keysOf(names, repository)
    .map((key) => config.auths.get(key))
    .find((credential) => credential !== undefined);
}

/** The most particular key first: podman keeps credentials for parts of a registry too. */
function keysOf(names: readonly string[], repository: string): string[] {
  const parts = repository.split('/');
  const prefixes = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
  return [...prefixes, ''].flatMap((prefix) => names.map((name) => `${name}${prefix}`));
}

/** What a helper is asked for. */
function serverOf(registry: string): string {
  return vendorOf(registry).helperKey ?? registry;
}

function isSameRegistry(given: string, registry: string): boolean {
  return credentialNames(registry).includes(
    given
      .toLowerCase()
      .replace(/^https?:\/\//, '')
      .replace(/\/.*$/s, ''),
  );
}
