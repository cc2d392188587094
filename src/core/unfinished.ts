// A process that ends although its work isn't done. When a promise never settles, Node's event loop runs empty, and the
// process would end with 0, having done nothing and said nothing.

/** What is needed of a process. */
export interface EndingProcess {
  exitCode?: number | string | null | undefined;
  once(event: 'beforeExit', listener: () => void): unknown;
}

/**
 * Makes the process one that fails, until its work is done.
 * @param say is told when the event loop runs empty before that
 * @returns to be called with the exit code when the work is done
 */
export function failUntilDone(host: EndingProcess, say: (message: string) => void): (code: number) => void {
  host.exitCode = 1;
  let isDone = false;
  host.once('beforeExit', () => {
    if (!isDone) say('internal error, please report it: the work stopped before it was done');
  });
  return (code) => {
    isDone = true;
    host.exitCode = code;
  };
}
