// Signatures over a digest whose message nobody has: a log gets no more. node:crypto wants the message.

import { constants, publicDecrypt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { contentOf, derTags, readDer, readInside } from '../../../src/core/trust/der.ts';

type Point = readonly [bigint, bigint] | undefined;

// P-256 (FIPS 186-4, D.1.2.3).
const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const generator: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

/** For keys on P-256, and RSA with PKCS #1 v1.5; false for any other key. @param digest SHA-256 */
export function verifyDigest(digest: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    if (key.asymmetricKeyType === 'rsa') return verifyRsa(digest, key, signature);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' && verifyEcdsa(digest, key, signature);
  } catch {
    return false;
  }
}

function verifyRsa(digest: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  return info.equals(Buffer.concat([prefix, digest]));
}

/** FIPS 186-4, section 6.4. */
function verifyEcdsa(digest: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  const [r, s] = readInside(readDer(signature)[0], derTags.sequence).map((value) =>
    number(contentOf(value, derTags.integer)),
  );
  if (r === undefined || s === undefined || r < 1n || r >= n || s < 1n || s >= n) return false;
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point: Point = [number(Buffer.from(x, 'base64url')), number(Buffer.from(y, 'base64url'))];
  const inverse = invert(s, n);
  const sum = add(
    multiply(generator, mod(number(digest) * inverse, n)),
    multiply(point, mod(r * inverse, n)),
  );
  return sum !== undefined && mod(sum[0], n) === r;
}

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function invert(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [mod(value, modulus), modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return mod(x, modulus);
}

function add(one: Point, other: Point): Point {
  if (one === undefined) return other;
  if (other === undefined) return one;
  const [[x1, y1], [x2, y2]] = [one, other];
  if (x1 === x2 && y1 !== y2) return undefined;
  const slope = x1 === x2 ? (3n * x1 * x1 - 3n) * invert(2n * y1, p) : (y2 - y1) * invert(x2 - x1, p);
  const x = mod(slope * slope - x1 - x2, p);
  return [x, mod(slope * (x1 - x) - y1, p)];
}

function multiply(point: Point, factor: bigint): Point {
  let sum: Point;
  let power = point;
  for (let left = factor; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) sum = add(sum, power);
    power = add(power, power);
  }
  return sum;
}
