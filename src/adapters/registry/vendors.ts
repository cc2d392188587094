// What the registries of one vendor have of their own: names, services, and what their users most often leave out.
// A new quirk of a host is a row, or a member of one. What any registry may do, whatever its name, is known where it is
// met: answers.test.ts and its neighbours have a name for each such fault.

/** An answer of a registry's that needs a remedy. */
export interface Complaint {
  /** Registry as in references: `ghcr.io`, `docker.io`, `123.dkr.ecr.eu-west-1.amazonaws.com`. */
  readonly registry: string;
  readonly repository: string;
  readonly status: number;
  readonly codes: readonly string[];
  /** The registry's own words. */
  readonly text: string;
  /** False for a pull. */
  readonly writing: boolean;
}

export interface Vendor {
  /** Its registries, as in references. */
  readonly registries: RegExp;
  /** The host of the API, where references have another name for it. */
  readonly apiHost?: string;
  /** Further names of the registry in credential files. */
  readonly aliases?: readonly string[];
  /** What a credential helper is asked for, where that isn't the name of the registry. */
  readonly helperKey?: string;
  /** The token service, where it belongs to another site than the registry. */
  readonly tokenHost?: string;
  /** True where the token of a GitHub job logs in. */
  readonly takesGithubToken?: boolean;
  /** What to do when access is refused (401, 403); undefined where it is what holds for any registry. */
  readonly accessRemedy?: (complaint: Complaint) => string | undefined;
  /** What to do when the repository that is pushed to isn't there. */
  readonly missingRemedy?: (complaint: Complaint) => string;
}

const vendors: readonly Vendor[] = [
  {
    // Docker Hub, by its name in references.
    registries: /^docker\.io$/,
    apiHost: 'registry-1.docker.io',
    aliases: ['index.docker.io', 'registry-1.docker.io'],
    // Its oldest address.
    helperKey: 'https://index.docker.io/v1/',
    accessRemedy: ({ repository, writing }) =>
      `Log in to docker.io with an access token that may ${writing ? 'push to' : 'pull from'} ${repository}.`,
  },
  {
    // GitHub Packages.
    registries: /^ghcr\.io$/,
    takesGithubToken: true,
    accessRemedy: ({ repository, writing }) =>
      writing
        ? 'Give the job "permissions: packages: write"; if the package exists already, add this repository with the ' +
          `role Write under "Manage Actions access" in the settings of the package ${repository}.`
        : undefined,
  },
  {
    // Amazon ECR, private and public.
    registries: /\.dkr\.ecr[.-].*amazonaws\.com|^public\.ecr\.aws$/,
    accessRemedy: ({ repository, writing }) =>
      'Log in with "aws ecr get-login-password" (good for 12 hours) as a role that may ' +
      `${writing ? 'push to' : 'pull from'} ${repository}.`,
    missingRemedy: ({ repository }) =>
      `Create the repository first: aws ecr create-repository --repository-name ${repository}`,
  },
  {
    // Google Artifact Registry, and what was Container Registry.
    registries: /(?:^|\.)(?:pkg\.dev|gcr\.io)$/,
    accessRemedy: ({ writing }) =>
      `Give the account the role "Artifact Registry ${writing ? 'Writer' : 'Reader'}" on the repository.`,
    missingRemedy: () =>
      'Create the repository first: gcloud artifacts repositories create, with --repository-format=docker.',
  },
  {
    // Azure Container Registry.
    registries: /\.azurecr\.io$/,
    accessRemedy: ({ registry, writing }) =>
      `Give the account the role ${writing ? 'AcrPush' : 'AcrPull'} on ${registry}.`,
  },
  {
    // GitLab, also where it is self-managed under its usual name.
    registries: /^registry\.gitlab\./,
    accessRemedy: ({ writing }) =>
      `Use a token with the scope ${writing ? 'write_registry' : 'read_registry'} for the project.`,
    missingRemedy: ({ repository }) =>
      'Check that the project exists: the repository must start with its path, such as ' +
      `${repository.replace(/\/.*$/s, '')}/<project>.`,
  },
  {
    // Scaleway.
    registries: /\.scw\.cloud$/,
    tokenHost: 'api.scaleway.com',
  },
];

const none: Vendor = { registries: /^/ };

/** Whose registry it is; without anything of its own for most. */
export function vendorOf(registry: string): Vendor {
  return vendors.find(({ registries }) => registries.test(registry)) ?? none;
}

/** The host that answers for a registry. */
export function apiHost(registry: string): string {
  return vendorOf(registry).apiHost ?? registry.toLowerCase();
}

/** The registry's names in credential files, in the order in which they count. */
export function credentialNames(registry: string): readonly string[] {
  return [registry.toLowerCase(), ...(vendorOf(registry).aliases ?? [])];
}

/** Domains below which strangers are neighbours, besides the public suffixes of countries. */
export const sharedDomains: readonly string[] = [
  'amazonaws.com',
  'azurecr.io',
  'cloudfront.net',
  'github.io',
  'jfrog.io',
  'on.aws',
  'pkg.dev',
  'run.app',
  'windows.net',
  'workers.dev',
];
