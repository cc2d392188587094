// A certificate authority that answers as Fulcio does (github.com/sigstore/fulcio, pkg/server and pkg/identity/github): it
// checks the token and the proof that the client has the key, and puts the proof of a certificate log into the certificate.

import { createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isObject } from '../../../src/core/oci/json.ts';
import {
  authorityKey,
  ecdsaWithSha256,
  extension,
  forCode,
  makeAuthority,
  makeKeyPair,
  newSerial,
  noName,
  signsData,
  subjectKey,
  toBeSigned,
} from './authorities.ts';
import type { Authority, KeyPair } from './authorities.ts';
import { encodeTimestamps, logCertificate } from './certificate-log.ts';
import { bits, octets, sequence, tagged, utf8 } from './der.ts';
import type { Claims, Issuer } from './issuer.ts';
import { json, startService } from './service.ts';
import type { Service, ServiceAnswer, ServiceCall, ServiceFault } from './service.ts';

export interface Fulcio extends Service {
  readonly authority: Authority;
  /** The key of the certificate log. */
  readonly log: KeyPair;
}

export interface FulcioOptions {
  readonly issuer: Issuer;
  readonly fault?: ServiceFault | undefined;
  /** Milliseconds by which certificates begin and end earlier than they should. */
  readonly age?: number | undefined;
  /** Signs the proof of the certificate log with a key that nobody knows. */
  readonly isUnlogged?: boolean | undefined;
}

export async function startFulcio(options: FulcioOptions): Promise<Fulcio> {
  const authority = makeAuthority('sigstore.test', 'code');
  const log = makeKeyPair();
  const signer = options.isUnlogged === true ? makeKeyPair() : log;
  const service = await startService(
    'fulcio',
    (call) => answer(call, { ...options, authority, log, signer }),
    options.fault,
  );
  return { ...service, authority, log };
}

interface World extends FulcioOptions {
  readonly authority: Authority;
  readonly log: KeyPair;
  readonly signer: KeyPair;
}

function answer(call: ServiceCall, world: World): ServiceAnswer {
  if (call.method !== 'POST' || call.path !== '/api/v2/signingCert')
    return json(404, { code: 5, message: 'Not Found', details: [] });
  const document: unknown = JSON.parse(call.body.toString());
  const { credentials, publicKeyRequest } = isObject(document) ? document : {};
  const { oidcIdentityToken } = isObject(credentials) ? credentials : {};
  const claims = readToken(oidcIdentityToken, world.issuer);
  if (claims === undefined) return refused('There was an error processing the identity token');
  const { publicKey, proofOfPossession } = isObject(publicKeyRequest) ? publicKeyRequest : {};
  const { content } = isObject(publicKey) ? publicKey : {};
  if (typeof content !== 'string' || typeof proofOfPossession !== 'string')
    return refused('The public key supplied in the request could not be parsed');
  const key = createPublicKey(content);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    return refused('The public key supplied in the request has an unsupported algorithm');
  const proof = Buffer.from(proofOfPossession, 'base64');
  if (!verify('sha256', Buffer.from(String(claims.sub)), key, proof))
    return refused('The signature supplied in the request could not be verified');
  const certificate = certify(key, claims, world);
  const chain = [certificate, ...world.authority.chain].map(pem);
  return json(200, { signedCertificateEmbeddedSct: { chain: { certificates: chain } } });
}

function refused(message: string): ServiceAnswer {
  return json(400, { code: 3, message, details: [] });
}

/** Undefined for a token that isn't the issuer's, isn't for sigstore, or isn't valid now. */
function readToken(token: unknown, { url, publicKey }: Issuer): Claims | undefined {
  const [header = '', body = '', signature = ''] = typeof token === 'string' ? token.split('.') : [];
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${body}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return undefined;
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims;
  const now = Date.now() / 1000;
  const isGood =
    claims.iss === url && claims.aud === 'sigstore' && Number(claims.exp) > now && Number(claims.nbf) <= now;
  return isGood ? claims : undefined;
}

function certify(key: KeyObject, claims: Claims, world: World): Buffer {
  const { authority, age = 0 } = world;
  const start = Math.floor((Date.now() - age) / 1000) * 1000;
  const issuance = {
    issuer: authority.name,
    subject: noName,
    publicKey: key,
    signer: authority.keys,
    notBefore: start,
    notAfter: start + 10 * 60 * 1000,
    serial: newSerial(),
  };
  const extensions = [
    signsData,
    forCode,
    subjectKey(key),
    authorityKey(authority.keys.publicKey),
    extension('2.5.29.17', sequence(tagged(0x86, Buffer.from(subjectOf(claims)))), true),
    ...workflowExtensions(claims),
  ];
  const withoutProof = toBeSigned({ ...issuance, extensions });
  const logged = { body: withoutProof, authorityKey: authority.keys.publicKey };
  const timestamp = logCertificate(logged, world.log, world.signer);
  const proof = extension('1.3.6.1.4.1.11129.2.4.2', octets(encodeTimestamps(timestamp)));
  const body = toBeSigned({ ...issuance, extensions: [...extensions, proof] });
  return sequence(body, ecdsaWithSha256, bits(sign('sha256', body, authority.keys.privateKey)));
}

function subjectOf(claims: Claims): string {
  return `https://github.com/${claims.job_workflow_ref}`;
}

/** The extensions for GitHub's workflows (github.com/sigstore/fulcio, docs/oid-info.md). */
function workflowExtensions(claims: Claims): readonly Buffer[] {
  const arc = '1.3.6.1.4.1.57264.1.';
  const text = (name: string) => String(claims[name]);
  const page = (path: string) => `https://github.com/${path}`;
  const bare = [
    text('iss'),
    text('event_name'),
    text('sha'),
    text('workflow'),
    text('repository'),
    text('ref'),
  ];
  const run = `${text('repository')}/actions/runs/${text('run_id')}/attempts/${text('run_attempt')}`;
  const values: readonly (readonly [number, string])[] = [
    [8, text('iss')],
    [9, page(text('job_workflow_ref'))],
    [10, text('job_workflow_sha')],
    [11, text('runner_environment')],
    [12, page(text('repository'))],
    [13, text('sha')],
    [14, text('ref')],
    [15, text('repository_id')],
    [16, page(text('repository_owner'))],
    [17, text('repository_owner_id')],
    [18, page(text('workflow_ref'))],
    [19, text('workflow_sha')],
    [20, text('event_name')],
    [21, page(run)],
    [22, text('repository_visibility')],
  ];
  return [
    // The first six are bare text.
    ...bare.map((value, index) => extension(`${arc}${index + 1}`, Buffer.from(value))),
    ...values.map(([number, value]) => extension(`${arc}${number}`, utf8(value))),
  ];
}

export function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
