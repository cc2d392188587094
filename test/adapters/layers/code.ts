// Bytes that compress about as well as machine code does, the same on each call.

/** Words of a small vocabulary with noise between them. */
export function codeOf(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  const next = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16;
  for (let offset = 0; offset < size;) {
    const word = next() % 600;
    const length = 2 + (word % 7);
    for (let index = 0; index < length && offset < size; index++)
      bytes[offset++] = (word * 31 + index * 57) & 255;
    if (next() % 4 === 0 && offset < size) bytes[offset++] = next() & 255;
  }
  return bytes;
}
