// Progress of long tasks where lines can't be taken back: one now and then.

import { formatSize } from './reporter.ts';

export interface Progress {
  /** `done` of `total` bytes. */
  update(task: string, done: number, total: number): void;
  /** Prints a line without tearing the bars. */
  print(line: string): void;
  close(): void;
}

/** Milliseconds between two lines about one task. */
const interval = 5000;

/** A line for a task that takes long, and none for one that doesn't. @param now milliseconds since some moment */
export function progressLines(write: (line: string) => void, now: () => number): Progress {
  const last = new Map<string, number>();
  return {
    update: (task, done, total) => {
      const time = now();
      const before = last.get(task);
      if (before === undefined) last.set(task, time);
      else if (done < total && time - before >= interval) {
        last.set(task, time);
        write(`${shortenTask(task)} ${formatSize(done)} of ${formatSize(total)}`);
      }
    },
    print: write,
    close: () => undefined,
  };
}

/** Twelve digits of a digest tell blobs apart. */
export function shortenTask(task: string): string {
  return task.replace(/^sha256:([0-9a-f]{12})[0-9a-f]{52}$/, '$1');
}
