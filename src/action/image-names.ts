// From the inputs `tags`, `image` and `registry` to the full references of the image.

import type { Environment } from '../core/environment.ts';
import { BimaError } from '../core/errors.ts';
import { formatReference, parseReference, withDefaultTag } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { serverUrl } from './page-urls.ts';

export interface NamingInputs {
  /** Full references or bare tags. */
  readonly tags: readonly string[];
  readonly image?: string;
  readonly registry?: string;
}

export interface NamingDefaults {
  /** The base name for bare tags; asked only without the input `image`. */
  readonly image: () => string;
  /** Asked only without the input `tags`. */
  readonly tags: () => readonly string[];
}

/**
 * Each reference once, with a tag, its repository in lower case. `registry` completes whatever names no host; without
 * it Docker Hub does, unless `image` names another registry: one that nobody named is never chosen then.
 * @throws BimaError INPUT_INVALID or REFERENCE_INVALID
 */
export function resolveReferences(inputs: NamingInputs, defaults: NamingDefaults): Reference[] {
  const words = inputs.tags.length > 0 ? inputs.tags : defaults.tags();
  const references = words.map((word) => {
    return /[/:@]/.test(word)
      ? fullReference(word, inputs, defaults)
      : parseReference(`${formatReference(baseName(inputs, defaults))}:${word}`);
  });
  return [...new Map(references.map((reference) => [formatReference(reference), reference])).values()];
}

/** The repository that bare tags belong to. @throws BimaError INPUT_INVALID or REFERENCE_INVALID */
export function baseName(inputs: NamingInputs, defaults: Pick<NamingDefaults, 'image'>): Reference {
  const { image, registry } = inputs;
  if (image === undefined) return defaultName(defaults.image(), registry);
  const hasOwn = registry === undefined || hostOf(image) !== undefined;
  const base = parseReference(lowerName(hasOwn ? image : `${registry}/${image}`));
  if (base.tag === undefined && base.digest === undefined) return base;
  throw new BimaError(
    'INPUT_INVALID',
    `expected a name without a tag for the input "image", got "${image}"`,
    { hint: 'Put the tag in the input "tags".' },
  );
}

/** GitHub allows names of owners and repositories that no image can have. */
function defaultName(image: string, registry: string | undefined): Reference {
  const name = registry === undefined ? image : moveTo(registry, image);
  try {
    return parseReference(lowerName(name));
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    const [host = '', ...path] = name.split('/');
    const possible = path.map((part) => part.toLowerCase().replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, ''));
    throw new BimaError(
      'INPUT_INVALID',
      `expected the input "image", got none, and "${name}", the default, can't name an image`,
      { hint: `Set a name that can, such as image: ${[host, ...possible].join('/')}`, cause: error },
    );
  }
}

/** A path after the registry's host replaces the owner. */
function moveTo(registry: string, image: string): string {
  const path = image.split('/').slice(1);
  return [registry, ...(registry.includes('/') ? path.slice(-1) : path)].join('/');
}

/** The part of a name that is a registry's host, if there is one: it has a dot, a port or a bracket, or is localhost. */
function hostOf(name: string): string | undefined {
  const [first = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (/[.:[]/.test(first) || first === 'localhost');
  return isHost ? first.toLowerCase() : undefined;
}

/**
 * Where the packages of this server are: ghcr.io for github.com, and the places that GitHub Enterprise and Gitea have.
 * @param repository `owner/name`
 */
export function defaultImage(environment: Environment): string {
  const repository = environment.GITHUB_REPOSITORY ?? '';
  if (repository === '') {
    throw new BimaError('INPUT_INVALID', 'expected the input "image", got none outside of a repository');
  }
  return `${packageHost(environment)}/${repository.toLowerCase()}`;
}

/** True for the registry whose manifests are versions of packages, which the API of this server deletes. */
export function isPackageRegistry(registry: string, environment: Environment): boolean {
  if (isGithubCom(environment)) return registry === 'ghcr.io';
  return !isGitea(environment) && registry === packageHost(environment);
}

function packageHost(environment: Environment): string {
  if (isGithubCom(environment)) return 'ghcr.io';
  const { host } = new URL(serverUrl(environment));
  return isGitea(environment) ? host : `containers.${host}`;
}

function isGitea({ GITEA_ACTIONS: gitea, FORGEJO_ACTIONS: forgejo }: Environment): boolean {
  return gitea === 'true' || forgejo === 'true';
}

/** True where ghcr.io accepts the job's token. */
export function isGithubCom(environment: Environment): boolean {
  return serverUrl(environment) === 'https://github.com';
}

function fullReference(word: string, inputs: NamingInputs, defaults: NamingDefaults): Reference {
  const { registry, image } = inputs;
  const host = hostOf(word);
  const hasTag = /:[^/]*$/.test(word);
  if (word.includes('@') || word.includes('://')) return parseTagged(word);
  if (!hasTag && (host === undefined || isDoubtful(host, inputs))) throw ambiguous(word, inputs, defaults);
  if (host !== undefined) return parseTagged(word);
  if (registry !== undefined) return parseTagged(`${registry}/${word}`);
  if (image === undefined) return parseTagged(word);
  const named = parseReference(lowerName(image)).registry;
  if (named === 'docker.io') return parseTagged(word);
  throw new BimaError(
    'REFERENCE_INVALID',
    `expected a registry before "${word}" in the input "tags", got none beside the image "${image}"`,
    { hint: `Write ${named}/${word}, or docker.io/${word} for Docker Hub.` },
  );
}

/** What has a dot may as well be the name of a branch, such as `v1.2/fix`, where other inputs name another host. */
function isDoubtful(host: string, { image, registry }: NamingInputs): boolean {
  const named = [registry, image].flatMap((name) => (name === undefined ? [] : (hostOf(`${name}/`) ?? [])));
  if (named.includes(host)) return false;
  return named.length > 0 || !/^(?:.*:\d+|localhost|\[.*\]|(?:\d+\.){3}\d+|.*\.[a-z][a-z-]+)$/.test(host);
}

function ambiguous(word: string, inputs: NamingInputs, defaults: NamingDefaults): BimaError {
  const number = /^(\d+)\/(?:merge|head)$/.exec(word)?.[1];
  const tag = number === undefined ? word.replaceAll('/', '-') : `pr-${number}`;
  const path = hostOf(word) === undefined ? `${baseName(inputs, defaults).registry}/${word}` : word;
  return new BimaError(
    'REFERENCE_INVALID',
    `expected a tag, or a name with a registry and a tag, for the input "tags", got "${word}"`,
    { hint: `For a tag write ${tag}, for the image of that name ${path.toLowerCase()}:latest` },
  );
}

function parseTagged(word: string): Reference {
  const reference = withDefaultTag(parseReference(lowerName(word)));
  if (reference.digest === undefined) return reference;
  throw new BimaError('REFERENCE_INVALID', `expected a name and a tag for the input "tags", got "${word}"`, {
    hint: 'Leave the digest out: it follows from the content.',
  });
}

/** An owner's name may have capitals on GitHub, and never in a reference. The tag stays as it is. */
function lowerName(text: string): string {
  return text.replace(/^.*?(?=(?::[^/:@]*)?(?:@.*)?$)/s, (name) => name.toLowerCase());
}
