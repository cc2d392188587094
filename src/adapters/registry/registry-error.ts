// The error of everything that goes wrong with a registry, with what the retry loop needs to know.

import { BimaError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { HttpError } from '../http/http-error.ts';
import type { NetworkFailure } from '../http/http-error.ts';

export interface RegistryErrorParts {
  readonly method: string;
  /** The URL without its query and without the secret part of an upload's path. */
  readonly url: string;
  /** Undefined when there was no answer. */
  readonly status?: number | undefined;
  /** Milliseconds that the registry asked to wait, if it did so readably. */
  readonly retryAfter?: number | undefined;
  /** The registry's own words for it, such as `DENIED` (distribution-spec, "Error Codes"). */
  readonly codes?: readonly string[] | undefined;
  /** The content that the registry says it lacks. */
  readonly missing?: readonly Digest[] | undefined;
  readonly failure?: NetworkFailure | undefined;
  /** True when it was retried enough, and no outer retry should begin again. */
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

/** What to do about a failed connection with a registry, where it isn't what holds for any server. */
const hints: Partial<Record<NetworkFailure['kind'], string>> = {
  dns: 'Check the spelling of the registry and the proxy settings.',
  connect: 'Check the host and port of the registry, and the proxy settings.',
  'not-tls':
    'Plain HTTP is spoken with this machine only, unless --plain-http (in a workflow: "tls-verify: false") allows it.',
};

/** The RegistryError for a failed exchange; any other error is returned unchanged. */
export function registryFailure(error: unknown): unknown {
  if (!(error instanceof HttpError)) return error;
  const { message, method, url, failure, cause } = error;
  const hint = error.hint === undefined ? undefined : (hints[failure.kind] ?? error.hint);
  return new RegistryError(
    'REGISTRY_UNREACHABLE',
    message,
    { method, url, failure },
    hint === undefined ? { cause } : { hint, cause },
  );
}
