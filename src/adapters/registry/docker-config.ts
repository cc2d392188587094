// The files that docker and podman keep credentials in (docker's config.json, podman's auth.json).

import { BimaError, isSystemError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { isObject, isStringMap } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { readRegular } from '../filesystem/open-regular.ts';
import type { Credential } from './credentials.ts';

export interface DockerConfig {
  /** By `host[:port]` or `host[:port]/path`, without scheme and version. */
  readonly auths: ReadonlyMap<string, Credential>;
  /** The credential helper of a registry: the part of its name after `docker-credential-`. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for every registry that has none of its own. */
  readonly store?: string;
}

/** Where a config comes from: a file, or a variable's text. */
export type ConfigSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly name: string; readonly text: string | undefined };

/**
 * Undefined when the file doesn't exist or the text is empty.
 * @throws BimaError CREDENTIALS_FAILED, with the file's name, when it can't be read as such a config
 */
export async function readDockerConfig(source: ConfigSource): Promise<DockerConfig | undefined> {
  if (source.kind === 'text') {
    const { name, text } = source;
    return text === undefined || text.trim() === '' ? undefined : parseDockerConfig(text, name);
  }
  let text: string;
  try {
    const bytes = await readRegular(source.path, limits.settings, {
      code: 'CREDENTIALS_FAILED',
      follow: true,
    });
    text = Buffer.from(bytes).toString();
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT') || isSystemError(cause, 'ENOTDIR')) return undefined;
    if (cause instanceof BimaError) throw cause;
    throw new BimaError('CREDENTIALS_FAILED', `"${source.path}" can't be read`, { cause });
  }
  // Docker itself creates an empty file now and then.
  return text.trim() === '' ? undefined : parseDockerConfig(text, `"${source.path}"`);
}

/** @param what names the text in errors. @throws BimaError CREDENTIALS_FAILED */
export function parseDockerConfig(text: string, what: string): DockerConfig {
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // Without the cause: the parser's message quotes the text.
    throw new BimaError('CREDENTIALS_FAILED', `${what} is not valid JSON`);
  }
  if (!isObject(document)) throw new BimaError('CREDENTIALS_FAILED', `${what} is not a JSON object`);
  const auths = isObject(document.auths) ? document.auths : {};
  const { credHelpers, credsStore } = document;
  return {
    auths: new Map(
      Object.entries(auths).flatMap(([key, entry]) => {
        const credential = isObject(entry) ? readEntry(entry, `${what}: auths["${key}"]`) : undefined;
        return credential === undefined ? [] : [[normalKey(key), credential] as const];
      }),
    ),
    helpers: new Map(
      Object.entries(isStringMap(credHelpers) ? credHelpers : {}).map(([key, name]) => [
        normalKey(key),
        name,
      ]),
    ),
    ...(typeof credsStore === 'string' && credsStore !== '' ? { store: credsStore } : {}),
  };
}

/** Old keys are URLs, such as `https://index.docker.io/v1/`. */
function normalKey(key: string): string {
  return key
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/\/v[12]$/, '');
}

/** Undefined for an entry that only says that a helper has it. */
function readEntry(entry: JsonObject, what: string): Credential | undefined {
  const { registrytoken, identitytoken, username, password, auth } = entry;
  const pair = typeof auth === 'string' && auth !== '' ? decodePair(auth, what) : undefined;
  const name = pair?.username ?? (typeof username === 'string' ? username : '');
  if (typeof registrytoken === 'string' && registrytoken !== '')
    return { kind: 'bearer', token: registrytoken };
  if (typeof identitytoken === 'string' && identitytoken !== '') {
    return { kind: 'identity', username: name, token: identitytoken };
  }
  const secret = pair?.password ?? (typeof password === 'string' ? password : '');
  return name === '' || secret === '' ? undefined : { kind: 'password', username: name, password: secret };
}

function decodePair(auth: string, what: string): { username: string; password: string } {
  const invalid = (why: string) => new BimaError('CREDENTIALS_FAILED', `${what}: "auth" ${why}`);
  if (!/^[A-Za-z0-9+/_-]+=*\s*$/.test(auth)) throw invalid('is not base64');
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon === -1) throw invalid('holds no "user:password"');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
