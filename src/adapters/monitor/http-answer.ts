// Whether a guest answers over HTTP.

import { get } from 'node:http';

/** Milliseconds for one attempt, and between two of them. */
const patience = 3000;
const interval = 100;

/**
 * Asks until there is an answer with a status below 400, or the signal is aborted.
 * @returns the status; undefined after an abort
 */
export async function waitForAnswer(
  { address, port, path }: { readonly address: string; readonly port: number; readonly path: string },
  signal: AbortSignal,
): Promise<number | undefined> {
  while (!signal.aborted) {
    const status = await ask(`http://${address}:${port}${path}`, signal);
    if (status !== undefined && status < 400) return status;
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  return undefined;
}

/** Undefined without an answer: QEMU accepts connections at once, long before its guest does. */
function ask(url: string, signal: AbortSignal): Promise<number | undefined> {
  return new Promise((resolve) => {
    const options = { agent: false, signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) };
    const request = get(url, options, (response) => {
      response.resume();
      response.once('error', () => undefined);
      resolve(response.statusCode);
      request.destroy();
    });
    request.once('error', () => {
      resolve(undefined);
    });
  });
}
