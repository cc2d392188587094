// What must never be seen: collected as it turns up, and taken out of every text that others wrote.

export interface Secrets {
  /**
   * To be called before the value is used for the first time.
   * @param origin who chose the value: `server` for what came in an answer
   */
  add(value: string, origin: SecretOrigin): void;
  /** The text without any secret and without the query of any URL. */
  scrub(text: string): string;
}

export type SecretOrigin = 'user' | 'server';

/** A shorter value would blot out innocent text. */
const minimum = 4;

/**
 * The least length of a server's value that is masked: one that says `true` would otherwise blot out the whole log,
 * and have GitHub drop outputs.
 */
const leastMaskedOfServer = 16;

/** What the user gave is masked at any length. */
export function isMasked(value: string, origin: SecretOrigin): boolean {
  return value.length >= (origin === 'user' ? 1 : leastMaskedOfServer);
}

/** @param mask is told every secret that a shell should mask in its log, once */
export function createSecrets(mask: (secret: string) => void = () => undefined): Secrets {
  const known = new Set<string>();
  const masked = new Set<string>();
  return {
    add(value, origin) {
      if (value.length >= minimum) known.add(value);
      if (!isMasked(value, origin) || masked.has(value)) return;
      masked.add(value);
      mask(value);
    },
    scrub(text) {
      let clean = text.replace(/(https?:\/\/[^\s?"'<>]+)\?[^\s"'<>]*/g, '$1?…');
      for (const secret of known) clean = clean.replaceAll(secret, '***');
      return clean;
    },
  };
}
