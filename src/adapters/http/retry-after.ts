// The header by which a server asks to wait (RFC 9110, section 10.2.3).

/** Reads Retry-After: whole seconds or an HTTP date. Undefined for anything else, and for no time at all. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  // Date.parse takes nearly anything, such as "-1": only what starts with a day's name is a date here.
  const wait = /^\d+$/.test(text)
    ? Number(text) * 1000
    : /^(?:mon|tue|wed|thu|fri|sat|sun)/i.test(text)
      ? Date.parse(text) - now
      : NaN;
  return wait > 0 ? wait : undefined;
}
