// A timestamp authority (RFC 3161 over HTTP), which signs as github.com/sigstore/timestamp-authority does.

import { createHash, sign } from 'node:crypto';
import { contentOf, derTags, readDer, readIdentifier, readInside } from '../../../src/core/trust/der.ts';
import {
  authorityKey,
  distinguishedName,
  ecdsaWithSha256,
  forTimestamps,
  issue,
  makeAuthority,
  makeKeyPair,
  newSerial,
  signsData,
  subjectKey,
} from './authorities.ts';
import {
  explicit,
  generalizedTime,
  identifier,
  integer,
  nothing,
  octets,
  sequence,
  setOf,
  tagged,
  utcTime,
} from './der.ts';
import { startService } from './service.ts';
import type { Service, ServiceAnswer, ServiceCall, ServiceFault } from './service.ts';

export interface TimestampAuthority extends Service {
  /** Of the certificate that signs, and those above it, the root last. */
  readonly chain: readonly Buffer[];
}

const sha256 = '2.16.840.1.101.3.4.2.1';
const timestampInfo = '1.2.840.113549.1.9.16.1.4';

/** @param now milliseconds since 1970, of its clock */
export async function startTimestampAuthority(
  fault?: ServiceFault,
  now: () => number = Date.now,
): Promise<TimestampAuthority> {
  const authority = makeAuthority('timestamps.test', 'timestamps');
  const keys = makeKeyPair();
  const serial = newSerial();
  const day = 24 * 3600 * 1000;
  const certificate = issue({
    issuer: authority.name,
    subject: distinguishedName('timestamps.test', 'timestamps'),
    publicKey: keys.publicKey,
    signer: authority.keys,
    extensions: [
      signsData,
      forTimestamps,
      subjectKey(keys.publicKey),
      authorityKey(authority.keys.publicKey),
    ],
    notBefore: Date.now() - 300 * day,
    notAfter: Date.now() + 300 * day,
    serial,
  });
  const signer = sequence(authority.name, integer(serial));

  const answer = ({ method, path, headers, body }: ServiceCall): ServiceAnswer => {
    if (method !== 'POST' || path !== '/api/v1/timestamp') return plain(404, 'no such path');
    if (headers['content-type'] !== 'application/timestamp-query') return plain(415, 'no such content type');
    const [, imprint, ...others] = readInside(readDer(body)[0], derTags.sequence);
    const [algorithm, hash] = readInside(imprint, derTags.sequence);
    if (readIdentifier(readInside(algorithm, derTags.sequence)[0]) !== sha256)
      return reply(sequence(sequence(integer(2))));
    const nonce = others.find(({ tag }) => tag === derTags.integer);
    const wantsCertificate = others.some(({ tag }) => tag === derTags.boolean);
    const sha256Algorithm = sequence(identifier(sha256), nothing);
    const info = sequence(
      integer(1),
      identifier('1.3.6.1.4.1.57264.2'),
      sequence(sha256Algorithm, octets(contentOf(hash, derTags.octets))),
      integer(newSerial()),
      generalizedTime(now()),
      sequence(integer(1)),
      ...(nonce === undefined ? [] : [tagged(nonce.tag, nonce.content)]),
    );
    const attributes = [
      attribute('1.2.840.113549.1.9.3', identifier(timestampInfo)),
      attribute('1.2.840.113549.1.9.5', utcTime(now())),
      attribute('1.2.840.113549.1.9.4', octets(digest(info))),
      // The certificate that signs (RFC 5816, "ESSCertIDv2").
      attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(sequence(octets(digest(certificate)))))),
    ];
    const signature = sign('sha256', setOf(...attributes), keys.privateKey);
    const signed = sequence(
      integer(3),
      setOf(sha256Algorithm),
      sequence(identifier(timestampInfo), explicit(0, octets(info))),
      ...(wantsCertificate ? [explicit(0, certificate)] : []),
      setOf(
        sequence(
          integer(1),
          signer,
          sha256Algorithm,
          // The set, by another tag.
          tagged(0xa0, readSet(setOf(...attributes))),
          ecdsaWithSha256,
          octets(signature),
        ),
      ),
    );
    const token = sequence(identifier('1.2.840.113549.1.7.2'), explicit(0, signed));
    return reply(sequence(sequence(integer(0)), token));
  };
  const service = await startService('timestamps', answer, fault);
  return { ...service, chain: [certificate, ...authority.chain] };
}

function attribute(type: string, value: Uint8Array): Buffer {
  return sequence(identifier(type), setOf(value));
}

function readSet(set: Uint8Array): Uint8Array {
  return contentOf(readDer(set)[0], derTags.set);
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function reply(body: Uint8Array): ServiceAnswer {
  return { status: 201, headers: { 'content-type': 'application/timestamp-reply' }, body };
}

function plain(status: number, text: string): ServiceAnswer {
  return { status, body: Buffer.from(text) };
}
