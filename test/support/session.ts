// A folder in the place of a user's session: skopeo looks for credentials in a folder of root's when there is none.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Sets it in this process's environment until the process ends. */
export function makeSession(): void {
  const session = mkdtempSync(join(tmpdir(), 'bima-tests-'));
  process.env.XDG_RUNTIME_DIR ??= session;
  process.on('exit', () => {
    rmSync(session, { recursive: true, force: true });
  });
}
