// The error of an exchange without an answer. It knows no API: the caller says what it means there.

/** Why no answer came, or why it could not be read. */
export interface NetworkFailure {
  readonly kind:
    'dns' | 'connect' | 'reset' | 'timeout' | 'garbled' | 'not-tls' | 'tls' | 'proxy' | 'request';
  /** `briefly` for what waiting rarely cures. */
  readonly retry: 'yes' | 'briefly' | 'no';
  /** True when the connection had been used before: it was probably closed while idle, and nothing is wrong. */
  readonly reused: boolean;
}

export interface HttpErrorParts {
  readonly method: string;
  /** The URL in the form that may be shown. */
  readonly url: string;
  readonly failure: NetworkFailure;
  /** Advice that holds for any server. */
  readonly hint: string | undefined;
}

/** A failed exchange. The adapter that sent the request makes its own error of it: no shell expects this one. */
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
