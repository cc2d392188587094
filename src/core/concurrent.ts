// Doing many things at once, but not too many, and all or none.

/**
 * Runs the tasks in their order, up to `limit` at a time. The first failure aborts those that are running, and no
 * other is started; it is thrown when all have ended.
 */
export async function runSideBySide(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  limit: number,
  outer?: AbortSignal,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = () => {
    controller.abort(outer?.reason);
  };
  if (outer?.aborted === true) abort();
  outer?.addEventListener('abort', abort, { once: true });

  const failures: unknown[] = [];
  const left = tasks.values();
  const work = async () => {
    for (const task of left) {
      if (signal.aborted) return;
      try {
        await task(signal);
      } catch (error) {
        // What fails after this one fails because of it.
        failures.push(error);
        controller.abort(error);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.max(1, limit) }, work));
  } finally {
    outer?.removeEventListener('abort', abort);
  }
  outer?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
