// The date of everything in an image.

import { BimaError } from './errors.ts';

/** The last second of the year 9999, the last date that RFC 3339 can write. */
const lastDate = 253402300799;

/**
 * Seconds since 1970: the value of SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch), or 0
 * without one.
 * @throws BimaError INPUT_INVALID
 */
export function parseSourceDate(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds <= lastDate) return seconds;
  throw new BimaError(
    'INPUT_INVALID',
    `expected whole seconds since 1970 in SOURCE_DATE_EPOCH, got "${text}"`,
  );
}
