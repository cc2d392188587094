// Reads from the head of a file of unknown kind, where no offset can be trusted.

/** An unsigned number of 2 or 4 bytes, or undefined when it isn't whole within the bytes. */
export function readUnsigned(
  bytes: Uint8Array,
  offset: number,
  size: 2 | 4,
  order: 'little' | 'big' = 'little',
): number | undefined {
  if (offset + size > bytes.length) return undefined;
  let value = 0;
  for (let index = 0; index < size; index++) {
    const at = order === 'big' ? offset + index : offset + size - 1 - index;
    // Not shifted: the top bit of a 32-bit number would become its sign.
    value = value * 256 + (bytes[at] ?? 0);
  }
  return value;
}

/** True when the bytes at the offset are the characters of `text`, each of them one byte. */
export function hasBytes(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[offset + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
