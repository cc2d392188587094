// What a second run of the action costs the registry that has the first one's image.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';
import { runInputs, runWithLines } from '../support/run-inputs.ts';
import { sampleOfSize, sampleContext } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';

/** The requests since the last call, without what differs between digests and uploads. */
function requestsOf(registry: Registry): () => string[] {
  let seen = 0;
  return () => {
    const fresh = registry.requests.slice(seen);
    seen = registry.requests.length;
    return fresh
      .map(({ method, path, status }) => {
        const what = path.replace('/v2/a/b/', '').replace(/(?:sha256:|(?<=uploads\/)).+/, '…');
        return `${method} ${what} ${status ?? ''}`;
      })
      .sort();
  };
}

function inputsFor(registry: Registry, context: string): Readonly<Record<string, string>> {
  return { context, push: 'true', tags: `${registry.host}/a/b:1` };
}

function changeConfiguration(context: string): void {
  writeFileSync(join(context, 'redis.conf'), 'maxmemory 65mb\n');
}

describe('a run of the action for a tag that is there', () => {
  it('asks for the image and no more when nothing changed', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const inputs = inputsFor(registry, sampleContext(test));
    const first = await runInputs(test, inputs);
    // Not only when a layer was taken over: whoever reads the output finds out at once.
    assert.equal(first.layout, '');
    requests();
    const second = await runWithLines(test, inputs);
    assert.deepEqual(requests(), ['GET blobs/… 200', 'GET manifests/1 200', 'HEAD manifests/1 200']);
    assert.equal(second.outputs.digest, first.digest);
    assert.equal(second.outputs.pushed, 'true');
    assert.equal(second.outputs.layout, '');
    assert.match(second.lines.join('\n'), /COPY test-redis\.hvt .*, there already/);
    registry.assertRules();
  });

  it('sends the changed layer, the config and the manifest', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const context = sampleContext(test);
    const inputs = inputsFor(registry, context);
    await runInputs(test, inputs);
    changeConfiguration(context);
    requests();
    const warm = await runInputs(test, inputs);
    assert.deepEqual(
      requests().filter((line) => /^(?:POST|PUT|PATCH)/.test(line)),
      [
        ...['POST blobs/uploads/ 202', 'POST blobs/uploads/ 202'],
        ...['PUT blobs/uploads/… 201', 'PUT blobs/uploads/… 201', 'PUT manifests/1 201'],
      ],
    );
    const cold = await runInputs(test, { ...inputs, push: 'false', reuse: 'false' });
    assert.equal(warm.digest, cold.digest);
    // The store throws for anything that is missing or damaged.
    registry.store.pull('a/b', '1');
    registry.assertRules();
  });

  for (const [name, more] of [
    ['an archive is wanted too', { tar: 'image.tar' }],
    ['a layout is wanted too', { 'oci-layout': 'layout' }],
    ['a bill of materials is wanted too', { sbom: 'true' }],
  ] as const) {
    it(`asks for nothing and leaves a whole layout when ${name}`, async (test) => {
      await using registry = await startRegistry();
      const requests = requestsOf(registry);
      const inputs = inputsFor(registry, sampleContext(test));
      const first = await runInputs(test, inputs);
      requests();
      const folder = temporaryFolder(test);
      const placed = Object.entries(more).map(([input, value]) => {
        return [input, input === 'tar' || input === 'oci-layout' ? join(folder, value) : value];
      });
      const second = await runInputs(test, {
        ...inputs,
        ...(Object.fromEntries(placed) as Record<string, string>),
      });
      // A bill of materials is attached, and nothing else is asked for.
      const isStatement = 'sbom' in more;
      const isOfImage = (request: string) =>
        /^(?:GET|HEAD) .* 200$/.test(request) && !request.includes('sha256-');
      const asked = isStatement ? requests().filter(isOfImage) : requests();
      assert.deepEqual(asked, ['HEAD manifests/1 200']);
      assert.equal(verifyLayout(second.layout ?? '')[0]?.entry.digest, first.digest);
    });
  }

  it('makes every layer anew when reuse is false', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const inputs = inputsFor(registry, sampleContext(test));
    const first = await runInputs(test, inputs);
    requests();
    const second = await runWithLines(test, { ...inputs, reuse: 'false' });
    const asked = requests();
    assert.ok(asked.includes('HEAD manifests/1 200'));
    assert.ok(!asked.some((line) => line.startsWith('POST')));
    assert.equal(second.outputs.digest, first.digest);
    assert.doesNotMatch(second.lines.join('\n'), /there already$/m);
  });

  it('sends again what the registry has lost when reuse is false', async (test) => {
    await using registry = await startRegistry();
    const inputs = inputsFor(registry, sampleContext(test));
    await runInputs(test, inputs);
    const { blobs } = registry.store.repository('a/b');
    const [lost] = [...blobs.keys()];
    assert.ok(lost !== undefined && blobs.delete(lost));
    await runInputs(test, inputs);
    assert.equal(blobs.has(lost), false, 'the tag alone was looked at');
    await runInputs(test, { ...inputs, reuse: 'false' });
    assert.equal(blobs.has(lost), true);
    registry.store.pull('a/b', '1');
  });

  it('is a run like any other where it may not read, and says so for those who look', async (test) => {
    const intercept = ({ method }: { method: string }) => (method === 'GET' ? { status: 403 } : undefined);
    await using registry = await startRegistry({ intercept });
    const { outputs, lines } = await runWithLines(test, inputsFor(registry, sampleContext(test)));
    assert.match(lines.join('\n'), /no layer of the previous image is reused/);
    assert.equal(outputs.pushed, 'true');
    registry.store.pull('a/b', '1');
  });

  it('asks for nothing when nothing is pushed', async (test) => {
    await using registry = await startRegistry();
    const inputs = inputsFor(registry, sampleContext(test));
    const { layout = '' } = await runInputs(test, { ...inputs, push: 'false' });
    verifyLayout(layout);
    assert.equal(registry.requests.length, 0);
  });

  it('makes a layer that a second repository lacks', async (test) => {
    await using registry = await startRegistry({ mounts: 'ignored' });
    const inputs = inputsFor(registry, sampleContext(test));
    await runInputs(test, inputs);
    await runInputs(test, { ...inputs, tags: `${registry.host}/a/b:1 ${registry.host}/c/d:1` });
    assert.equal(registry.store.tags('c/d')['1'], registry.store.tags('a/b')['1']);
    registry.store.pull('c/d', '1');
    registry.assertRules();
  });
});

