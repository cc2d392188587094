// Entries in a transparency log, Rekor: anybody can see later that the signature was made. Its second version
// (github.com/sigstore/rekor-tiles) and its first (github.com/sigstore/rekor) are spoken; the configuration says which is wanted.

import { encodeJson, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { encodeFirstLogRequest, readFirstLogEntry } from '../../core/trust/first-log-entry.ts';
import { checkLogEntry, encodeLogRequest } from '../../core/trust/log-entry.ts';
import type { LoggedSignature } from '../../core/trust/log-entry.ts';
import type { SigningService } from '../../core/trust/trust-configuration.ts';
import { BimaError } from '../../core/errors.ts';
import { askService, serviceEndpoint, unusable } from './signing-service.ts';
import type { ServiceAnswer, ServiceRequest, SigningTools } from './signing-service.ts';

const service = 'the transparency log (Rekor)';

/**
 * The entry of a signature, with the proof that it is in the log. Undefined when the log has it already and doesn't tell its
 * proof again: then an answer was lost on its way, or the same signature was made before.
 * @throws BimaError SIGNING_FAILED
 */
export function logSignature(
  logged: LoggedSignature,
  log: SigningService,
  tools: SigningTools,
): Promise<JsonObject | undefined> {
  return log.majorApiVersion === 1 ? logFirst(logged, log, tools) : logSecond(logged, log, tools);
}

async function logSecond(
  logged: LoggedSignature,
  { url }: SigningService,
  tools: SigningTools,
): Promise<JsonObject | undefined> {
  const request = requestOf(url, '/api/v2/log/entries', encodeLogRequest(logged));
  const answer = await askService(request, tools);
  if (answer.status === 409) return undefined;
  return reading(request, answer, (entry) => {
    checkLogEntry(entry, logged, url);
    return entry;
  });
}

/** Of an entry that is there already, this version says where. */
async function logFirst(
  logged: LoggedSignature,
  { url }: SigningService,
  tools: SigningTools,
): Promise<JsonObject> {
  const request = requestOf(url, '/api/v1/log/entries', encodeFirstLogRequest(logged));
  const answer = await askService(request, tools);
  if (answer.status !== 409)
    return reading(request, answer, (document) => readFirstLogEntry(document, logged));
  const [location = ''] = [answer.headers.location].flat();
  const name = /\/api\/v1\/log\/entries\/([0-9a-f]{64,80})$/i.exec(location)?.[1];
  if (name === undefined)
    throw unusable(request, 'expected the place of the entry that is there already, got none');
  const again: ServiceRequest = {
    service,
    method: 'GET',
    endpoint: serviceEndpoint(service, url, `/api/v1/log/entries/${name}`),
    headers: { accept: 'application/json' },
    expected: [200],
  };
  return reading(again, await askService(again, tools), (document) => readFirstLogEntry(document, logged));
}

function requestOf(url: string, path: string, document: JsonObject): ServiceRequest {
  return {
    service,
    method: 'POST',
    endpoint: serviceEndpoint(service, url, path),
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: encodeJson(document),
    expected: [200, 201, 409],
    remedy: (status) =>
      status === 404 || status === 405
        ? 'This log is closed, or of another version: take a newer trust configuration.'
        : undefined,
  };
}

function reading(
  request: ServiceRequest,
  { bytes }: ServiceAnswer,
  read: (document: JsonObject) => JsonObject,
): JsonObject {
  try {
    return read(parseJsonObject(bytes, 'the answer'));
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
