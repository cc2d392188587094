// What the step after the job does as a process.

import { failUntilDone } from '../core/unfinished.ts';

/** Removes the private folder with `remove`, and ends well whatever keeps it: the runner empties its own folder. */
export function runPostStep(remove: (folder: string) => Promise<void>): void {
  const end = failUntilDone(process, (message) => process.stdout.write(`::error::${message}\n`));
  const folder = process.env.STATE_folder ?? '';
  const removed = folder === '' ? Promise.resolve() : remove(folder);
  void removed
    .catch(() => undefined)
    .then(() => {
      end(0);
    });
}
