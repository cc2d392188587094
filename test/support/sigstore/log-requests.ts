// Requests that a log refuses, made from one that it took.

import { isObject } from '../../../src/core/oci/json.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';

/** The request of a logged entry again. @param body of the entry */
export function requestOf(body: Uint8Array): JsonObject {
  const { spec } = read(JSON.parse(Buffer.from(body).toString()));
  const { data, signature } = read(read(spec).hashedRekordV002);
  return { hashedRekordRequestV002: { digest: read(data).digest, signature } };
}

/** Each is wrong in one way. */
export function wrongRequests(request: JsonObject): readonly unknown[] {
  const record = read(request.hashedRekordRequestV002);
  const { content, verifier } = read(record.signature);
  const details = read(verifier);
  const fields: readonly JsonObject[] = [
    { digest: Buffer.alloc(32).toString('base64') },
    { digest: '' },
    { digest: 'not base64!' },
    { signature: {} },
    { signature: { content } },
    { signature: { content: 'AAAA', verifier } },
    { signature: { content, verifier: { ...details, keyDetails: 'PKIX_ECDSA_P384_SHA_384' } } },
    { signature: { content, verifier: { ...details, x509Certificate: { rawBytes: 'AAAA' } } } },
    { signature: { content, verifier: { ...details, publicKey: { rawBytes: 'AAAA' } } } },
    { signature: { content, verifier: { ...details, more: true } } },
    { more: true },
  ];
  const records = fields.map((one) => ({ hashedRekordRequestV002: { ...record, ...one } }));
  return [...records, { dsseRequestV002: {} }, {}, [], 'text'];
}

/** @param url of the log */
export function sendToLog(url: string, request: unknown): Promise<Response> {
  return fetch(`${url}/api/v2/log/entries`, { method: 'POST', body: JSON.stringify(request) });
}

function read(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
