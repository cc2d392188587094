// Whether a run can sign, and how: settled before anything is built, so that what is wrong with a key is said at once.

import { readRegular } from '../../adapters/filesystem/open-regular.ts';
import type { SigningOptions, SigningTools } from '../../adapters/sigstore/signing-service.ts';
import type { IdentitySource } from '../../adapters/sigstore/workflow-token.ts';
import { BimaError } from '../../core/errors.ts';
import type { Environment } from '../../core/environment.ts';
import { limits } from '../../core/limits.ts';
import type { SigningKey } from '../../core/trust/signing-key.ts';
import type { TrustConfiguration } from '../../core/trust/trust-configuration.ts';
import type { RunSigner } from './run-signer.ts';

export interface SigningWish {
  /** `auto` signs where it is possible. */
  readonly mode: 'true' | 'auto';
  /** In PEM; without one, the identity of the run signs. */
  readonly key?: { readonly pem: string; readonly passphrase?: string | undefined } | undefined;
  /** Path of the trust configuration of a sigstore of one's own. */
  readonly trustPath?: string | undefined;
  /** What to do where there is no identity, for `true`. */
  readonly remedy: string;
  /** Why there is none, for people. */
  readonly whyNot: string;
  /** The sigstore that is meant without a trust configuration. */
  readonly loadTrust: LoadTrust;
}

export type LoadTrust = (tools: SigningTools) => Promise<TrustConfiguration>;

export type PreparedSigning =
  | { readonly kind: 'ready'; readonly withSigner: WithSigner }
  /** `auto` that can't sign. */
  | { readonly kind: 'impossible'; readonly why: string };

/** Connections of the signer end with `body`. */
export type WithSigner = <T>(body: (signer: RunSigner) => Promise<T>) => Promise<T>;

/**
 * @throws BimaError SIGNING_TOKEN_MISSING without an identity, unless that is `auto`; SIGNING_KEY_INVALID,
 *   TRUST_CONFIGURATION_INVALID, INPUT_INVALID for what can't be read
 */
export async function prepareSigning(
  wish: SigningWish,
  environment: Environment,
  tools: SigningOptions,
): Promise<PreparedSigning> {
  const trust = wish.trustPath === undefined ? undefined : await readTrust(wish.trustPath);
  const loadTrust = trust === undefined ? wish.loadTrust : () => Promise.resolve(trust);
  if (wish.key !== undefined) {
    const { readSigningKey } = await import('../../core/trust/signing-key.ts');
    const key = readSigningKey(wish.key.pem, wish.key.passphrase);
    return { kind: 'ready', withSigner: withSigner({ key, trust }, tools) };
  }
  const { findIdentitySource } = await import('../../adapters/sigstore/workflow-token.ts');
  const source = findIdentitySource(environment);
  if (source !== undefined) return { kind: 'ready', withSigner: withSigner({ source, loadTrust }, tools) };
  if (wish.mode === 'auto') return { kind: 'impossible', why: wish.whyNot };
  throw new BimaError('SIGNING_TOKEN_MISSING', `nothing to sign with: ${wish.whyNot}`, { hint: wish.remedy });
}

type Means =
  | { readonly key: SigningKey; readonly trust: TrustConfiguration | undefined }
  | { readonly source: IdentitySource; readonly loadTrust: LoadTrust };

function withSigner(means: Means, options: SigningOptions): WithSigner {
  return async (body) => {
    const [{ openSigningTools }, { keySignerOf, keylessSignerOf }] = await Promise.all([
      import('../../adapters/sigstore/signing-service.ts'),
      import('./run-signer.ts'),
    ]);
    const tools = openSigningTools(options);
    try {
      const signer =
        'key' in means
          ? keySignerOf(means.key, tools, means.trust)
          : await keylessSignerOf(means.source, await means.loadTrust(tools), tools);
      return await body(signer);
    } finally {
      await tools.close();
    }
  };
}

async function readTrust(path: string): Promise<TrustConfiguration> {
  const { parseTrustConfiguration } = await import('../../core/trust/trust-configuration.ts');
  const what = `the trust configuration "${path}"`;
  const bytes = await readRegular(path, limits.document, { code: 'INPUT_INVALID', follow: true }).catch(
    (cause: unknown) => {
      if (cause instanceof BimaError) throw cause;
      throw new BimaError('INPUT_INVALID', `can't read ${what}`, { cause });
    },
  );
  return parseTrustConfiguration(bytes, what);
}
