// DER (ITU-T X.690) of certificates and timestamps, written value by value.

/** A value of this tag around others. */
export function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const size = Buffer.from(evenHex(content.length.toString(16)), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + size.length]), size, content]);
}

export const sequence = (...parts: readonly Uint8Array[]) => tagged(0x30, ...parts);
export const octets = (...parts: readonly Uint8Array[]) => tagged(0x04, ...parts);
export const bits = (bytes: Uint8Array) => tagged(0x03, Buffer.from([0]), bytes);
export const utf8 = (text: string) => tagged(0x0c, Buffer.from(text));
export const isTrue = tagged(0x01, Buffer.from([0xff]));
export const nothing = tagged(0x05);

/** A set: its members in the order of their bytes (section 11.6). */
export function setOf(...parts: readonly Uint8Array[]): Buffer {
  return tagged(0x31, ...[...parts].sort((a, b) => Buffer.compare(a, b)));
}

/** `[number]` around whole values. */
export const explicit = (number: number, ...parts: readonly Uint8Array[]) => tagged(0xa0 + number, ...parts);
/** `[number]` in place of the tag of a value that holds no others. */
export const implicit = (number: number, content: Uint8Array) => tagged(0x80 + number, content);

/** A number that isn't negative. */
export function integer(value: number | bigint | Uint8Array): Buffer {
  const bytes =
    value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(evenHex(value.toString(16)), 'hex');
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, isNegative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...others].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    return digits;
  });
  return tagged(0x06, Buffer.from(bytes));
}

/** GeneralizedTime in whole seconds. @param time milliseconds since 1970 */
export function generalizedTime(time: number): Buffer {
  return tagged(0x18, Buffer.from(digitsOf(time)));
}

/** UTCTime, as certificates have it until 2049 (RFC 5280, section 4.1.2.5). */
export function utcTime(time: number): Buffer {
  return tagged(0x17, Buffer.from(digitsOf(time).slice(2)));
}

function digitsOf(time: number): string {
  return `${new Date(time)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')}Z`;
}

function evenHex(text: string): string {
  return text.length % 2 === 0 ? text : `0${text}`;
}
