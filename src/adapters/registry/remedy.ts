// What to do about a registry's answer: the step that its users most often have left out.

export interface Complaint {
  /** As in references: `ghcr.io`, `docker.io`, `123.dkr.ecr.eu-west-1.amazonaws.com`. */
  readonly registry: string;
  readonly repository: string;
  readonly status: number;
  readonly codes: readonly string[];
  /** The registry's own words. */
  readonly text: string;
  /** False for a pull. */
  readonly writing: boolean;
}

/** One sentence or two that the reader can act on, or undefined when the answer speaks for itself. */
export function remedyFor(complaint: Complaint): string | undefined {
  const { status, codes, text, writing } = complaint;
  if (isImmutable(text, codes))
    return 'The tag is immutable and holds other content: push under another tag.';
  if (status === 413 || codes.includes('SIZE_INVALID')) {
    return 'The registry, or a proxy in front of it, limits the size of a request: raise that limit.';
  }
  if (status === 429)
    return 'The registry limits how often it is asked: try again later, or log in for a higher limit.';
  if (status === 401 || status === 403) return accessRemedy(complaint);
  if (status === 404 && writing) return missingRemedy(complaint);
  if (status === 404 && codes.includes('NAME_UNKNOWN')) return 'Check the spelling of the repository.';
  return undefined;
}

/** True when the registry says that a tag can't be moved. ECR, Harbor, ACR and others each say it in their way. */
export function isImmutable(text: string, codes: readonly string[]): boolean {
  return codes.some((code) => code.includes('IMMUTABLE')) || /immutab/i.test(text);
}

function accessRemedy({ registry, repository, status, writing }: Complaint): string {
  const rights = writing ? 'push to' : 'pull from';
  const family = familyOf(registry);
  if (family === 'ghcr' && writing) {
    return (
      'Give the job "permissions: packages: write"; if the package exists already, add this repository with the ' +
      `role Write under "Manage Actions access" in the settings of the package ${repository}.`
    );
  }
  if (family === 'hub') return `Log in to docker.io with an access token that may ${rights} ${repository}.`;
  if (family === 'ecr') {
    return `Log in with "aws ecr get-login-password" (good for 12 hours) as a role that may ${rights} ${repository}.`;
  }
  if (family === 'gar') {
    return `Give the account the role "Artifact Registry ${writing ? 'Writer' : 'Reader'}" on the repository.`;
  }
  if (family === 'acr') return `Give the account the role ${writing ? 'AcrPush' : 'AcrPull'} on ${registry}.`;
  if (family === 'gitlab') {
    return `Use a token with the scope ${writing ? 'write_registry' : 'read_registry'} for the project.`;
  }
  return status === 401
    ? `Log in to ${registry} as a user who may ${rights} ${repository}.`
    : `Ask for the permission to ${rights} ${registry}/${repository}; the credentials that were sent don't have it.`;
}

function missingRemedy({ registry, repository }: Complaint): string {
  const [first = repository] = repository.split('/');
  const family = familyOf(registry);
  if (family === 'ecr') {
    return `Create the repository first: aws ecr create-repository --repository-name ${repository}`;
  }
  if (family === 'gar') {
    return 'Create the repository first: gcloud artifacts repositories create, with --repository-format=docker.';
  }
  if (family === 'gitlab') {
    return `Check that the project exists: the repository must start with its path, such as ${first}/<project>.`;
  }
  return `Create the repository ${repository} first, or on Harbor and its like the project "${first}".`;
}

function familyOf(registry: string): 'ghcr' | 'hub' | 'ecr' | 'gar' | 'acr' | 'gitlab' | undefined {
  if (registry === 'ghcr.io') return 'ghcr';
  if (registry === 'docker.io') return 'hub';
  if (/\.dkr\.ecr[.-].*amazonaws\.com/.test(registry) || registry === 'public.ecr.aws') return 'ecr';
  if (/(?:^|\.)(?:pkg\.dev|gcr\.io)$/.test(registry)) return 'gar';
  if (registry.endsWith('.azurecr.io')) return 'acr';
  return registry.startsWith('registry.gitlab.') ? 'gitlab' : undefined;
}
