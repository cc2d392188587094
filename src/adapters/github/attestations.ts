// GitHub's own list of attestations, where `gh attestation verify` looks first
// (docs.github.com, "REST API endpoints for artifact attestations").

import type { Github } from './github-client.ts';
import { isGithubStatus, GithubError } from './github-error.ts';

/** @returns the number of the attestation; undefined when the token may not store one */
export async function storeAttestation(
  github: Github,
  repository: string,
  bundle: Uint8Array,
): Promise<number | undefined> {
  const [owner = '', repo = ''] = repository.split('/');
  const document = JSON.parse(Buffer.from(bundle).toString()) as Record<string, unknown>;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { data } = await github.request('POST /repos/{owner}/{repo}/attestations', {
        owner,
        repo,
        bundle: document,
      });
      return data.id;
    } catch (error) {
      // GitHub says 404 where the repository has no such list, as private ones without its Enterprise Cloud.
      if (isGithubStatus(error, 403) || isGithubStatus(error, 404)) return undefined;
      // The same bundle twice does no harm.
      const mayPass = error instanceof GithubError && (error.status ?? 500) >= 500;
      if (!mayPass || attempt >= maxAttempts) throw error;
    }
  }
}

const maxAttempts = 3;
