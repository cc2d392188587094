// Progress of long tasks on a terminal: a bar for each.

import { MultiBar } from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import { shortenTask } from '../core/progress-lines.ts';
import type { Progress } from '../core/progress-lines.ts';
import { formatSize } from '../core/reporter.ts';

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
      display?.stop();
    },
  };
}
