// A port of this machine that nobody listens on.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { BimaError } from '../../core/errors.ts';

/** Another process may take it before it is used. @throws BimaError NOT_AVAILABLE */
export async function findFreePort(address: string): Promise<number> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, address.replace(/^\[(.*)\]$/, '$1'), resolve);
    });
    return (server.address() as AddressInfo).port;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BimaError('NOT_AVAILABLE', `no port of ${address} can be listened on: ${reason}`, { cause });
  } finally {
    server.close();
  }
}
