// GitHub's own sigstore, for repositories that aren't public: nothing of them stands in a public log.

import type { JsonObject } from '../oci/json.ts';

/**
 * The signing configuration, as JSON: GitHub publishes none. It has a certificate authority, a timestamp authority and no
 * log.
 * @param serverUrl of the job, such as `https://github.com` or `https://company.ghe.com`
 */
export function githubSigningConfig(serverUrl: string): JsonObject {
  const { hostname } = new URL(serverUrl);
  const domain = hostname === 'github.com' ? 'githubapp.com' : hostname;
  const service = (url: string) => ({ url, majorApiVersion: 1, validFor: {}, operator: 'github.com' });
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(`https://fulcio.${domain}`)],
    oidcUrls: [],
    rekorTlogUrls: [],
    tsaUrls: [service(`https://timestamp.${domain}/api/v1/timestamp`)],
    tsaConfig: { selector: 'ANY' },
  };
}
