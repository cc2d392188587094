// Progress of long tasks on a terminal: a bar for each.

import type { MultiBar, SingleBar } from 'cli-progress';
import { shortenTask } from '../core/progress-lines.ts';
import type { Progress } from '../core/progress-lines.ts';
import { formatSize } from '../core/reporter.ts';

/** Bars at the end of the terminal's output; each goes when its task is done. */
export function progressBars(stream: NodeJS.WriteStream): Progress {
  const bars = new Map<string, SingleBar>();
  let display: MultiBar | undefined;
  let isLoading = false;
  let isClosed = false;
  const createDisplay = async () => {
    isLoading = true;
    const { MultiBar } = await import('./bars-library.ts');
    if (isClosed) return;
    display = new MultiBar({
      stream,
      format: '{task} [{bar}] {percentage}% {done} of {size}',
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
      fps: 5,
    });
  };
  return {
    update: (task, done, total) => {
      if (display === undefined) {
        // Loaded for the first bar, which most commands don't have; the task tells more in a moment.
        if (!isLoading) void createDisplay();
        return;
      }
      const payload = { task: shortenTask(task), done: formatSize(done), size: formatSize(total) };
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
      isClosed = true;
      display?.stop();
    },
  };
}
