// Summary and comment in a browser, at the width of a desk and of a telephone: nothing scrolls sideways or is cut.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCleanupSummary } from '../../src/action/cleanup-summary.ts';
import { formatComment } from '../../src/action/comment-text.ts';
import { formatFailure, formatSummary } from '../../src/action/summary.ts';
import type { PlatformFacts } from '../../src/action/image-facts.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { measure, unlessBrowser } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleImage } from '../support/sample-image.ts';

const { root } = sampleImage();
const runUrl = 'https://github.com/nubificus/redis-unikernel/actions/runs/12345678901';
const artifact = { name: 'redis-unikernel-pr-15-linux-arm64.tar', url: `${runUrl}/artifacts/23456789012` };
const long = 'a'.repeat(63);
const names = [
  'ghcr.io/nubificus/redis-unikernel:pr-15',
  `registry.example.com:5000/${long}/${long}/${long}:${'9'.repeat(128)}`,
].map(parseReference);

const images: PlatformFacts[] = ['amd64', 'arm64'].map((architecture) => ({
  platform: { os: 'linux', architecture },
  config: root.digest,
  labels: {
    'com.urunc.unikernel.unikernelType': architecture === 'amd64' ? 'unikraft' : 'x'.repeat(200),
    'com.urunc.unikernel.hypervisor': 'firecracker',
  },
  layerSize: 5_200_000,
}));
const facts = { root, isIndex: true, images, size: 10_400_000 };
const base = {
  reference: parseReference('ghcr.io/nubificus/redis-unikernel:main'),
  images: images.map((image) => ({ ...image, layerSize: 5_000_000 })),
};
const sha = '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa';

const texts: Readonly<Record<string, string>> = {
  'the summary': formatSummary({
    facts,
    references: names,
    skipped: undefined,
    base,
    artifact,
    containerd: { namespace: 'k8s.io' },
    release: { tag: 'v1.2.3', url: `https://github.com/a/b/releases/download/v1.2.3/${long}${long}.oci.tar` },
    files: { Archive: `/home/runner/work/${long}/${long}/image.tar` },
  }),
  'the summary of a run that does not push': formatSummary({
    facts,
    references: names,
    skipped: "this is a fork's pull request",
    files: { Layout: '/home/runner/work/_temp/bima-x1y2z3/layout' },
  }),
  'the summary of a failure': formatFailure([
    {
      code: 'LABEL_MISSING',
      message: 'missing labels "com.urunc.unikernel.unikernelType", "com.urunc.unikernel.hypervisor"',
      hint: `Add LABEL com.urunc.unikernel.unikernelType="unikraft" to the Containerfile.\n${long}${long}`,
      position: { file: `${long}/Containerfile`, line: 1, column: 1 },
    },
    { code: 'DIGEST_MISMATCH', message: `expected ${root.digest}, got ${root.digest}` },
  ]),
  'the comment': formatComment({
    facts,
    references: names,
    isPushed: true,
    artifact,
    base,
    commit: { sha, url: `https://github.com/a/b/pull/15/commits/${sha}` },
    runUrl,
  }),
  'the summary of a cleanup': formatCleanupSummary({
    deleted: [{ name: `ghcr.io/nubificus/${long}`, digest: root.digest, tags: ['pr-15', 'pr-15-arm64'] }],
    skipped: [
      { name: 'ghcr.io/nubificus/redis-unikernel', tags: ['latest'], why: 'it is of the default branch' },
    ],
    dryRun: false,
  }),
};

describe('in a browser', { skip: unlessBrowser }, () => {
  for (const [name, markdown] of Object.entries(texts)) {
    for (const width of [900, 400]) {
      it(`${name} fits ${width} pixels`, (test) => {
        const { tooWide, height } = measure(temporaryFolder(test), markdown, width);
        assert.deepEqual(tooWide, []);
        assert.ok(height > 50, 'it is shown at all');
      });
    }
  }

  it('sees what does not fit', (test) => {
    const folder = temporaryFolder(test);
    assert.notDeepEqual(measure(folder, `\`\`\`\n${long}\n\`\`\``, 400).tooWide, []);
    assert.notDeepEqual(measure(folder, `| a | b |\n| - | - |\n| \`${long}\` | ${long} |`, 400).tooWide, []);
  });
});
