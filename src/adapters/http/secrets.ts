// What must never be seen: collected as it turns up, and taken out of every text that others wrote.

import { BimaError } from '../../core/errors.ts';
import { formsOf } from './secret-forms.ts';

export interface Secrets {
  /**
   * Registers a secret; called before its first use.
   * @param origin who chose the value: `server` for what came in an answer
   */
  add(value: string, origin: SecretOrigin): void;
  /** The same for the query of an address: it is one secret, and so is each signature or token in it. */
  addQuery(query: string): void;
  /** The text without any secret in any spelling, and without the query of any URL. */
  scrub(text: string): string;
  /** Runs what may throw an error that quotes a server; its message is scrubbed. */
  guard<T>(body: () => T): T;
}

export type SecretOrigin = 'user' | 'server';

/** A shorter value would blot out innocent text. */
const minimum = 4;
/** The same for a value that is a secret by its name alone. */
const shortestParameter = 8;
const telling = /sig|token|secret|credential|password|state|key|auth|policy/i;

/**
 * The least length of a server's value that is masked: one that says `true` would otherwise blot out the whole log,
 * and have GitHub drop outputs.
 */
const leastMaskedOfServer = 16;

/** What the user gave is masked at any length. */
export function isMasked(value: string, origin: SecretOrigin): boolean {
  return value.length >= (origin === 'user' ? 1 : leastMaskedOfServer);
}

/** @param mask is told every spelling of a secret once, so that a shell can have it masked in its log */
export function createSecrets(mask: (secret: string) => void = () => undefined): Secrets {
  const known = new Set<string>();
  const masked = new Set<string>();
  /** The longest first: of two that overlap, the other would leave a piece. */
  let sorted: readonly string[] | undefined;

  function add(value: string, origin: SecretOrigin): void {
    const isWanted = isMasked(value, origin);
    for (const form of formsOf(value)) {
      if (form !== value && form.length < minimum) continue;
      if (form.length >= minimum) known.add(form);
      if (!isWanted || masked.has(form)) continue;
      masked.add(form);
      mask(form);
    }
    sorted = undefined;
  }

  function scrub(text: string): string {
    sorted ??= [...known].sort((one, other) => other.length - one.length);
    let clean = text.replace(/(https?:\/\/[^\s?"'<>]+)\?[^\s"'<>]*/g, '$1?…');
    for (const secret of sorted) clean = clean.replaceAll(secret, '***');
    return clean;
  }

  return {
    add,
    addQuery(query) {
      add(query, 'server');
      for (const [name, value] of new URLSearchParams(query)) {
        if (telling.test(name) && value.length >= shortestParameter) add(value, 'server');
      }
    },
    scrub,
    guard(body) {
      try {
        return body();
      } catch (error) {
        if (!(error instanceof BimaError)) throw error;
        const { code, message, hint } = error;
        throw new BimaError(code, scrub(message), hint === undefined ? {} : { hint: scrub(hint) });
      }
    },
  };
}
