// What is recorded of a build: all that a rebuild needs, and nothing that nobody should read.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCompression } from '../../../src/adapters/layers/compression.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { countBaseLayers, recordBuild } from '../../../src/usecases/attest/record-build.ts';
import type { FinishedBuild } from '../../../src/usecases/attest/record-build.ts';
import type { Plan, PlannedRecipe } from '../../../src/usecases/plan/plan.ts';
import { temporaryFolder } from '../../support/folder.ts';

const digest: Digest = `sha256:${'1'.repeat(64)}`;
const recipe: PlannedRecipe = { path: 'sub/Containerfile', digest, argumentNames: ['NAME', 'TOKEN'] };

function finished(
  context: string,
  more: Partial<FinishedBuild['plan']> = {},
  of: PlannedRecipe = recipe,
): FinishedBuild {
  return {
    plan: { context, labels: [], strict: true, platforms: [], ...more },
    contexts: new Map(),
    build: {
      annotations: [],
      annotationEncoding: 'plain',
      compression: parseCompression('gzip'),
      created: 0,
    },
    plans: [{ recipe: of }] as unknown as readonly Plan[],
  };
}

describe('the record of a build', () => {
  it('has defaults for what nobody said', async (test) => {
    assert.deepEqual(await recordBuild(finished(temporaryFolder(test))), {
      containerfile: { path: 'sub/Containerfile', digest },
      platforms: [],
      labels: [],
      annotations: [],
      annotationEncoding: 'plain',
      buildArguments: {},
      withheldArguments: [],
      buildContexts: {},
      strict: true,
      fill: true,
      compression: 'gzip:2',
      sourceDate: 0,
      leftOut: [],
    });
  });

  it('has all that was said, as it would be said again', async (test) => {
    const context = temporaryFolder(test);
    const position = { file: 'x', line: 1, column: 1 };
    const build: FinishedBuild = {
      ...finished(context, {
        target: 'app',
        platforms: ['linux/arm/v7', 'linux/amd64'].map(parsePlatform),
        labels: [{ key: 'a', value: 'b', position }],
        strict: false,
        fill: false,
        container: true,
        outputs: [join(context, 'out/image.tar'), '/elsewhere/image.tar'],
      }),
      contexts: new Map([
        ['image', 'docker-image://alpine'],
        ['folder', '/home/me'],
      ]),
      build: {
        annotations: [{ level: 'index', key: 'c', value: 'd' }],
        annotationEncoding: 'base64',
        compression: parseCompression('zstd:7'),
        created: 123,
      },
    };
    assert.deepEqual(await recordBuild(build), {
      containerfile: { path: 'sub/Containerfile', digest },
      target: 'app',
      platforms: ['linux/arm/v7', 'linux/amd64'],
      labels: [{ key: 'a', value: 'b' }],
      annotations: ['index:c=d'],
      annotationEncoding: 'base64',
      buildArguments: {},
      withheldArguments: [],
      buildContexts: { image: 'docker-image://alpine', folder: null },
      strict: false,
      fill: false,
      container: true,
      compression: 'zstd:7',
      sourceDate: 123,
      leftOut: ['out/image.tar'],
    });
  });

  it('has the arguments that the Containerfile sees, and those of platforms', async (test) => {
    const names = [
      'NAME',
      'OTHER',
      'TARGETARCH',
      'BUILDOS',
      'TARGET',
      'TARGETarch',
      'XTARGETARCH',
      'TARGETARCH_X',
    ];
    const buildArguments = new Map(
      [...names, 'TOKEN'].map((name) => [name, name === 'TOKEN' ? 'ghp_secret' : 'v']),
    );
    const recorded = await recordBuild(finished(temporaryFolder(test), { buildArguments }));
    assert.deepEqual(recorded.buildArguments, { BUILDOS: 'v', NAME: 'v', TARGETARCH: 'v' });
    assert.deepEqual(recorded.withheldArguments, ['TOKEN']);
  });

  it('has no path of a Containerfile outside of the context', async (test) => {
    const { containerfile } = await recordBuild(
      finished(temporaryFolder(test), {}, { digest, argumentNames: [] }),
    );
    assert.deepEqual(containerfile, { digest });
  });

  it('is none where no Containerfile was built', async (test) => {
    const build = finished(temporaryFolder(test));
    await assert.rejects(recordBuild({ ...build, plans: [] }), RangeError);
    await assert.rejects(recordBuild({ ...build, plans: [{}] as unknown as readonly Plan[] }), RangeError);
  });
});

describe('the layers of bases', () => {
  it('are counted by platform', () => {
    const plans = [
      { platform: parsePlatform('linux/amd64'), base: { layers: [1, 2] } },
      { platform: parsePlatform('linux/arm/v7') },
    ] as unknown as readonly Plan[];
    assert.deepEqual(
      [...countBaseLayers(plans)],
      [
        ['linux/amd64', 2],
        ['linux/arm/v7', 0],
      ],
    );
  });
});
