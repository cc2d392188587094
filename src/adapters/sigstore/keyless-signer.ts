// Signs with the identity of a workflow or a person: a key that lives as long as the run, and a certificate that says whose it
// is. All statements share it, unless they take longer than it is valid.

import { generateKeyPairSync } from 'node:crypto';
import { BimaError } from '../../core/errors.ts';
import { selectAuthority, selectWitnesses } from '../../core/trust/select-services.ts';
import type { WitnessServices } from '../../core/trust/select-services.ts';
import type { Signer } from '../../core/trust/signer.ts';
import { signingKeyOf } from '../../core/trust/signing-key.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import type { CertificateIdentity } from '../../core/trust/certificate-identity.ts';
import type { SigningService, TrustConfiguration } from '../../core/trust/trust-configuration.ts';
import { fetchCertificate } from './fulcio.ts';
import type { SigningCertificate } from './fulcio.ts';
import { signStatement } from './sign-statement.ts';
import type { SigningTools } from './signing-service.ts';
import { fetchIdentityToken } from './workflow-token.ts';
import type { IdentitySource } from './workflow-token.ts';

export interface KeylessSigner extends Signer {
  /** What the certificate says of the run, such as the repository and the commit. */
  readonly certificate: CertificateIdentity;
}

/** Milliseconds for the log and the timestamp authority, and for clocks that differ a little. */
const margin = 90_000;

/**
 * Gets the first certificate, so that what is wrong with the identity is said before anything is pushed.
 * @throws BimaError SIGNING_TOKEN_MISSING, SIGNING_FAILED, TRUST_CONFIGURATION_INVALID; the signal's reason
 */
export async function createKeylessSigner(
  source: IdentitySource,
  trust: TrustConfiguration,
  tools: SigningTools,
): Promise<KeylessSigner> {
  const now = tools.clock.now();
  const witnesses = selectWitnesses(trust, now);
  const { logs, timestampAuthorities } = witnesses;
  // The first version of Rekor signs the time, too.
  if (timestampAuthorities.length === 0 && !logs.some(({ majorApiVersion }) => majorApiVersion === 1)) {
    throw new BimaError(
      'TRUST_CONFIGURATION_INVALID',
      'the trust configuration: expected a timestamp authority to sign with a certificate, got none',
      {
        hint:
          'A certificate is valid for some minutes, and only a timestamp proves later that it was used within them: name ' +
          'one under tsaUrls, or sign with a key.',
      },
    );
  }
  const renewing = new Renewing(source, selectAuthority(trust, now), tools);
  const { identity } = await renewing.current();
  return {
    identity: identity.subject,
    certificate: identity,
    sign: (statement) => signWith(statement, renewing, witnesses, tools),
  };
}

async function signWith(
  statement: Uint8Array,
  renewing: Renewing,
  witnesses: WitnessServices,
  tools: SigningTools,
): Promise<Uint8Array> {
  const { der, identity } = await renewing.current();
  return signStatement(statement, {
    key: renewing.key,
    signedBy: { kind: 'certificate', der },
    witnesses,
    tools,
    checkTimes: (times) => {
      for (const time of times) checkTime(time, identity);
    },
  });
}

/** Whole seconds, as certificates have them. */
function checkTime(time: number, { notBefore, notAfter }: CertificateIdentity): void {
  if (time >= notBefore && time < notAfter + 1000) return;
  const text = (milliseconds: number) => new Date(milliseconds).toISOString();
  throw new BimaError(
    'SIGNING_FAILED',
    `the time of the signature: expected one from ${text(notBefore)} to ${text(notAfter)}, when the certificate is valid, ` +
      `got ${text(time)}`,
    {
      hint: 'The clocks of the certificate authority and of the timestamp authority or the log differ: ask those who run them.',
    },
  );
}

interface Current {
  readonly certificate: SigningCertificate;
  /** By our own clock, in milliseconds since 1970. */
  readonly end: number;
}

/** The certificate of the run's key, or the next one when its time is nearly over. */
class Renewing {
  readonly key: SigningKey = signingKeyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  readonly #source: IdentitySource;
  readonly #authority: SigningService;
  readonly #tools: SigningTools;
  #latest: Promise<Current> | undefined;

  constructor(source: IdentitySource, authority: SigningService, tools: SigningTools) {
    this.#source = source;
    this.#authority = authority;
    this.#tools = tools;
  }

  async current(): Promise<SigningCertificate> {
    const latest = this.#latest ?? this.#renew();
    const { certificate, end } = await latest;
    if (this.#tools.clock.now() < end) return certificate;
    // Of several that find it at its end, the first gets the next one for all.
    return (await (this.#latest === latest ? this.#renew() : (this.#latest ?? this.#renew()))).certificate;
  }

  #renew(): Promise<Current> {
    const next = this.#fetch();
    this.#latest = next;
    // What failed is tried again by the next who asks.
    next.catch(() => {
      if (this.#latest === next) this.#latest = undefined;
    });
    return next;
  }

  async #fetch(): Promise<Current> {
    const token = await fetchIdentityToken(this.#source, this.#tools);
    const asked = this.#tools.clock.now();
    const certificate = await fetchCertificate(this.key, token, this.#authority, this.#tools);
    const { notBefore, notAfter } = certificate.identity;
    // Counted from here by our own clock, which the authority's needn't agree with.
    return { certificate, end: asked + (notAfter - notBefore) - margin };
  }
}
