// Image references: registry/repository[:tag][@digest] (the grammar of github.com/distribution/reference,
// with docker.io as the default registry).

import { BimaError } from '../errors.ts';
import { isDigest } from './digest.ts';
import type { Digest } from './digest.ts';

export interface Reference {
  /** `host[:port]`; `docker.io` for Docker Hub. */
  readonly registry: string;
  /** The path without the registry, such as `library/redis`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const registryPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** Longest registry and repository together, as in distribution/reference. */
const maxNameLength = 255;

/**
 * Reads a reference in any of the field's forms; a name without a registry is Docker Hub's.
 * No tag is added: see {@link withDefaultTag}.
 * @throws BimaError REFERENCE_INVALID
 */
export function parseReference(text: string): Reference {
  const invalid = (why: string, hint?: string) =>
    new BimaError(
      'REFERENCE_INVALID',
      `"${text}" is not an image reference: ${why}`,
      hint === undefined ? {} : { hint },
    );

  if (text === '') throw invalid('it is empty');
  if (/\s/.test(text)) throw invalid('it holds white space');
  if (text.includes('://'))
    throw invalid('it is a URL', `Write it without the scheme: ${text.replace(/^.*?:\/\//, '')}`);

  const [name = '', digestText, ...rest] = text.split('@');
  if (rest.length > 0) throw invalid('it has more than one "@"');
  if (digestText !== undefined && !isDigest(digestText)) {
    throw invalid('after "@" it needs sha256: and 64 lower-case hexadecimal digits');
  }

  const { path, tag } = splitTag(name);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(
      `"${tag}" is not a tag`,
      'A tag has up to 128 letters, digits, "_", "." and "-", and starts with a letter, a digit or "_".',
    );
  }

  const { registry, repository } = splitRegistry(path);
  if (!registryPattern.test(registry)) throw invalid(`"${registry}" is not a registry host`);
  if (!repositoryPattern.test(repository)) {
    const lower = repository.toLowerCase();
    if (repositoryPattern.test(lower)) {
      const rest = text.slice(path.length);
      throw invalid('a repository name is lower-case', `Write ${path.toLowerCase()}${rest}`);
    }
    throw invalid(
      `"${repository}" is not a repository name`,
      'Its parts have lower-case letters and digits, with single ".", "_", "__" or "-" between them.',
    );
  }
  if (registry.length + 1 + repository.length > maxNameLength)
    throw invalid(`its name is over ${maxNameLength} characters`);

  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digestText === undefined ? {} : { digest: digestText }),
  };
}

/** The full form, such as `docker.io/library/redis:7`. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The same reference with the tag `latest` when it names neither a tag nor a digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: 'latest' }
    : reference;
}

function splitTag(name: string): { path: string; tag?: string } {
  const colon = name.lastIndexOf(':');
  // A colon before the last slash belongs to a port.
  if (colon === -1 || name.includes('/', colon)) return { path: name };
  return { path: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function splitRegistry(path: string): { registry: string; repository: string } {
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  // The first part is a host if no repository could start so: it has a dot, a port or a bracket, or is localhost.
  // distribution/reference takes upper case for a host as well; here `Owner/name` gets the error about upper case.
  const isHost = /[.:[]/.test(first) || first === 'localhost';
  const registry = slash !== -1 && isHost ? first : 'docker.io';
  const repository = slash !== -1 && isHost ? path.slice(slash + 1) : path;
  const isHub =
    registry === 'docker.io' || registry === 'index.docker.io' || registry === 'registry-1.docker.io';
  if (!isHub) return { registry, repository };
  return {
    registry: 'docker.io',
    repository: repository.includes('/') ? repository : `library/${repository}`,
  };
}
