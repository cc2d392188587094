// Timestamps (RFC 3161): what is asked, and what the answer says. Who signed it is for those to check who verify.

import { createHash } from 'node:crypto';
import { clean } from '../text.ts';
import { contentOf, derTags, readDer, readIdentifier, readInside, writeDer, writeIdentifier } from './der.ts';
import type { DerValue } from './der.ts';

const sha256 = '2.16.840.1.101.3.4.2.1';
const signedData = '1.2.840.113549.1.7.2';
const timestampInfo = '1.2.840.113549.1.9.16.1.4';

/**
 * Asks for a timestamp of the SHA-256 of these bytes, without the certificates, which verifiers have. Without a nonce: no
 * two signatures are alike.
 */
export function encodeTimestampRequest(bytes: Uint8Array): Uint8Array {
  const algorithm = writeDer(derTags.sequence, writeIdentifier(sha256), writeDer(derTags.null));
  const imprint = writeDer(derTags.sequence, algorithm, writeDer(derTags.octets, digestOf(bytes)));
  return writeDer(derTags.sequence, writeDer(derTags.integer, Buffer.from([1])), imprint);
}

/**
 * When the bytes were there, in milliseconds since 1970.
 * @throws Error for a refusal, with its words; for a timestamp of something else; for anything but an answer
 */
export function readTimestampResponse(response: Uint8Array, bytes: Uint8Array): number {
  const [status, token] = readInside(readDer(response)[0], derTags.sequence);
  const [code, words] = readInside(status, derTags.sequence);
  const granted = contentOf(code, derTags.integer);
  if (granted.length !== 1 || (granted[0] ?? 2) > 1) {
    const said = words?.tag === derTags.sequence ? ` (${textOf(words)})` : '';
    throw new Error(`it refused with status ${granted.join('')}${said}`);
  }
  const [type, wrapped] = readInside(token, derTags.sequence);
  if (readIdentifier(type) !== signedData) throw new Error('expected signed data, got something else');
  const [, , content] = readInside(readInside(wrapped, derTags.explicit0)[0], derTags.sequence);
  const [contentType, octets] = readInside(content, derTags.sequence);
  if (readIdentifier(contentType) !== timestampInfo)
    throw new Error('expected a timestamp, got something else');
  const info = contentOf(readInside(octets, derTags.explicit0)[0], derTags.octets);
  const [, , imprint, , time] = readInside(readDer(info)[0], derTags.sequence);
  const [algorithm, hash] = readInside(imprint, derTags.sequence);
  const isOurs =
    readIdentifier(readInside(algorithm, derTags.sequence)[0]) === sha256 &&
    Buffer.compare(contentOf(hash, derTags.octets), digestOf(bytes)) === 0;
  if (!isOurs) throw new Error('expected a timestamp of the signature, got one of something else');
  return readTime(time);
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function textOf(words: DerValue): string {
  return clean(
    readDer(words.content)
      .map(({ content }) => Buffer.from(content).toString())
      .join('; '),
    200,
  );
}

/** Such as `20260131120000.5Z`. */
function readTime(value: DerValue | undefined): number {
  const text = Buffer.from(contentOf(value, derTags.time)).toString('latin1');
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(text);
  if (match === null) throw new Error('expected a time in UTC, got something else');
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '0'] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + Number(fraction) * 1000;
}
