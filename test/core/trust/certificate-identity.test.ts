// Certificates as Fulcio writes them for people and for other issuers than GitHub; golden-bundle.test.ts has a workflow's.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCertificateIdentity } from '../../../src/core/trust/certificate-identity.ts';
import {
  distinguishedName,
  extension,
  issue,
  makeKeyPair,
  noName,
  spki,
} from '../../support/sigstore/authorities.ts';
import { explicit, identifier, implicit, octets, sequence, utf8 } from '../../support/sigstore/der.ts';

const keys = makeKeyPair();
const notBefore = Date.UTC(2026, 0, 31, 12);
const fulcio = (number: number) => `1.3.6.1.4.1.57264.1.${number}`;

function certificate(...extensions: readonly Uint8Array[]): Uint8Array {
  return issue({
    issuer: distinguishedName('sigstore.dev', 'fulcio'),
    subject: noName,
    publicKey: keys.publicKey,
    signer: keys,
    extensions,
    notBefore,
    notAfter: notBefore + 600_000,
  });
}

const names = (...parts: readonly Uint8Array[]) => extension('2.5.29.17', sequence(...parts), true);
const address = implicit(1, Buffer.from('me@example.org'));
const uri = implicit(6, Buffer.from('https://example.org/me'));
const otherName = (type: string, value: Uint8Array) => explicit(0, identifier(type), explicit(0, value));

describe('the identity in a certificate', () => {
  it('is all that there is to say of a person', () => {
    const der = certificate(names(address), extension(fulcio(8), utf8('https://accounts.example.org')));
    assert.deepEqual(readCertificateIdentity(der), {
      subject: 'me@example.org',
      issuer: 'https://accounts.example.org',
      claims: {},
      notBefore,
      notAfter: notBefore + 600_000,
      publicKey: spki(keys.publicKey),
    });
  });

  const subjects: readonly (readonly [name: string, subject: string, part: Uint8Array])[] = [
    ['an address', 'me@example.org', names(address)],
    ['a URI', 'https://example.org/me', names(uri)],
    ['the first of several', 'me@example.org', names(address, uri)],
    ['the first that is known', 'https://example.org/me', names(implicit(2, Buffer.from('dns.test')), uri)],
    ['a name of Fulcio’s own kind', 'me!example.org', names(otherName(fulcio(7), utf8('me!example.org')))],
  ];
  for (const [name, subject, part] of subjects) {
    it(`is ${name}`, () => {
      assert.equal(readCertificateIdentity(certificate(part)).subject, subject);
    });
  }

  it('has an issuer in one of two forms, and the newer one counts', () => {
    const issuerOf = (...parts: readonly Uint8Array[]) =>
      readCertificateIdentity(certificate(names(address), ...parts)).issuer;
    const [bare, newer] = [
      extension(fulcio(1), Buffer.from('https://old.test')),
      extension(fulcio(8), utf8('https://new.test')),
    ];
    assert.equal(issuerOf(), undefined);
    assert.equal(issuerOf(bare), 'https://old.test');
    assert.equal(issuerOf(bare, newer), 'https://new.test');
  });

  it('has a claim for each extension that has a name', () => {
    const texts = [9, 10, 23, 24, 25].map((number) => extension(fulcio(number), utf8(`claim ${number}`)));
    assert.deepEqual(readCertificateIdentity(certificate(names(address), ...texts)).claims, {
      buildSignerUri: 'claim 9',
      buildSignerDigest: 'claim 10',
      deploymentEnvironment: 'claim 23',
      tokenSubject: 'claim 24',
    });
  });

  const refused: readonly (readonly [name: string, der: Uint8Array, message: RegExp])[] = [
    ['nobody', certificate(extension(fulcio(8), utf8('x'))), /^expected a certificate that names somebody/],
    [
      'names of other kinds alone',
      certificate(names(implicit(2, Buffer.from('x')))),
      /^expected a certificate that names/,
    ],
    [
      'a name of an unknown kind',
      certificate(names(otherName('1.2.3', utf8('x')), uri)),
      /^expected a certificate that names/,
    ],
    [
      'a name of Fulcio’s that is no text',
      certificate(names(otherName(fulcio(7), octets(Buffer.from('x'))))),
      /^expected DER with tag 12, got tag 4/,
    ],
    [
      'a claim that is no text',
      certificate(names(uri), extension(fulcio(9), octets(Buffer.from('x')))),
      /^expected DER with tag 12, got tag 4/,
    ],
    ['a name that is no UTF-8', certificate(names(implicit(6, Buffer.from([0xff])))), /./],
  ];
  for (const [name, der, message] of refused) {
    it(`is refused with ${name}`, () => {
      assert.throws(() => readCertificateIdentity(der), { message });
    });
  }
});