describe('a run of the action for a layout that is there', () => {
  it('takes its layers over, and has the whole image', async (test) => {
    const context = sampleContext(test);
    const layout = join(context, '../layout');
    const inputs = { context, tags: 'example.com/app:1', 'oci-layout': layout };
    const first = await runInputs(test, inputs);
    changeConfiguration(context);
    const second = await runWithLines(test, { ...inputs, tags: 'example.com/app:2' });
    assert.match(second.lines.join('\n'), /COPY test-redis\.hvt .*, there already/);
    assert.doesNotMatch(second.lines.join('\n'), /COPY redis\.conf .*, there already/);
    assert.equal(second.outputs.layout, layout);
    const digests = verifyLayout(layout).map(({ entry }) => entry.digest);
    assert.ok(digests.includes(second.outputs.digest as `sha256:${string}`));
    const cold = await runInputs(test, { context, tags: 'example.com/app:1', reuse: 'false' });
    assert.equal(second.outputs.digest, cold.digest);
    assert.notEqual(second.outputs.digest, first.digest);
  });
});

describe('a run of the action for a new tag, on a runner with a folder for tools', () => {
  const taken = /^COPY test-redis\.hvt .*, there already, in the cache$/m;

  it('takes the layers over that an earlier run kept there, also for a whole layout', async (test) => {
    await using registry = await startRegistry();
    const environment = { RUNNER_TOOL_CACHE: temporaryFolder(test), RUNNER_ENVIRONMENT: 'self-hosted' };
    const inputs = inputsFor(registry, sampleOfSize(test, 1_200_000));
    const first = await runInputs(test, inputs, environment);
    const second = await runWithLines(test, { ...inputs, tags: `${registry.host}/a/b:2` }, environment);
    assert.match(second.lines.join('\n'), taken);
    assert.equal(second.outputs.digest, first.digest);
    registry.store.pull('a/b', '2');
    registry.assertRules();

    const third = await runWithLines(test, { ...inputs, push: 'false' }, environment);
    assert.match(third.lines.join('\n'), taken);
    assert.equal(verifyLayout(third.outputs.layout ?? '')[0]?.entry.digest, first.digest);
  });

  it('makes every layer anew when reuse is false', async (test) => {
    const environment = { RUNNER_TOOL_CACHE: temporaryFolder(test) };
    const inputs = { context: sampleOfSize(test, 1_200_000), tags: 'example.com/app:1' };
    await runInputs(test, inputs, environment);
    const { lines } = await runWithLines(test, { ...inputs, reuse: 'false' }, environment);
    assert.doesNotMatch(lines.join('\n'), /there already/);
  });

  it('keeps nothing on a runner that is gone with the job', async (test) => {
    const tools = temporaryFolder(test);
    const environment = { RUNNER_TOOL_CACHE: tools, RUNNER_ENVIRONMENT: 'github-hosted' };
    await runInputs(test, { context: sampleOfSize(test, 1_200_000), tags: 'example.com/app:1' }, environment);
    assert.equal(existsSync(join(tools, 'bima')), false);
  });
});
