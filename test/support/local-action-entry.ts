// What GitHub's local-action starts: it wants a function `run`, where a runner starts the module itself.

import { once } from 'node:events';

export async function run(): Promise<void> {
  await import('../../src/action/action-main.ts');
  // The module tells nobody when it is done; there is nothing left to do then.
  await once(process, 'beforeExit');
}
