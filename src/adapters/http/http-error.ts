// The error of an exchange that came to no answer. It knows nobody's API: who asked says what it means there.

/** Why no answer came, or why it could not be read. */
export interface NetworkFailure {
  readonly kind:
    'dns' | 'connect' | 'reset' | 'timeout' | 'garbled' | 'not-tls' | 'tls' | 'proxy' | 'request';
  /** `briefly` for what is rarely cured by waiting. */
  readonly retry: 'yes' | 'briefly' | 'no';
  /** True when the connection had served before: then it was probably closed while it idled, and nothing is wrong. */
  readonly reused: boolean;
}

export interface HttpErrorParts {
  readonly method: string;
  /** As it may be shown. */
  readonly url: string;
  readonly failure: NetworkFailure;
  /** Fit for any server. */
  readonly hint: string | undefined;
}

/** To be made an error of the adapter that sent the request: no shell expects this one. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly method: string;
  readonly url: string;
  readonly failure: NetworkFailure;
  readonly hint: string | undefined;

  constructor(message: string, parts: HttpErrorParts, options: { readonly cause: unknown }) {
    super(message, options);
    this.method = parts.method;
    this.url = parts.url;
    this.failure = parts.failure;
    this.hint = parts.hint;
  }
}
