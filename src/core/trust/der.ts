// As much of ASN.1's DER (ITU-T X.690) as certificates and timestamps need.

/** One value: its tag, its content, and where it is a sequence or a set, what is in it. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  identifier: 0x06,
  utf8: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[0]`, constructed. */
  explicit0: 0xa0,
  explicit3: 0xa3,
} as const;

/** All values that stand one after the other in these bytes. @throws Error for anything but whole values */
export function readDer(bytes: Uint8Array): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const { value, end } = readOne(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
}

/** What is in a value of this tag. @throws Error for another tag, or none */
export function readInside(value: DerValue | undefined, tag: number): readonly DerValue[] {
  return readDer(contentOf(value, tag));
}

/** @throws Error for another tag, or none */
export function contentOf(value: DerValue | undefined, tag: number): Uint8Array {
  if (value?.tag !== tag) {
    const got = value === undefined ? 'nothing' : `tag ${value.tag}`;
    throw new Error(`expected DER with tag ${tag}, got ${got}`);
  }
  return value.content;
}

/** An object identifier such as `1.3.6.1.4.1.57264.1.8`. */
export function readIdentifier(value: DerValue | undefined): string {
  const bytes = contentOf(value, derTags.identifier);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...others] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...others].join('.');
}

export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const size: number[] = [];
  for (let left = content.length; left > 0; left = Math.floor(left / 256)) size.unshift(left % 256);
  const header = content.length < 0x80 ? [tag, content.length] : [tag, 0x80 + size.length, ...size];
  return Buffer.concat([Buffer.from(header), content]);
}

export function writeIdentifier(identifier: string): Uint8Array {
  const [top = 0, second = 0, ...others] = identifier.split('.').map(Number);
  const bytes = [top * 40 + second, ...others].flatMap((arc) => {
    const sevens = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      sevens.unshift(0x80 + (left % 128));
    return sevens;
  });
  return writeDer(derTags.identifier, Buffer.from(bytes));
}

function readOne(bytes: Uint8Array, at: number): { readonly value: DerValue; readonly end: number } {
  const tag = bytes[at] ?? 0;
  const first = bytes[at + 1];
  if (first === undefined) throw new Error('expected DER, got a part of it');
  if ((tag & 0x1f) === 0x1f) throw new Error('expected DER with tags of one byte, got a longer one');
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || count > 4) throw new Error('expected DER with a known size, got another');
  let size = first < 0x80 ? first : 0;
  for (let index = 0; index < count; index++) size = size * 256 + (bytes[at + 2 + index] ?? 0);
  const start = at + 2 + count;
  const end = start + size;
  if (end > bytes.length) throw new Error('expected DER, got a part of it');
  return { value: { tag, content: bytes.subarray(start, end) }, end };
}
