// The user's home directory, if there is one.

import { homedir } from 'node:os';

/** Undefined for a user without HOME and without an entry in passwd, as containers with any user ID have. */
export function findHome(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
