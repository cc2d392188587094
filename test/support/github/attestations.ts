// Artifact attestations: a repository's own list of sigstore bundles.

import { isObject } from '../../../src/core/oci/json.ts';
import { notFound, problem } from './server.ts';
import type { Route } from './server.ts';

export interface StoredAttestation {
  readonly id: number;
  /** As it was sent. */
  readonly bundle: object;
}

export interface StoredAttestations {
  readonly routes: readonly Route[];
  /** In the order in which they were stored. */
  readonly stored: readonly StoredAttestation[];
}

/** @param repository `owner/name` */
export function createAttestations(repository: string): StoredAttestations {
  const stored: StoredAttestation[] = [];
  let last = 4000;
  return {
    stored,
    routes: [
      {
        method: 'POST',
        path: '/repos/{owner}/{repo}/attestations',
        permissions: ['attestations'],
        answer({ params, body: { bundle } }) {
          if (`${params.owner}/${params.repo}` !== repository) return notFound();
          if (!isObject(bundle) || !isWhole(bundle)) return problem(422, 'Invalid bundle');
          last += 1;
          stored.push({ id: last, bundle });
          return { status: 201, body: { id: last } };
        },
      },
    ],
  };
}

/** GitHub takes signed statements alone, with the certificate that they were signed with. */
function isWhole({
  mediaType,
  verificationMaterial,
  dsseEnvelope,
}: Readonly<Record<string, unknown>>): boolean {
  if (mediaType !== 'application/vnd.dev.sigstore.bundle.v0.3+json') return false;
  if (!isObject(verificationMaterial) || !isObject(dsseEnvelope)) return false;
  const { payloadType, payload, signatures } = dsseEnvelope;
  return (
    isObject(verificationMaterial.certificate) &&
    payloadType === 'application/vnd.in-toto+json' &&
    typeof payload === 'string' &&
    Array.isArray(signatures) &&
    signatures.length === 1
  );
}
