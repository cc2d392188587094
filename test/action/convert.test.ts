// The action's run for a container image, in place of a build.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readInputs } from '../../src/action/inputs.ts';
import { inspectImages } from '../../src/usecases/inspect.ts';
import { openLayout } from '../../src/adapters/disk/layout.ts';
import { readTree } from '../../src/core/oci/image-tree.ts';
import { baseLayout } from '../support/base-image.ts';
import { hello } from '../support/base-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import { runInputs, runWithLines } from '../support/run-inputs.ts';

describe('a run of the action with from-image', () => {
  it('makes a layout of an image on disk, with a kernel that is a file', async (test) => {
    const folder = temporaryFolder(test, { vmlinux: hello });
    await baseLayout(join(folder, 'app'), [
      { layers: [[{ path: 'app', content: 'app' }]], config: { Cmd: ['/app'] } },
    ]);
    const outputs = await runInputs(test, {
      ...{
        'from-image': join(folder, 'app'),
        kernel: join(folder, 'vmlinux'),
        init: 'none',
        rootfs: 'initrd',
      },
      ...{ tags: 'a/b:1', labels: 'a=b', annotations: 'c=d' },
    });
    const layout = await openLayout(outputs.layout ?? '');
    const { manifests } = await layout.readIndex();
    const [image] = await inspectImages(layout, manifests);
    assert.ok(image);
    assert.equal(image.descriptor.digest, outputs.digest);
    assert.deepEqual(image.config.cmd, ['/app']);
    assert.deepEqual([image.config.labels.a, image.annotations.c], ['b', 'd']);
    assert.deepEqual(
      image.layers.map(({ files }) => files.map(({ path }) => path)),
      [['.boot', '.boot/kernel', '.boot/rootfs', 'urunc.json']],
    );
  });

  it('pushes, mounts what the registry has, and takes it over in the next run', async (test) => {
    await using registry = await startRegistry();
    const folder = temporaryFolder(test, { vmlinux: hello });
    const app = await baseLayout(join(folder, 'app'), [
      { layers: [[{ path: 'app', content: 'app'.repeat(500) }]], config: { Cmd: ['/app'] } },
    ]);
    const [root] = (await app.readIndex()).manifests;
    assert.ok(root);
    for (const { digest } of (await readTree(app, root)).blobs)
      registry.store.addBlob('lib/app', readFileSync(app.blobPath(digest)));
    registry.store.addManifest('lib/app', root.mediaType, readFileSync(app.blobPath(root.digest)), '1');
    const inputs = {
      ...{ 'from-image': `${registry.host}/lib/app:1`, kernel: join(folder, 'vmlinux'), init: 'none' },
      ...{ push: 'true', tags: `${registry.host}/guests/app:1` },
    };
    const first = await runInputs(test, inputs);
    assert.equal(registry.store.tags('guests/app')['1'], first.digest);
    assert.equal(registry.requests.filter(({ query }) => query.includes('mount=')).length, 1);
    const before = registry.uploadedBytes();
    const second = await runWithLines(test, inputs);
    assert.equal(second.outputs.digest, first.digest);
    assert.equal(registry.uploadedBytes(), before);
    registry.assertRules();
  });

  it('is only planned with check, and no Containerfile is asked for', async (test) => {
    const folder = temporaryFolder(test, { vmlinux: hello });
    const app = { layers: [[{ path: 'app', content: 'app' }]], config: { Cmd: ['/app'] } };
    await baseLayout(join(folder, 'app'), [app]);
    const inputs = { 'from-image': join(folder, 'app'), kernel: join(folder, 'vmlinux'), init: 'none' };
    const { outputs, lines } = await runWithLines(test, { ...inputs, check: 'true', tags: 'a/b:1' });
    assert.equal(outputs.digest ?? '', '');
    assert.match(lines.join('\n'), /nothing was built, since check is true/);
    const missing = { ...inputs, kernel: join(folder, 'absent'), check: 'true' };
    await assert.rejects(runInputs(test, missing), /expected a file or an image with the input "kernel"/);
  });

  it('says in words of the action what is wrong', async (test) => {
    const read = (given: Readonly<Record<string, string>>) => readInputs((name) => given[name] ?? '', {});
    assert.throws(
      () => read({ kernel: 'vmlinux' }),
      /expected the input "from-image" beside "kernel", got none/,
    );
    assert.throws(() => read({ 'from-image': 'a/b:1', monitor: 'fc' }), /for the input "monitor", got "fc"/);
    assert.throws(() => read({ 'from-image': 'a/b:1', rootfs: 'raw' }), /for the input "rootfs", got "raw"/);
    assert.throws(
      () => read({ 'from-image': 'a/b:1', 'from-layout': 'x' }),
      /"from-image" and "from-layout", got both/,
    );
    const folder = temporaryFolder(test);
    await baseLayout(join(folder, 'app'), [{ layers: [[{ path: 'app', content: '' }]] }]);
    const inputs = { 'from-image': join(folder, 'app'), tags: 'a/b:1', monitor: 'cloud-hypervisor' };
    await assert.rejects(runInputs(test, inputs), /expected the input "kernel": no public kernel is known/);
  });
});
