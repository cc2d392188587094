// Entries in a transparency log (github.com/sigstore/rekor-tiles, version 2 of Rekor's HTTP API): anybody can see later that
// the signature was made.

import { BimaError } from '../../core/errors.ts';
import { encodeJson, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { checkLogEntry, encodeLogRequest } from '../../core/trust/log-entry.ts';
import type { LoggedSignature } from '../../core/trust/log-entry.ts';
import type { SigningService } from '../../core/trust/trust-configuration.ts';
import { askService, serviceEndpoint, unusable } from './signing-service.ts';
import type { ServiceRequest, SigningTools } from './signing-service.ts';

const service = 'the transparency log (Rekor)';

/**
 * The entry of a signature, with the proof that it is in the log. Undefined when the log has it already: then an answer was
 * lost on its way, or the same signature was made before, and the log tells its proof only once.
 * @throws BimaError SIGNING_FAILED
 */
export async function logSignature(
  logged: LoggedSignature,
  { url }: SigningService,
  tools: SigningTools,
): Promise<JsonObject | undefined> {
  const request: ServiceRequest = {
    service,
    method: 'POST',
    endpoint: serviceEndpoint(service, url, '/api/v2/log/entries'),
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: encodeJson(encodeLogRequest(logged)),
    expected: [200, 201, 409],
    remedy: (status) =>
      status === 404 || status === 405
        ? 'This log is closed, or of another version: take a newer trust configuration.'
        : undefined,
  };
  const { status, bytes } = await askService(request, tools);
  if (status === 409) return undefined;
  try {
    const entry = parseJsonObject(bytes, 'the answer');
    checkLogEntry(entry, logged, url);
    return entry;
  } catch (error) {
    throw unusable(request, error instanceof Error ? error.message : String(error), error);
  }
}

/** For a kind of key that makes the same signature each time. */
export function loggedBefore({ url }: SigningService): BimaError {
  return new BimaError(
    'SIGNING_FAILED',
    `${service}: ${url} has the very same signature already, and tells its proof only once`,
    {
      hint:
        'An RSA key signs the same statement alike each time: use the signature that is there, or take a key on P-256, ' +
        'whose signatures differ.',
    },
  );
}
