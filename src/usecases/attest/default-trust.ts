// The sigstore that is meant when nobody names one: what its own repository says of it now.

import { loadTrustConfiguration } from '../../adapters/sigstore/trust-repository.ts';
import type { TrustSource } from '../../adapters/sigstore/trust-repository.ts';
import { readTrustConfiguration } from '../../core/trust/trust-configuration.ts';
import type { LoadTrust } from './prepare-signing.ts';

/** @param source for GitHub's own with the server of the job, such as `https://github.com` */
export function loadDefaultTrust(source: TrustSource & { readonly serverUrl?: string }): LoadTrust {
  return async (tools) => {
    const what = `the trust configuration of ${source.instance === 'public' ? 'sigstore.dev' : "GitHub's sigstore"}`;
    return readTrustConfiguration(await loadTrustConfiguration(source, tools), what);
  };
}
