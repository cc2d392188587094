// How the use cases speak. Where the words go, and in what form, is up to each shell.

import type { Problem } from './errors.ts';

/** Receives what a use case has to say while it runs. No call ever throws. */
export interface Reporter {
  /** Runs `body` as one titled stage: a foldable group in a workflow log. */
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
  info(message: string): void;
  debug(message: string): void;
  warning(problem: Problem): void;
  /** `done` of `total` bytes of one long task; a shell decides how often to show it. */
  progress(task: string, done: number, total: number): void;
}

/** Says nothing. */
export const silentReporter: Reporter = {
  group: (_title, body) => body(),
  info: () => undefined,
  debug: () => undefined,
  warning: () => undefined,
  progress: () => undefined,
};

/** A size for people, such as `12.3 MB` (units of 1000). */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
