// From the inputs `tags`, `image` and `registry` to the full references of the image.

import { BimaError } from '../errors.ts';
import { formatReference, parseReference, withDefaultTag } from '../oci/reference.ts';
import type { Reference } from '../oci/reference.ts';

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
 * Each reference once, with a tag, its repository in lower case.
 * @throws BimaError INPUT_INVALID or REFERENCE_INVALID
 */
export function resolveReferences(inputs: NamingInputs, defaults: NamingDefaults): Reference[] {
  const words = inputs.tags.length > 0 ? inputs.tags : defaults.tags();
  const references = words.map((word) => (/[/:@]/.test(word) ? fullReference(word) : bareTag(word)));
  return [...new Map(references.map((reference) => [formatReference(reference), reference])).values()];

  function bareTag(tag: string): Reference {
    return parseReference(`${formatReference(baseName(inputs, defaults))}:${tag}`);
  }
}

/** The repository that bare tags belong to. @throws BimaError INPUT_INVALID or REFERENCE_INVALID */
export function baseName(
  { image, registry }: NamingInputs,
  defaults: Pick<NamingDefaults, 'image'>,
): Reference {
  const written = image ?? defaults.image();
  const [first = '', ...rest] = written.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const base = parseReference(
    lowerName(hasHost || registry === undefined ? written : `${registry}/${written}`),
  );
  if (base.tag === undefined && base.digest === undefined) return base;
  throw new BimaError(
    'INPUT_INVALID',
    `expected a name without a tag for the input "image", got "${written}"`,
    {
      hint: 'Put the tag in the input "tags".',
    },
  );
}

/**
 * Where the packages of this server are: ghcr.io for github.com, and the places that GitHub Enterprise and Gitea have.
 * @param repository `owner/name`
 */
export function defaultImage(environment: Readonly<Record<string, string | undefined>>): string {
  const repository = environment.GITHUB_REPOSITORY ?? '';
  if (repository === '') {
    throw new BimaError('INPUT_INVALID', 'expected the input "image", got none outside of a repository');
  }
  return `${packageHost(environment)}/${repository.toLowerCase()}`;
}

/** True for the registry whose manifests are versions of packages, which the API of this server deletes. */
export function isPackageRegistry(
  registry: string,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (isGithubCom(environment)) return registry === 'ghcr.io';
  return !isGitea(environment) && registry === packageHost(environment);
}

function packageHost(environment: Readonly<Record<string, string | undefined>>): string {
  if (isGithubCom(environment)) return 'ghcr.io';
  const { host } = new URL(environment.GITHUB_SERVER_URL ?? '');
  return isGitea(environment) ? host : `containers.${host}`;
}

function isGitea({
  GITEA_ACTIONS: gitea,
  FORGEJO_ACTIONS: forgejo,
}: Readonly<Record<string, string | undefined>>): boolean {
  return gitea === 'true' || forgejo === 'true';
}

/** True where the job's token is one that ghcr.io knows. */
export function isGithubCom({
  GITHUB_SERVER_URL: url,
}: Readonly<Record<string, string | undefined>>): boolean {
  return url === undefined || url === '' || url === 'https://github.com';
}

function fullReference(word: string): Reference {
  const reference = withDefaultTag(parseReference(lowerName(word)));
  if (reference.digest === undefined) return reference;
  throw new BimaError('REFERENCE_INVALID', `expected a name and a tag for the input "tags", got "${word}"`, {
    hint: 'Leave the digest out: it follows from the content.',
  });
}

/** An owner's name may have capitals on GitHub, and never in a reference. The tag stays as it is. */
function lowerName(text: string): string {
  const [, name = text, rest = ''] = /^(.*?)((?::[^/:@]*)?(?:@.*)?)$/s.exec(text) ?? [];
  return `${name.toLowerCase()}${rest}`;
}
