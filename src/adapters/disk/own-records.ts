// What earlier builds of this user have found out about content, in a folder that only this user can write to: which tar
// is made of files, by their stamps, and which tar is in a layer. A record is believed without another look, so nobody
// else may have written it. Deleting the folder or anything in it is safe.

import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { hexOf, isDigest } from '../../core/oci/digest.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { encodeJson, parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import type { Reporter } from '../../core/reporter.ts';
import { readRegularNow } from '../filesystem/open-regular.ts';

export interface OwnRecordsOptions {
  /** The folder in which programs of this user keep what they can make again. */
  readonly cacheHome: string;
  /** False for records that are written and never read. */
  readonly reuse: boolean;
  readonly reporter: Reporter;
  /** Clock in milliseconds since 1970, as the file system's. */
  readonly now?: () => number;
}

/** How many are kept; each has some 100 bytes. */
const most = 1000;

/** The folder is made with the first record. Whatever is wrong with it only means that nothing is known. */
export class OwnRecords {
  readonly now: () => number;
  readonly #options: OwnRecordsOptions;
  readonly #folder: string;
  #isTrusted: boolean | undefined;

  constructor(options: OwnRecordsOptions) {
    this.#options = options;
    this.now = options.now ?? Date.now;
    this.#folder = join(options.cacheHome, 'bima', 'records');
  }

  /** @param key of 64 hexadecimal digits */
  findContent(key: string): { readonly diffId: Digest; readonly tarSize: number } | undefined {
    const { diffId, tarSize } = this.#read(`files-${key}`) ?? {};
    const isWhole = typeof diffId === 'string' && isDigest(diffId) && Number.isSafeInteger(tarSize);
    return isWhole ? { diffId, tarSize: Number(tarSize) } : undefined;
  }

  addContent(key: string, content: { readonly diffId: Digest; readonly tarSize: number }): void {
    this.#write(`files-${key}`, { diffId: content.diffId, tarSize: content.tarSize });
  }

  /** The diff ID of a layer. */
  findDiffId(layer: Digest): Digest | undefined {
    const { diffId } = this.#read(`layer-${hexOf(layer)}`) ?? {};
    return typeof diffId === 'string' && isDigest(diffId) ? diffId : undefined;
  }

  addDiffId(layer: Digest, diffId: Digest): void {
    this.#write(`layer-${hexOf(layer)}`, { diffId });
  }

  #read(name: string): JsonObject | undefined {
    if (!this.#options.reuse || !this.#isOurs()) return undefined;
    const path = join(this.#folder, name);
    try {
      return parseJsonObject(readRegularNow(path, limits.line, { code: 'LAYOUT_INVALID' }), path);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) this.#say(error);
      return undefined;
    }
  }

  #write(name: string, record: JsonObject): void {
    const temporary = join(this.#folder, `.${name}-${process.pid}`);
    try {
      this.#create();
      if (!this.#isOurs()) return;
      writeFileSync(temporary, encodeJson(record), { mode: 0o600 });
      renameSync(temporary, join(this.#folder, name));
      this.#evict();
    } catch (error) {
      this.#say(error);
      rmSync(temporary, { force: true });
    }
  }

  /** The user's own folder is not made: a user without one wants no files there. */
  #create(): void {
    if (this.#isTrusted === true) return;
    for (const folder of [this.#options.cacheHome, join(this.#folder, '..'), this.#folder]) {
      try {
        mkdirSync(folder, { mode: 0o700 });
      } catch (error) {
        if (!isSystemError(error, 'EEXIST')) throw error;
      }
    }
    this.#isTrusted = undefined;
  }

  /** Whether nobody but this user, and root, can have written what is in the folder. */
  #isOurs(): boolean {
    this.#isTrusted ??= [join(this.#folder, '..'), this.#folder].every((folder) => {
      const found = lstatSync(folder, { throwIfNoEntry: false });
      return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
    });
    return this.#isTrusted;
  }

  /** Removes the oldest when there are too many. */
  #evict(): void {
    const names = readdirSync(this.#folder);
    if (names.length <= most) return;
    const ages = names.map((name) => ({ name, time: statSync(join(this.#folder, name)).mtimeMs }));
    ages.sort((one, other) => one.time - other.time);
    for (const { name } of ages.slice(0, names.length - most / 2))
      rmSync(join(this.#folder, name), { force: true });
  }

  #say(error: unknown): void {
    if (!(error instanceof BimaError) && !isSystemError(error)) throw error;
    this.#options.reporter.debug(`a record of what was built before can't be used: ${error.message}`);
  }
}
