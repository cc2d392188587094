import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatImage } from '../../src/cli/inspect-text.ts';
import type { InspectedImage } from '../../src/usecases/inspect.ts';
import { encodeAnnotations } from '../../src/core/unikernel/urunc-json.ts';

const labels = { binary: '/k', empty: '' };

function image(annotations: InspectedImage['annotations']): InspectedImage {
  const digest = `sha256:${'0'.repeat(64)}` as const;
  return {
    names: [],
    descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 },
    config: { digest, platform: { os: 'linux', architecture: 'amd64' }, labels, diffIds: [] },
    annotations,
    uruncJson: labels,
    layers: [],
  };
}

describe('formatImage', () => {
  const rows: [name: string, annotations: InspectedImage['annotations'], heading: string][] = [
    ['plain annotations', labels, 'labels (annotations, config labels, /urunc.json)'],
    [
      'annotations in base64',
      encodeAnnotations(labels, 'base64'),
      'labels (annotations (in base64), config labels, /urunc.json)',
    ],
  ];
  for (const [name, annotations, heading] of rows) {
    it(`lists the labels once for ${name}, an empty one among them`, () => {
      const lines = formatImage(image(annotations)).split('\n');
      const start = lines.indexOf(heading);
      assert.notEqual(start, -1, lines.join('\n'));
      assert.deepEqual(lines.slice(start + 1), ['  binary=/k', '  empty=', 'layers']);
    });
  }
});
