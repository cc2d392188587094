// Opens what NaCl's `crypto_secretbox` closed (XSalsa20 and Poly1305, nacl.cr.yp.to/secretbox.html): cosign keeps its private
// keys so, and Node has neither. Nothing here takes the same time for all inputs, as opening a key of one's own needn't.

import { timingSafeEqual } from 'node:crypto';

/**
 * @param box 16 bytes by which it is checked, then the text
 * @param nonce 24 bytes
 * @param key 32 bytes
 * @returns undefined for another key, and for a box that was changed
 */
export function openSecretbox(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  if (box.length < 16 || nonce.length !== 24 || key.length !== 32) return undefined;
  const subkey = innerKey(key, nonce.subarray(0, 16));
  const [tag, text] = [box.subarray(0, 16), box.subarray(16)];
  const stream = salsa20(subkey, nonce.subarray(16), 32 + text.length);
  if (!timingSafeEqual(poly1305(text, stream.subarray(0, 32)), tag)) return undefined;
  return text.map((byte, index) => byte ^ (stream[32 + index] ?? 0));
}

/** "expand 32-byte k", as four words. */
const constants = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/** The rows and columns that a double round mixes. */
const quarters = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;

/** The state of Salsa20 (cr.yp.to/snuffle/spec.pdf, section 9). @param input 16 bytes */
function stateOf(key: Uint8Array, input: Uint8Array): Uint32Array {
  const [k, n] = [wordsOf(key), wordsOf(input)];
  const [c0, c1, c2, c3] = constants;
  return Uint32Array.from([c0, ...k.slice(0, 4), c1, ...n, c2, ...k.slice(4), c3]);
}

function mix(state: Uint32Array): Uint32Array {
  const x = Uint32Array.from(state);
  const at = (index: number) => x[index] ?? 0;
  const step = (to: number, one: number, other: number, bits: number) => {
    const sum = (at(one) + at(other)) >>> 0;
    x[to] = at(to) ^ ((sum << bits) | (sum >>> (32 - bits)));
  };
  for (let round = 0; round < 10; round++) {
    for (const [a, b, c, d] of quarters) {
      step(b, a, d, 7);
      step(c, b, a, 9);
      step(d, c, b, 13);
      step(a, d, c, 18);
    }
  }
  return x;
}

/** HSalsa20 (cr.yp.to/snuffle/xsalsa-20110204.pdf, section 2). */
function innerKey(key: Uint8Array, input: Uint8Array): Uint8Array {
  const x = mix(stateOf(key, input));
  return bytesOf(Uint32Array.from([0, 5, 10, 15, 6, 7, 8, 9].map((index) => x[index] ?? 0)));
}

function salsa20(key: Uint8Array, nonce: Uint8Array, size: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let count = 0; count * 64 < size; count++) {
    const counter = Buffer.alloc(8);
    counter.writeUInt32LE(count);
    const state = stateOf(key, Buffer.concat([nonce, counter]));
    blocks.push(bytesOf(mix(state).map((word, index) => word + (state[index] ?? 0))));
  }
  return Buffer.concat(blocks).subarray(0, size);
}

const prime = (1n << 130n) - 5n;
const clamp = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

/** RFC 8439, section 2.5. @param key 32 bytes, for this text alone */
function poly1305(text: Uint8Array, key: Uint8Array): Uint8Array {
  const r = numberOf(key.subarray(0, 16)) & clamp;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 16) {
    const block = text.subarray(at, at + 16);
    sum = ((sum + numberOf(block) + (1n << BigInt(8 * block.length))) * r) % prime;
  }
  const tag = (sum + numberOf(key.subarray(16))) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}

/** Little-endian, like all that follows. */
function numberOf(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

function wordsOf(bytes: Uint8Array): number[] {
  const buffer = Buffer.from(bytes);
  return Array.from({ length: bytes.length / 4 }, (_, index) => buffer.readUInt32LE(4 * index));
}

function bytesOf(words: Uint32Array): Uint8Array {
  const bytes = Buffer.alloc(4 * words.length);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, 4 * index);
  return bytes;
}
