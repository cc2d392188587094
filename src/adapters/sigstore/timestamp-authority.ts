// Timestamps of signatures (RFC 3161, section 3.4): a certificate that lives for ten minutes proves something later only
// together with when it was used.

import type { SigningService } from '../../core/trust/trust-configuration.ts';
import { encodeTimestampRequest, readTimestampResponse } from '../../core/trust/timestamp-protocol.ts';
import { askService, serviceEndpoint, unusable } from './signing-service.ts';
import type { ServiceRequest, SigningTools } from './signing-service.ts';

const service = 'the timestamp authority';

export interface SignatureTimestamp {
  /** The whole response, as DER. */
  readonly response: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** @throws BimaError SIGNING_FAILED */
export async function fetchTimestamp(
  signature: Uint8Array,
  { url }: SigningService,
  tools: SigningTools,
): Promise<SignatureTimestamp> {
  const request: ServiceRequest = {
    service,
    method: 'POST',
    endpoint: serviceEndpoint(service, url),
    headers: { accept: 'application/timestamp-reply', 'content-type': 'application/timestamp-query' },
    body: encodeTimestampRequest(signature),
    expected: [200, 201],
  };
  const { bytes } = await askService(request, tools);
  try {
    return { response: bytes, time: readTimestampResponse(bytes, signature) };
  } catch (error) {
    throw unusable(request, error instanceof Error ? error.message : String(error), error);
  }
}
