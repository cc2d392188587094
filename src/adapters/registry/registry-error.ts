// The error of everything that goes wrong between a registry and us, with what the retry loop must know of it.

import { BimaError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Digest } from '../../core/oci/digest.ts';

/** Why no answer came, or why it could not be read. */
export interface NetworkFailure {
  readonly kind:
    'dns' | 'connect' | 'reset' | 'timeout' | 'garbled' | 'not-tls' | 'tls' | 'proxy' | 'request';
  /** `briefly` for what is rarely cured by waiting. */
  readonly retry: 'yes' | 'briefly' | 'no';
  /** True when the connection had served before: then it was probably closed while it idled, and nothing is wrong. */
  readonly reused: boolean;
}

export interface RegistryErrorParts {
  readonly method: string;
  /** Without query, and without the secret part of an upload's path. */
  readonly url: string;
  /** Undefined when there was no answer. */
  readonly status?: number | undefined;
  /** Milliseconds that the registry asked to wait, if it did so in a way that can be read. */
  readonly retryAfter?: number | undefined;
  /** The registry's own words for it, such as `DENIED` (distribution-spec, "Error Codes"). */
  readonly codes?: readonly string[] | undefined;
  /** The content that the registry misses, as far as it says so. */
  readonly missing?: readonly Digest[] | undefined;
  readonly failure?: NetworkFailure | undefined;
  /** True when it was tried as often as makes sense, and no retry around it should begin again. */
  readonly settled?: boolean;
}

export class RegistryError extends BimaError {
  readonly method: string;
  readonly url: string;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly codes: readonly string[];
  readonly missing: readonly Digest[];
  readonly failure: NetworkFailure | undefined;
  readonly settled: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    parts: RegistryErrorParts,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.method = parts.method;
    this.url = parts.url;
    this.status = parts.status;
    this.retryAfter = parts.retryAfter;
    this.codes = parts.codes ?? [];
    this.missing = parts.missing ?? [];
    this.failure = parts.failure;
    this.settled = parts.settled ?? false;
  }
}

/** True for an answer with this status and, if any are given, one of these codes. */
export function isAnswer(error: RegistryError, status: number, ...codes: readonly string[]): boolean {
  return error.status === status && (codes.length === 0 || codes.some((code) => error.codes.includes(code)));
}

/** The word for an answer with this status. */
export function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return 'REGISTRY_UNAUTHORIZED';
  if (status === 403) return 'REGISTRY_DENIED';
  if (status === 404) return 'REGISTRY_NOT_FOUND';
  if (status === 408 || status === 429 || status >= 500) return 'REGISTRY_UNAVAILABLE';
  return status >= 400 ? 'REGISTRY_REFUSED' : 'REGISTRY_PROTOCOL';
}
