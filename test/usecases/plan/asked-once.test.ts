// How often the context is asked for the same thing.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from '../../../src/adapters/context/context.ts';
import { parseContainerfile } from '../../../src/core/containerfile/parser.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { createPlanFiles } from '../../../src/usecases/plan/files.ts';

const text = [
  'FROM scratch AS s0',
  'COPY a missing /',
  ...Array.from({ length: 40 }, (_, at) => `FROM s${at} AS s${at + 1}\nCOPY f${at} /`),
].join('\n');

describe('the files of stages that go on from one another', () => {
  it('are looked for once, and every stage has what is wrong with them', async () => {
    const asked: string[] = [];
    const context: Context = {
      root: '/nowhere',
      match: ({ path, position }) => {
        asked.push(path);
        if (path === 'missing') throw new BimaError('CONTEXT_PATH', 'missing', { position });
        return Promise.resolve([]);
      },
      leftOut: new Set(),
      warnings: [],
    };
    const containerfile = parseContainerfile(Buffer.from(text), 'Containerfile');
    const files = createPlanFiles(containerfile, context, {
      byStage: new Map(),
      errors: [],
      warnings: [],
      open: () => Promise.reject(new Error('no image is named')),
    });
    for (let stage = 0; stage <= 40; stage++) {
      const { errors } = await files.ofStage(stage, 'always');
      assert.deepEqual(
        errors.map(({ position }) => position?.line),
        [2],
      );
    }
    assert.equal(new Set(asked).size, 42);
    assert.equal(asked.length, 42);
  });
});
