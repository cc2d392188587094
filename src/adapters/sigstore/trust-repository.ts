// What a sigstore says of itself now: whom to trust and where to sign, from its repository of The Update Framework
// (theupdateframework.github.io/specification), with one root of each that is known here. Everything that the cache holds
// is verified from that root on each time: who can write the cache can make this fail, and no more.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BimaError } from '../../core/errors.ts';
import { parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { clean } from '../../core/text.ts';
import { githubSigningConfig } from '../../core/trust/github-instance.ts';
import { withTemporaryFolder, writeWhole } from '../filesystem/temporary.ts';
// https://tuf-repo.github.com/3.root.json, as GitHub's own command line has it.
import githubRoot from './github-root.json' with { type: 'json' };
import { askService, serviceEndpoint } from './signing-service.ts';
import type { SigningTools } from './signing-service.ts';

/** Public sigstore, or GitHub's own for repositories that aren't public. */
export type SigstoreInstance = 'public' | 'github';

export interface TrustSource {
  readonly instance: SigstoreInstance;
  /** A folder for what was fetched, such as that of `--cache`; nothing is kept without one. */
  readonly cache?: string | undefined;
  /** In place of the instance's own, for tests and mirrors. */
  readonly repository?: TrustRepository | undefined;
}

export interface TrustRepository {
  readonly url: string;
  /** A `root.json`: any version from which the newer ones follow. */
  readonly root: Uint8Array;
}

const trustedRootName = 'trusted_root.json';
const signingConfigName = 'signing_config.v0.2.json';

/**
 * The trusted root of an instance.
 * @returns sigstore's TrustedRoot as JSON
 * @throws BimaError TRUST_ROOT_UNAVAILABLE; the signal's reason
 */
export async function loadTrustedRoot(source: TrustSource, tools: SigningTools): Promise<JsonObject> {
  const [root] = await readTargets(source, [trustedRootName], tools);
  return root ?? {};
}

/**
 * Whom to trust and where to sign now.
 * @param serverUrl of the job, such as `https://github.com`: GitHub's own instance has services of each server
 * @returns sigstore's ClientTrustConfig as JSON
 * @throws BimaError TRUST_ROOT_UNAVAILABLE; the signal's reason
 */
export async function loadTrustConfiguration(
  source: TrustSource & { readonly serverUrl?: string },
  tools: SigningTools,
): Promise<JsonObject> {
  const isGithub = source.instance === 'github';
  const names = isGithub ? [trustedRootName] : [trustedRootName, signingConfigName];
  const [trustedRoot, published] = await readTargets(source, names, tools);
  return {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot,
    signingConfig: isGithub ? githubSigningConfig(source.serverUrl ?? 'https://github.com') : published,
  };
}

async function readTargets(
  source: TrustSource,
  names: readonly string[],
  tools: SigningTools,
): Promise<readonly JsonObject[]> {
  const { cache, instance } = source;
  const kept = cache === undefined || cache === '' ? undefined : join(cache, 'trust', instance);
  try {
    return await readThrough(source, names, new Fetcher(kept, tools), tools);
  } catch (error) {
    if (kept === undefined || !(error instanceof BimaError) || error.code !== 'TRUST_ROOT_UNAVAILABLE')
      throw error;
    // What the cache has may be damaged.
    return readThrough(source, names, new Fetcher(undefined, tools, kept), tools);
  }
}

async function readThrough(
  { instance, repository }: TrustSource,
  names: readonly string[],
  fetcher: Fetcher,
  tools: SigningTools,
): Promise<readonly JsonObject[]> {
  const { Updater, DownloadHTTPError, sigstoreSeed } = await import('./trust-library.ts');
  const { url, root } = repository ?? knownRepository(instance, sigstoreSeed);
  fetcher.missing = (status) => new DownloadHTTPError('not there', status);
  return withTemporaryFolder(join(tmpdir(), 'trust'), async (folder) => {
    fetcher.folder = folder;
    const targets = join(folder, 'targets');
    await mkdir(targets);
    await writeFile(join(folder, 'root.json'), root);
    try {
      const updater = new Updater({
        metadataDir: folder,
        metadataBaseUrl: url,
        targetDir: targets,
        targetBaseUrl: `${url}/targets`,
        fetcher,
      });
      await updater.refresh();
      const found: JsonObject[] = [];
      for (const name of names) {
        const target = await updater.getTargetInfo(name);
        if (target === undefined) throw new Error(`it has no ${name}`);
        const bytes = await readFile(await updater.downloadTarget(target));
        found.push(parseJsonObject(bytes, name));
      }
      return found;
    } catch (error) {
      tools.signal?.throwIfAborted();
      throw unavailable(url, fetcher.failure ?? error);
    }
  });
}

function knownRepository(instance: SigstoreInstance, sigstoreSeed: string): TrustRepository {
  return instance === 'public'
    ? { url: 'https://tuf-repo-cdn.sigstore.dev', root: Buffer.from(sigstoreSeed, 'base64') }
    : { url: 'https://tuf-repo.github.com', root: Buffer.from(JSON.stringify(githubRoot)) };
}

function unavailable(url: string, error: unknown): BimaError {
  const why = error instanceof Error ? error.message : String(error);
  return new BimaError('TRUST_ROOT_UNAVAILABLE', `whom to trust can't be read from ${url}: ${clean(why)}`, {
    hint:
      'Check the network, its proxy and the clock of this machine. Without a network, name a trusted root with ' +
      '--trusted-root; `gh attestation trusted-root` and `cosign trusted-root create` write one.',
    cause: error,
  });
}

/** What the library asks for, over the HTTP that is there, through the cache. */
class Fetcher {
  /** For answers that say that there is no such file. */
  missing: (status: number) => Error = (status) => new Error(`status ${status}`);
  folder = tmpdir();
  /** The network's failure: the library has only its text. */
  failure: unknown;
  readonly #kept: string | undefined;
  readonly #written: string | undefined;
  readonly #tools: SigningTools;
  #isOffline = false;

  /** @param written where to put what is fetched, where nothing is to be read from */
  constructor(kept: string | undefined, tools: SigningTools, written = kept) {
    this.#kept = kept;
    this.#written = written;
    this.#tools = tools;
  }

  async downloadFile<T>(url: string, maxLength: number, use: (path: string) => Promise<T>): Promise<T> {
    const bytes = await this.downloadBytes(url, maxLength);
    const path = join(this.folder, `.${randomBytes(8).toString('hex')}`);
    await writeFile(path, bytes);
    return use(path);
  }

  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    const name = encodeURIComponent(url.slice(url.lastIndexOf('/') + 1));
    // Numbers and digests are in the names of all files but one, which never change.
    const isFixed = name !== 'timestamp.json';
    const known = isFixed ? await this.#read(name) : undefined;
    if (known !== undefined) return known;
    if (this.#isOffline) {
      const last = isFixed ? undefined : await this.#read(name);
      if (last === undefined) throw this.missing(404);
      return last;
    }
    const bytes = await this.#fetch(url, name);
    if (bytes.length > maxLength)
      throw new Error(`${url}: expected at most ${maxLength} bytes, got ${bytes.length}`);
    if (this.#written !== undefined) await writeWhole(join(this.#written, name), bytes).catch(() => undefined);
    return Buffer.from(bytes);
  }

  async #fetch(url: string, name: string): Promise<Uint8Array> {
    try {
      const service = "sigstore's repository";
      const request = { service, method: 'GET', headers: {}, expected: [200, 403, 404] } as const;
      const endpoint = serviceEndpoint(service, url);
      const { status, bytes } = await askService({ ...request, endpoint }, this.#tools);
      if (status !== 200) throw this.missing(status);
      return bytes;
    } catch (error) {
      if (!(error instanceof BimaError)) throw error;
      this.failure = error;
      // What was fetched before is good until the day that is signed with it.
      const last = await this.#read('timestamp.json');
      if (last === undefined) throw error;
      this.#tools.reporter.info(`${error.message}; what the cache has is used as long as it is valid`);
      this.#isOffline = true;
      if (name === 'timestamp.json') return last;
      throw this.missing(404);
    }
  }

  async #read(name: string): Promise<Buffer | undefined> {
    if (this.#kept === undefined) return undefined;
    return readFile(join(this.#kept, name)).catch(() => undefined);
  }
}
