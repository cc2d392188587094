// Network errors in plain words, and whether waiting can cure them.

import { HttpError } from './http-error.ts';
import type { NetworkFailure } from './http-error.ts';

interface Kind {
  readonly kind: NetworkFailure['kind'];
  readonly retry: NetworkFailure['retry'];
  readonly says: string;
  readonly hint?: string;
}

/** The abort reason that the timers set. */
export class Timeout extends Error {
  override readonly name = 'Timeout';
}

/** @param request its address as it may be shown, which hides a host that a server has made of a secret */
export function networkError(
  error: unknown,
  request: { readonly method: string; readonly url: string; readonly host: string },
  reused: boolean,
): HttpError {
  const code = codeOf(error);
  const { method, url } = request;
  const host = /^https?:\/\/([^/]+)/.exec(url)?.[1] ?? request.host;
  const { kind, retry, says, hint } = kindOf(code, error, host);
  // Not the error itself: some of the library's carry bytes of the answer.
  const text = [code, error instanceof Error ? error.message : undefined].filter(Boolean).join(': ');
  const hide = (words: string) => words.replaceAll(withoutPort(request.host), withoutPort(host));
  return new HttpError(
    `${method} ${url}: ${hide(says)}`,
    { method, url, failure: { kind, retry, reused }, hint },
    { cause: new Error(hide(text)) },
  );
}

/** The host without its port. */
function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}

function kindOf(code: string, error: unknown, host: string): Kind {
  const message = error instanceof Error ? error.message : '';
  if (error instanceof Timeout) return { kind: 'timeout', retry: 'yes', says: message };
  const proxyStatus = /^Proxy (?:response|Authentication Required) \((\d+)\)/.exec(message)?.[1];
  if (proxyStatus !== undefined) return proxyKind(Number(proxyStatus));
  switch (code) {
    case 'ENOTFOUND':
      return {
        kind: 'dns',
        retry: 'briefly',
        says: `no address is known for "${host}"`,
        hint: 'Check the spelling of the host and the proxy settings.',
      };
    case 'EAI_AGAIN':
      return { kind: 'dns', retry: 'yes', says: `the address of "${host}" can't be looked up just now` };
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
      return {
        kind: 'connect',
        retry: 'yes',
        says: `"${host}" can't be reached (${code}${addressOf(error)})`,
        hint: 'Check the host and its port, and the proxy settings.',
      };
    case 'UND_ERR_CONNECT_TIMEOUT':
      return { kind: 'connect', retry: 'yes', says: `"${host}" did not take the connection in time` };
    case 'ECONNRESET':
      if (message.includes('before secure TLS')) {
        // No sign of a server without TLS: those answer in plain text.
        return {
          kind: 'reset',
          retry: 'yes',
          says: `"${host}" closed the connection during the TLS handshake`,
        };
      }
      return resetKind(host);
    case 'ECONNABORTED':
    case 'EPIPE':
    case 'ENOTCONN':
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_INFO':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return resetKind(host);
    case 'ETIMEDOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return { kind: 'timeout', retry: 'yes', says: `"${host}" sent nothing for too long` };
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { kind: 'garbled', retry: 'no', says: `"${host}" sent more headers than can be taken` };
    case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
      return {
        kind: 'request',
        retry: 'no',
        says: 'the content is not as long as it was when the upload began',
      };
    case 'UND_ERR_INVALID_ARG':
      return { kind: 'request', retry: 'no', says: 'the request cannot be sent over HTTP' };
    default:
      return otherKind(code, host, error instanceof Error ? error : new Error());
  }
}

function otherKind(code: string, host: string, { name, message }: Error): Kind {
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|^EPROTO$/.test(code)) {
    return { kind: 'not-tls', retry: 'no', says: `"${host}" does not speak TLS`, hint: plainHint };
  }
  if (name === 'HTTPParserError' || /^HPE_|^UND_ERR_/.test(code)) {
    // Docker Hub's rate limiter has answered with line ends that no strict parser takes.
    return {
      kind: 'garbled',
      retry: 'yes',
      says: `"${host}" sent an answer that is not HTTP (it may be overloaded)`,
    };
  }
  if (/CERT|^ERR_(?:TLS|SSL)|SIGNATURE|ISSUER|CRL/.test(code)) {
    return {
      kind: 'tls',
      retry: 'no',
      says: `the certificate of "${host}" is not trusted, or TLS failed (${code})`,
      hint: 'Give the certificate of its authority as a CA file, or correct the host name.',
    };
  }
  return {
    kind: 'reset',
    retry: 'yes',
    says: `the exchange with "${host}" failed (${code === '' ? message : code})`,
  };
}

function resetKind(host: string): Kind {
  return { kind: 'reset', retry: 'yes', says: `"${host}" closed the connection before its answer was whole` };
}

function proxyKind(status: number): Kind {
  return {
    kind: 'proxy',
    retry: status >= 500 ? 'yes' : 'no',
    says: `the proxy refused with status ${status}`,
    hint:
      status === 407
        ? 'The proxy asks for a user name and a password: put them into the proxy URL of the environment.'
        : 'Check the proxy settings of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).',
  };
}

const plainHint = 'Check the port: what answers there may speak plain HTTP.';

/** Where the connection went, because it may be a proxy that can't be reached. */
function addressOf(error: unknown): string {
  if (error instanceof AggregateError) return addressOf(error.errors[0]);
  if (!(error instanceof Error) || !('address' in error) || !('port' in error)) return '';
  return ` at ${String(error.address)}, port ${String(error.port)}`;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
