// Entries in a transparency log, Rekor: anybody can see later that the signature was made. Its second version
// (github.com/sigstore/rekor-tiles) and its first (github.com/sigstore/rekor) are spoken; the configuration says which is wanted.

import { encodeJson, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { encodeFirstLogRequest, readFirstLogEntry } from '../../core/trust/first-log-entry.ts';
import { assembleLogEntry, checkLogEntry, encodeLogRequest } from '../../core/trust/log-entry.ts';
import type { LoggedSignature } from '../../core/trust/log-entry.ts';
import { pathFromTiles, tilePath } from '../../core/trust/log-tiles.ts';
import type { ReadTile } from '../../core/trust/log-tiles.ts';
import type { LogService } from '../../core/trust/select-services.ts';
import { BimaError } from '../../core/errors.ts';
import { askService, serviceEndpoint, unusable } from './signing-service.ts';
import type { ServiceAnswer, ServiceRequest, SigningTools } from './signing-service.ts';

const service = 'the transparency log (Rekor)';

/** An entry with the proof that it is in the log, or where one is that the log has already, and doesn't prove again. */
export type LogOutcome =
  | { readonly kind: 'entry'; readonly entry: JsonObject }
  | { readonly kind: 'known'; readonly log: LogService; readonly index: bigint | undefined };

/**
 * The log has it already when an answer was lost on its way, or the same signature was made before.
 * @throws BimaError SIGNING_FAILED
 */
export async function logSignature(
  logged: LoggedSignature,
  log: LogService,
  tools: SigningTools,
): Promise<LogOutcome> {
  if (log.majorApiVersion === 1) return { kind: 'entry', entry: await logFirst(logged, log, tools) };
  const { url } = log;
  const request = requestOf(url, '/api/v2/log/entries', encodeLogRequest(logged));
  const answer = await askService(request, tools);
  if (answer.status === 409) {
    const [index = ''] = [answer.headers['x-log-index']].flat();
    return { kind: 'known', log, index: /^\d{1,18}$/.test(index) ? BigInt(index) : undefined };
  }
  return {
    kind: 'entry',
    entry: reading(request, answer, (entry) => {
      checkLogEntry(entry, logged, url);
      return entry;
    }),
  };
}

/** Of an entry that is there already, this version says where. */
async function logFirst(
  logged: LoggedSignature,
  { url }: LogService,
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

/**
 * The entry of a signature that the log has already, from what it publishes: its checkpoint and its tiles.
 * @throws BimaError SIGNING_FAILED
 */
export async function findLoggedSignature(
  logged: LoggedSignature,
  { log: { url, keyId }, index }: LogOutcome & { readonly kind: 'known' },
  tools: SigningTools,
): Promise<JsonObject> {
  if (index === undefined || keyId === undefined) throw knownBefore(url);
  const get = (path: string): ServiceRequest => ({
    service,
    method: 'GET',
    endpoint: serviceEndpoint(service, url, `/api/v2/${path}`),
    headers: {},
    expected: [200, 404, 501],
  });
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const { status, bytes } = await askService(get(path), tools);
    return status === 200 ? bytes : undefined;
  };
  const checkpoint = Buffer.from((await read('checkpoint')) ?? []).toString();
  const size = /^[^\n]+\n(\d{1,18})\n/.exec(checkpoint)?.[1] ?? '0';
  if (BigInt(size) <= index) throw knownBefore(url);
  const tiles = new Map<string, Promise<Uint8Array | undefined>>();
  const readOnce = (path: string) => {
    const tile = tiles.get(path) ?? read(path);
    tiles.set(path, tile);
    return tile;
  };
  const readTile: ReadTile = async (level, number, width) => {
    // A part goes when the whole is there.
    const part = await readOnce(`tile/${tilePath(level, number, width)}`);
    const tile = part ?? (await readOnce(`tile/${tilePath(level, number, 256n)}`));
    if (tile === undefined) throw knownBefore(url);
    return tile.subarray(0, Number(width) * 32);
  };
  try {
    const path = await pathFromTiles(index, BigInt(size), readTile);
    const entry = assembleLogEntry(logged, { keyId, index, checkpoint, path });
    checkLogEntry(entry, logged, url);
    return entry;
  } catch (error) {
    if (error instanceof BimaError) throw error;
    throw unusable(get('checkpoint'), error instanceof Error ? error.message : String(error), error);
  }
}

function knownBefore(url: string): BimaError {
  return new BimaError(
    'SIGNING_FAILED',
    `${service}: ${url} has the very same signature already, and its proof can't be found`,
    {
      hint:
        'An RSA key signs the same statement alike each time: use the signature that is there, or take a key on P-256, ' +
        'whose signatures differ.',
    },
  );
}
