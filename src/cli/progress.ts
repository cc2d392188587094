// Progress of long tasks: a bar for each on a terminal, and a line now and then otherwise.

import { MultiBar } from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import { formatSize } from '../reporter.ts';

export interface Progress {
  /** `done` of `total` bytes. */
  update(task: string, done: number, total: number): void;
  /** Prints a line without tearing the bars. */
  print(line: string): void;
  close(): void;
}

/** Bars at the end of the terminal's output; each goes when its task is done. */
export function progressBars(stream: NodeJS.WriteStream): Progress {
  const bars = new Map<string, SingleBar>();
  let display: MultiBar | undefined;
  const createDisplay = () =>
    new MultiBar({
      stream,
      format: '{task} [{bar}] {percentage}% {done} of {size}',
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
      fps: 5,
    });
  return {
    update: (task, done, total) => {
      display ??= createDisplay();
      const payload = { task: shorten(task), done: formatSize(done), size: formatSize(total) };
      const bar = bars.get(task);
      if (bar === undefined) bars.set(task, display.create(total, done, payload));
      else bar.update(done, payload);
      if (done < total) return;
      const finished = bars.get(task);
      if (finished !== undefined) display.remove(finished);
      bars.delete(task);
    },
    print: (line) => {
      if (display !== undefined && bars.size > 0) display.log(`${line}\n`);
      else stream.write(`${line}\n`);
    },
    close: () => {
      display?.stop();
    },
  };
}

/** Milliseconds between two lines about one task. */
const interval = 5000;

/** A line for a task that takes long, and none for one that doesn't. */
export function progressLines(write: (line: string) => void, now: () => number): Progress {
  const last = new Map<string, number>();
  return {
    update: (task, done, total) => {
      const time = now();
      const before = last.get(task);
      if (before === undefined) last.set(task, time);
      else if (done < total && time - before >= interval) {
        last.set(task, time);
        write(`${shorten(task)} ${formatSize(done)} of ${formatSize(total)}`);
      }
    },
    print: write,
    close: () => undefined,
  };
}

/** Twelve digits of a digest tell blobs apart. */
function shorten(task: string): string {
  return task.replace(/^sha256:([0-9a-f]{12})[0-9a-f]{52}$/, '$1');
}
