// What must never be seen: collected as it turns up, and taken out of every text that others wrote.

export interface Secrets {
  /** To be called before the value is used for the first time. */
  add(value: string): void;
  /** The text without any secret and without the query of any URL. */
  scrub(text: string): string;
}

/** A shorter value would blot out innocent text. */
const minimum = 4;

/** @param mask is told every secret once, so that a shell can have it masked in its log */
export function createSecrets(mask: (secret: string) => void = () => undefined): Secrets {
  const known = new Set<string>();
  return {
    add(value) {
      if (value.length < minimum || known.has(value)) return;
      known.add(value);
      mask(value);
    },
    scrub(text) {
      let clean = text.replace(/(https?:\/\/[^\s?"'<>]+)\?[^\s"'<>]*/g, '$1?…');
      for (const secret of known) clean = clean.replaceAll(secret, '***');
      return clean;
    },
  };
}
