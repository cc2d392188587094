// What tells an image and its rebuild apart, in the words of the field.

import { printable, quote } from '../text.ts';

/** One thing that the two don't have in common. */
export interface Difference {
  readonly kind:
    | 'image'
    | 'platform'
    | 'label'
    | 'config'
    | 'annotation'
    | 'history'
    | 'layers'
    | 'layer'
    | 'file'
    | 'compression'
    | 'document';
  /** What differs, such as `label "com.urunc.unikernel.version"` or `layer 2 of 3 (COPY a /a): file "/a"`. */
  readonly what: string;
  /** What the image has there, as text; undefined for nothing. */
  readonly image?: string | undefined;
  /** What the rebuild has there. */
  readonly rebuild?: string | undefined;
}

/** One line. */
export function formatDifference({ what, image, rebuild }: Difference): string {
  const where = printable(what);
  if (image === undefined) return `${where}: the image has none, the rebuild has ${printable(rebuild ?? '')}`;
  if (rebuild === undefined) return `${where}: the image has ${printable(image)}, the rebuild has none`;
  return `${where}: the image has ${printable(image)}, the rebuild has ${printable(rebuild)}`;
}

/** A byte where two contents part; undefined is the end. */
export function showByte(byte: number | undefined): string {
  return byte === undefined ? 'its end' : `0x${byte.toString(16).padStart(2, '0')}`;
}

/** Characters of a value that is shown. */
const shownLength = 200;

/** A value of a document as a difference shows it; undefined stays so. */
export function showValue(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return quote(value, shownLength);
  const text = JSON.stringify(value);
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
}
