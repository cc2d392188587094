// One writer of a folder at a time, also across processes, without a lock that a killed process could leave behind.
//
// Whoever wants to write makes an entry of its own in the folder, whose name says who that is (owner.ts), and lists the
// folder after that. It is the writer if no other entry belongs to a process that lives; otherwise it takes its entry
// back and tries again after a while, by chance a shorter or a longer one. Of two that come together, at least one
// lists after both entries were made: so there is never a second writer, nothing has to be taken over from the dead,
// and entries of the dead are no more than litter. The folder itself is all that is shared: it works for bind mounts,
// containers and network file systems as far as those show a new entry to whoever lists after it was made.
//
// Where nobody can say whether the owner lives (another machine or container, or a system without start times), a
// writer shows it by touching its entry. Who waits takes an entry for dead when it saw no change for much longer than
// that, by its own clock, so that clocks needn't agree. A writer that was stopped for so long (a laptop that slept)
// finds its entry gone when it asks, and gives up before it changes what counts.

import { randomInt } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BimaError, isSystemError } from '../../core/errors.ts';
import { lifeOf, nameOwner } from '../filesystem/process-owner.ts';

const prefix = '.bima-lock-';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a sign of life after which an owner that can't be looked up counts as dead. */
  readonly silence?: number;
  /** Milliseconds after which waiting is an error. */
  readonly patience?: number;
}

/** Throws when the lock was lost; called before every step that changes what others see. */
export type StillHeld = () => Promise<void>;

/** Whether a file name is that of an entry. */
export function isLockName(name: string): boolean {
  return name.startsWith(prefix);
}

/**
 * Runs `body` while nobody else writes to the folder, which is made if it isn't there.
 * @throws BimaError OUTPUT_FAILED when another writer doesn't end
 */
export async function withLock<T>(
  directory: string,
  body: (stillHeld: StillHeld) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const { silence = 15_000 } = options;
  const path = await acquire(directory, silence, options);
  const beat = setInterval(() => {
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, silence / 8);
  beat.unref();
  const stillHeld = async () => {
    if ((await stat(path).catch(() => undefined)) !== undefined) return;
    throw new BimaError('OUTPUT_FAILED', `another process took over while "${directory}" was written to`, {
      hint: 'Run it again: this one was stopped for too long.',
    });
  };
  try {
    return await body(stillHeld);
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

async function acquire(directory: string, silence: number, options: LockOptions): Promise<string> {
  const { signal, patience = 600_000 } = options;
  const started = performance.now();
  const watched = new Map<string, { readonly mark: string; readonly since: number }>();
  for (let pause = 8; ; pause = Math.min(pause * 2, 256)) {
    signal?.throwIfAborted();
    let others = await listLiving(directory, watched, silence);
    if (others.length === 0) {
      const name = `${prefix}${await nameOwner()}`;
      const path = join(directory, name);
      await makeEntry(directory, path);
      others = (await listLiving(directory, watched, silence)).filter((other) => other !== name);
      if (others.length === 0) return path;
      await rm(path, { force: true });
    }
    if (performance.now() - started > patience) throw neverFree(directory, others);
    await sleep(randomInt(pause, pause * 3), undefined, signal === undefined ? {} : { signal });
  }
}

async function makeEntry(directory: string, path: string): Promise<void> {
  for (let count = 1; ; count += 1) {
    try {
      await mkdir(directory, { recursive: true });
      await (await open(path, 'wx')).close();
      return;
    } catch (error) {
      // Another process has just failed and removed the folder that it made.
      if (count === 10 || !isSystemError(error, 'ENOENT')) throw error;
    }
  }
}

/** Names of the entries whose owners may be alive; removes the others. */
async function listLiving(
  directory: string,
  watched: Map<string, { readonly mark: string; readonly since: number }>,
  silence: number,
): Promise<string[]> {
  const living: string[] = [];
  for (const name of (await readdir(directory).catch(() => [])).filter(isLockName)) {
    const path = join(directory, name);
    const life = await lifeOf(name);
    if (life === 'running') {
      living.push(name);
      continue;
    }
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined) continue;
    const mark = String(found.mtimeNs);
    const known = watched.get(name);
    const now = performance.now();
    if (known?.mark !== mark) watched.set(name, { mark, since: now });
    const isSilent = known?.mark === mark && now - known.since > silence;
    if (life === 'gone' || isSilent) await rm(path, { force: true }).catch(() => undefined);
    else living.push(name);
  }
  return living;
}

function neverFree(directory: string, [name = '']: readonly string[]): BimaError {
  return new BimaError('OUTPUT_FAILED', `another process writes to "${directory}", and does not end`, {
    hint: `End it, or remove the file "${name}" in that folder if there is none.`,
  });
}
