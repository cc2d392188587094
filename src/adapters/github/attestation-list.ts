// GitHub's own list of attestations, where `gh attestation verify` looks first
// (docs.github.com, "REST API endpoints for artifact attestations").

import type { Github, GithubClock } from './github-client.ts';
import { isGithubStatus, GithubError } from './github-error.ts';

export interface StoreWorld {
  readonly clock: GithubClock;
  readonly signal: AbortSignal;
}

/**
 * Tries three times where GitHub has a problem of its own.
 * @param repository `owner/name`
 * @returns the number of the attestation; undefined when the token may not store one
 * @throws GithubError for every other answer, a rate limit among them; the signal's reason
 */
export async function storeAttestation(
  github: Github,
  repository: string,
  bundle: Uint8Array,
  { clock, signal }: StoreWorld,
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
      if ((isGithubStatus(error, 403) || isGithubStatus(error, 404)) && error.retryAfter === undefined)
        return undefined;
      // The same bundle twice does no harm.
      const mayPass = error instanceof GithubError && (error.status ?? 500) >= 500;
      if (!mayPass || attempt >= maxAttempts) throw error;
      await clock.sleep(attempt ** 2 * 1000, signal);
    }
  }
}

const maxAttempts = 3;
