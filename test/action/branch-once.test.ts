// The image of the base branch: its name, and that it is read once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { branchImageOnce, branchReference } from '../../src/action/branch-once.ts';
import { formatReference, parseReference } from '../../src/core/oci/reference.ts';
import { eventFixture } from '../support/events.ts';
import { recorded } from '../support/recorded.ts';
import { startRegistry } from '../support/registry.ts';
import { sampleImage, storeImage } from '../support/sample-image.ts';

describe('the name of the image of a branch', () => {
  const image = parseReference('ghcr.io/a/b:pr-5');
  const rows: readonly [branch: string | undefined, name: string | undefined][] = [
    ['main', 'ghcr.io/a/b:main'],
    ['release/1.x', 'ghcr.io/a/b:release-1.x'],
    ['_', 'ghcr.io/a/b:_'],
    ['日本', undefined],
    ['-/.', undefined],
    [undefined, undefined],
  ];
  for (const [branch, name] of rows) {
    it(`is ${name ?? 'none'} for ${branch ?? 'no branch'}`, () => {
      const found = branchReference(image, branch);
      assert.equal(found && formatReference(found), name);
      assert.equal(branchReference(undefined, branch), undefined);
    });
  }
});

describe('the image of a branch', () => {
  const base = sampleImage({ seed: 'base', layers: [5000] });

  async function start(test: TestContext, event: string, skipped?: string, isThere = true) {
    const registry = await startRegistry();
    test.after(() => registry.close());
    if (isThere) storeImage(registry.store, 'own/app', base, 'main');
    const { runner, reporter, ...told } = recorded();
    const request = {
      references: [parseReference(`${registry.host}/own/app:pr-15`)],
      inputs: { tlsVerify: true },
      skipped,
    };
    const world = {
      environment: { HOME: '/nowhere' },
      token: undefined,
      event: await eventFixture(event),
      ...{ runner, reporter, signal: test.signal },
    };
    const manifests = () => registry.requests.filter(({ path }) => path.endsWith('/manifests/main')).length;
    return { registry, reader: branchImageOnce(request, world), manifests, ...told };
  }

  it('is read once for the summary and the comment', async (test) => {
    const { reader, registry, manifests, debug } = await start(test, 'pull-request');
    const reference = parseReference(`${registry.host}/own/app:main`);
    const [one, two] = await Promise.all([reader.ofEvent(), reader.read(reference)]);
    assert.equal(one, two);
    assert.deepEqual(one?.reference, reference);
    assert.deepEqual(
      one.images.map(({ layerSize }) => layerSize),
      [base.layers[0]?.size],
    );
    assert.equal(manifests(), 1);
    assert.ok(!debug.some((line) => line.startsWith('no change')), debug.join('\n'));
    const other = parseReference(`${registry.host}/own/app:other`);
    assert.equal(await reader.read(other), undefined);
    assert.match(debug.at(-1) ?? '', /^no change in size: can't read 127\.0\.0\.1:\d+\/own\/app:other: /);
  });

  it('is none for an image that was not pushed, and for an event without a base', async (test) => {
    for (const [event, skipped] of [
      ['pull-request', 'push is false'],
      ['push', undefined],
    ] as const) {
      const { reader, registry } = await start(test, event, skipped);
      assert.equal(await reader.ofEvent(), undefined);
      assert.deepEqual(registry.requests, []);
    }
  });

  it('is none where there is none, and nobody is warned', async (test) => {
    const { reader, warnings, lines, debug } = await start(test, 'pull-request', undefined, false);
    assert.equal(await reader.ofEvent(), undefined);
    assert.deepEqual([warnings, lines], [[], []]);
    assert.equal(debug.filter((line) => line.startsWith('no change in size')).length, 1);
  });
});
