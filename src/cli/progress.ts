// Progress of long tasks on a terminal: a bar for each.

import type { MultiBar, SingleBar } from 'cli-progress';
import { shortenTask } from '../core/progress-lines.ts';
import type { Progress } from '../core/progress-lines.ts';
import { formatSize } from '../core/reporter.ts';

/**
 * Bars at the end of the terminal's output; each goes when its task is done. The library is loaded for the first of them,
 * which most commands don't have.
 */
export function progressBars(stream: NodeJS.WriteStream): Progress {
  const bars = new Map<string, SingleBar>();
  /** What was told while the library is being loaded. */
  const waiting = new Map<string, readonly [done: number, total: number]>();
  let display: MultiBar | undefined;
  let isClosed = false;
  const show = (to: MultiBar, task: string, done: number, total: number) => {
    const payload = { task: shortenTask(task), done: formatSize(done), size: formatSize(total) };
    const bar = bars.get(task) ?? to.create(total, done, payload);
    bar.update(done, payload);
    bars.set(task, bar);
    if (done < total) return;
    to.remove(bar);
    bars.delete(task);
  };
  const load = async () => {
    const { MultiBar } = await import('./bars-library.ts');
    if (isClosed) return;
    const loaded = new MultiBar({
      stream,
      format: '{task} [{bar}] {percentage}% {done} of {size}',
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
      fps: 5,
    });
    display = loaded;
    for (const [task, [done, total]] of waiting) if (done < total) show(loaded, task, done, total);
  };
  return {
    update: (task, done, total) => {
      if (display !== undefined) {
        show(display, task, done, total);
        return;
      }
      if (waiting.size === 0) void load();
      waiting.set(task, [done, total]);
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
