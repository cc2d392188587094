// The sample with two layers that are large enough to travel before the build has ended.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { sampleContext } from './sample.ts';

/** Bytes that no compression makes smaller, the same for the same seed; by default more than such a layer needs. */
export function noise(seed: string, size = 300_000): Buffer {
  const pieces = Array.from({ length: Math.ceil(size / 32) }, (_, index) => {
    return createHash('sha256').update(`${seed}:${index}`).digest();
  });
  return Buffer.concat(pieces).subarray(0, size);
}

export function largeContext(test: TestContext): string {
  const context = sampleContext(test);
  const kernel = join(context, 'test-redis.hvt');
  writeFileSync(kernel, Buffer.concat([readFileSync(kernel), noise('kernel')]));
  writeFileSync(join(context, 'redis.conf'), noise('rootfs'));
  return context;
}
