// Where requests go.

/** A URL in two pieces, because a URL object would rewrite a signed query. */
export interface Endpoint {
  /** Such as `https://ghcr.io` or `http://[::1]:5000`; a default port is left out. */
  readonly origin: string;
  /** Path and query, byte for byte. */
  readonly path: string;
  /** What logs and errors show: no query, and of an upload's own path nothing that could open it. */
  readonly shown: string;
}

/** @param origin see {@link Endpoint} */
export function endpointOf(origin: string, path: string): Endpoint {
  return { origin, path, shown: origin + path.replace(/\?.*$/s, '') };
}

/** The endpoint with one more query parameter at its end; the others stay unchanged. */
export function withParameter(endpoint: Endpoint, name: string, value: string): Endpoint {
  const { path } = endpoint;
  const separator = !path.includes('?') ? '?' : /[?&]$/.test(path) ? '' : '&';
  return { ...endpoint, path: `${path}${separator}${name}=${encodeURIComponent(value)}` };
}
