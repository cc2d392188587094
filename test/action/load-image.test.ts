// Loading into the containerd of a runner: which one it is, and what a failure says.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { loadForWorkflow, openForInputs } from '../../src/action/load-image.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { sampleImage } from '../support/sample-image.ts';
import { scriptContainerd } from '../support/scripted-containerd.ts';

/** A containerd as its inputs name it, and the environment of the run. */
async function containerdOf(test: TestContext, answers: Readonly<Record<string, string>> = {}) {
  const { address, program, environment } = await scriptContainerd(test, answers);
  return {
    inputs: { address, namespace: 'default' },
    world: { environment: { ...environment, BIMA_CTR: program } },
  };
}

describe('the containerd of the input load', { skip: process.platform !== 'linux' }, () => {
  it('is asked by the program that BIMA_CTR names, with what the inputs say', async (test) => {
    const { inputs, world } = await containerdOf(test);
    const opened = await openForInputs({ ...inputs, namespace: 'k8s.io', snapshotter: 'native' }, world);
    assert.deepEqual(
      [opened.address, opened.namespace, opened.snapshotter, opened.version],
      [inputs.address, 'k8s.io', 'native', '1.7.1, 1.6.2'],
    );
  });

  it('is refused before anything is built, where a program, a socket or a snapshotter lacks', async (test) => {
    const { inputs, world } = await containerdOf(test);
    const { environment } = world;
    const refused = { name: 'BimaError' };
    const missing = { environment: { ...environment, BIMA_CTR: `${inputs.address}.missing` } };
    await assert.rejects(openForInputs(inputs, missing), { ...refused, message: /\.missing/ });
    const away = { ...inputs, address: `${inputs.address}.away` };
    await assert.rejects(openForInputs(away, world), { ...refused, message: /\.away/ });
    const unknown = { ...inputs, snapshotter: 'unknown' };
    await assert.rejects(openForInputs(unknown, world), { ...refused, message: /"unknown"/ });
  });

  it('fails in the group of its address, with what ctr says', async (test) => {
    const { inputs, world } = await containerdOf(test);
    const titles: string[] = [];
    const reporter = {
      ...silentReporter,
      group: <T>(title: string, body: () => Promise<T>) => {
        titles.push(title);
        return body();
      },
    };
    const { source, root } = sampleImage();
    const references = [parseReference('registry.example/own/app:1')];
    await assert.rejects(
      loadForWorkflow(
        { load: inputs, source, root, references },
        { ...world, reporter, signal: test.signal },
      ),
      { name: 'BimaError', message: /containerd could not list its images: no .* images check/ },
    );
    assert.deepEqual(titles, [`Load into containerd at ${inputs.address}`]);
  });
});
