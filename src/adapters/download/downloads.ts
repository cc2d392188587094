// The files that ADD downloads: each once for a run, checked, and kept in a temporary folder.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import type { Clock } from '../../core/clock.ts';
import { urlName } from '../../core/containerfile/url-name.ts';
import { BimaError } from '../../core/errors.ts';
import type { FoundFile } from '../../core/files/match.ts';
import { createDigester } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { limits } from '../../core/limits.ts';
import { readFilePieces, writeNewFile } from '../filesystem/read-write.ts';
import { endpointOf } from '../http/endpoints.ts';
import { HttpError } from '../http/http-error.ts';
import type { Http, HttpOptions, HttpResponse } from '../http/http.ts';
import { defaultTimeouts } from '../http/watch.ts';

export interface DownloadOptions {
  /** The folder, created for the first file; the caller removes it. */
  readonly folder: string;
  /** Hosts that may be on this machine or in a private network. */
  readonly privateHosts: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  /** Proxy settings in place of the environment's variables. */
  readonly proxy?: NonNullable<HttpOptions['proxy']>;
}

/** Seconds to wait before each further attempt of one download. */
const waits = [0, 1, 4];

/** Statuses that may change a moment later. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

const redirects = new Set([301, 302, 303, 307, 308]);

export interface DownloadedFile {
  readonly url: string;
  readonly digest: Digest;
}

export class Downloads {
  readonly #options: DownloadOptions;
  readonly #allowed: ReadonlySet<string>;
  readonly #files = new Map<string, Promise<FoundFile>>();
  #http: Promise<Http> | undefined;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#allowed = new Set(options.privateHosts.map((host) => host.toLowerCase().replace(/^\[|\]$/g, '')));
  }

  /**
   * The file behind a URL, as ADD has it: only its owner may read and write it.
   * @param checksum such as `sha256:` with hexadecimal digits
   * @throws BimaError NOT_AVAILABLE for a host that isn't public, DOWNLOAD_FAILED, DIGEST_MISMATCH
   */
  fetch(url: string, checksum?: string): Promise<FoundFile> {
    const key = `${checksum ?? ''} ${url}`;
    const known = this.#files.get(key) ?? this.#fetch(new URL(url), checksum);
    this.#files.set(key, known);
    return known;
  }

  /** What was downloaded so far: its URL without a query, which may hold a signature, and its digest. */
  async fetched(): Promise<readonly DownloadedFile[]> {
    const files = [...this.#files].map(async ([key, file]): Promise<DownloadedFile[]> => {
      const found = await file.catch(() => undefined);
      if (found === undefined) return [];
      const digester = createDigester();
      for await (const piece of found.open()) digester.update(piece);
      return [{ url: shown(new URL(key.slice(key.indexOf(' ') + 1))), digest: digester.digest() }];
    });
    return (await Promise.all(files)).flat();
  }

  async close(): Promise<void> {
    await (await this.#http)?.close();
  }

  async #fetch(url: URL, checksum: string | undefined): Promise<FoundFile> {
    const { folder, clock = systemClock, signal } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [attempt, seconds] of waits.entries()) {
      await clock.sleep(seconds * 1000, signal);
      const path = join(folder, randomUUID());
      const isLast = attempt === waits.length - 1;
      try {
        const response = await this.#follow(url);
        if (response.status === 200) return await store(response, { url, path, checksum });
        await response.discard();
        if (!isLast && passing.has(response.status)) continue;
        throw failed(url, `expected status 200, got ${response.status}`);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof HttpError)) throw error;
        if (isLast || error.failure.retry === 'no') throw failed(url, error.message, error);
      }
    }
    throw new Error('unreachable: the last try returns or throws');
  }

  async #follow(url: URL): Promise<HttpResponse> {
    const { signal } = this.#options;
    const http = await (this.#http ??= this.#openHttp());
    const { checkPublic } = await import('../http/addresses.ts');
    let at = url;
    for (let count = 0; count <= limits.redirects; count++) {
      await checkPublic(at.hostname, this.#allowed);
      const response = await http.send({
        method: 'GET',
        endpoint: endpointOf(at.origin, at.pathname + at.search),
        // The file is what is stored, not a compressed form of it.
        headers: { 'accept-encoding': 'identity' },
        ...(signal === undefined ? {} : { signal }),
      });
      if (!redirects.has(response.status)) return response;
      await response.discard();
      const { location } = response.headers;
      at = nextPlace(at, typeof location === 'string' ? location : '');
    }
    throw failed(url, `expected at most ${limits.redirects} redirects, got more`);
  }

  /** Loads the HTTP client on first use: most builds download nothing. */
  async #openHttp(): Promise<Http> {
    const [{ createHttp }, { publicLookup }] = await Promise.all([
      import('../http/http.ts'),
      import('../http/addresses.ts'),
    ]);
    const { proxy } = this.#options;
    return createHttp({
      timeouts: defaultTimeouts,
      userAgent: 'bima',
      lookup: publicLookup(this.#allowed),
      ...(proxy === undefined ? {} : { proxy }),
    });
  }
}

function nextPlace(from: URL, location: string): URL {
  const next = location !== '' && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isHttp = next?.protocol === 'https:' || (next?.protocol === 'http:' && from.protocol === 'http:');
  if (next === undefined || !isHttp || next.username !== '' || next.password !== '')
    throw failed(from, 'it leads to a place that is no URL, not encrypted any more, or not HTTP');
  return next;
}

interface Wanted {
  readonly url: URL;
  readonly path: string;
  readonly checksum: string | undefined;
}

async function store(response: HttpResponse, { url, path, checksum }: Wanted): Promise<FoundFile> {
  const [algorithm = 'sha256'] = checksum?.split(':') ?? [];
  const hash = createHash(algorithm);
  let size = 0;
  await writeNewFile(path, response.body, (piece) => {
    hash.update(piece);
    size += piece.length;
    if (size > limits.download) throw failed(url, `expected at most ${limits.download} bytes, got more`);
  });
  const digest = `${algorithm}:${hash.digest('hex')}`;
  if (checksum !== undefined && digest !== checksum) {
    throw new BimaError('DIGEST_MISMATCH', `${shown(url)}: expected ${checksum}, got ${digest}`, {
      hint: 'The file is another one now, or the checksum is that of another file.',
    });
  }
  return {
    type: 'file',
    name: urlName(url.href) ?? '',
    size,
    executable: false,
    // As Docker has it for what comes from elsewhere.
    mode: 0o600,
    identify: () => digest,
    open: () => readFilePieces(path, undefined, true),
  };
}

function failed(url: URL, why: string, cause?: HttpError): BimaError {
  return new BimaError('DOWNLOAD_FAILED', `"${shown(url)}" can't be downloaded: ${why}`, {
    hint:
      cause?.hint ??
      'Open the URL yourself, or download it in a step before, into the build context, and COPY it.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The URL without its query, which may hold a signature. */
function shown({ origin, pathname }: URL): string {
  return origin + pathname;
}
