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
