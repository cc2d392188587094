// What the summary and the comment both say of an image.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlatformFacts } from '../../src/action/image-facts.ts';
import {
  foldedDigest,
  formatChange,
  nameList,
  platformLines,
  signatureLines,
  sizesNote,
} from '../../src/action/image-text.ts';
import { parseReference } from '../../src/core/oci/reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}` as const;
const [type, hypervisor] = ['com.urunc.unikernel.unikernelType', 'com.urunc.unikernel.hypervisor'];

function image(
  architecture: string,
  labels: Readonly<Record<string, string>>,
  layerSize = 1000,
): PlatformFacts {
  return { platform: { os: 'linux', architecture }, config: digest, labels, layerSize };
}

describe('the lines of platforms', () => {
  it('say what boots on what, and what is not known of it', () => {
    const images = [
      image('amd64', { [type]: 'unikraft', [hypervisor]: 'qemu' }),
      image('arm64', { [type]: 'rumprun' }),
      image('riscv64', { [hypervisor]: 'hvt' }),
      image('s390x', { 'org.opencontainers.image.title': 'x' }),
    ];
    assert.deepEqual(platformLines(images, undefined), [
      '` linux/amd64 `: ` unikraft ` on ` qemu `, 1.0 kB',
      '` linux/arm64 `: ` rumprun ` on ` ? `, 1.0 kB',
      '` linux/riscv64 `: ` ? ` on ` hvt `, 1.0 kB',
      '` linux/s390x `: a container, 1.0 kB',
    ]);
  });

  it('have the change of those platforms that were there before', () => {
    const before = [image('arm64', {}, 500), image('amd64', {}, 1000)];
    assert.deepEqual(platformLines([image('amd64', {}), image('arm64', {}), image('arm', {})], before), [
      '` linux/amd64 `: a container, 1.0 kB (unchanged)',
      '` linux/arm64 `: a container, 1.0 kB (+500 B, +100.0 %)',
      '` linux/arm `: a container, 1.0 kB',
    ]);
  });

  it('are sixteen at most, and the others are counted', () => {
    const images = (count: number) => Array.from({ length: count }, (_, at) => image(`cpu${at}`, {}));
    assert.equal(platformLines(images(16), undefined).length, 16);
    assert.doesNotMatch(platformLines(images(16), undefined).join('\n'), /more/);
    const lines = platformLines(images(18), undefined);
    assert.equal(lines.length, 17);
    assert.match(lines[15] ?? '', /cpu15/);
    assert.equal(lines[16], 'and 2 more');
  });
});

describe('a change in size', () => {
  const rows: readonly [size: number, before: number | undefined, text: string][] = [
    [5200, undefined, '5.2 kB'],
    [5200, 5200, '5.2 kB (unchanged)'],
    [5200, 5000, '5.2 kB (+200 B, +4.0 %)'],
    [5000, 6000, '5.0 kB (−1.0 kB, −16.7 %)'],
    [0, 0, '0 B (unchanged)'],
    [500, 0, '500 B (+500 B)'],
    [0, 500, '0 B (−500 B, −100.0 %)'],
    [5_000_001, 5_000_000, '5.0 MB (+1 B, +0.0 %)'],
  ];
  for (const [size, before, text] of rows) {
    it(`is ${text} for ${size} after ${before ?? 'nothing'}`, () => {
      assert.equal(formatChange(size, before), text);
    });
  }
});

describe('other parts of the text', () => {
  it('say what sizes mean, and what they are compared with', () => {
    assert.equal(sizesNote(undefined), 'Sizes are those of the compressed layers.');
    assert.equal(
      sizesNote(parseReference('ghcr.io/a/b:main')),
      'Sizes are those of the compressed layers; changes are against ` ghcr.io/a/b:main `.',
    );
  });

  it('fold the whole digest away, and leave twelve digits of it', () => {
    assert.equal(
      foldedDigest(digest, parseReference('ghcr.io/a/b:main')),
      '<details><summary>Digest <code>sha256:0123456789ab</code></summary>\n\n' +
        `\` ghcr.io/a/b@${digest} \`\n\n</details>`,
    );
  });

  it('list names, sixteen at most', () => {
    const references = Array.from({ length: 17 }, (_, at) => parseReference(`a.example/b:${at}`));
    assert.equal(nameList(references.slice(0, 2)), '` a.example/b:0 `, ` a.example/b:1 `');
    assert.match(nameList(references), /, ` a\.example\/b:15 `, and 1 more$/);
  });

  it('say who signed, or why nobody did', () => {
    assert.deepEqual(signatureLines(undefined), []);
    assert.deepEqual(signatureLines({ identity: 'me@example.com' }), ['Signed by ` me@example.com `']);
    assert.deepEqual(signatureLines({ whyNot: 'no key' }), ['Not signed: ` no key `']);
    const long = 'x'.repeat(500);
    assert.deepEqual(signatureLines({ identity: long }), [`Signed by \` ${long.slice(0, 400)}… \``]);
    assert.deepEqual(signatureLines({ whyNot: long }), [`Not signed: \` ${long.slice(0, 200)}… \``]);
  });
});
