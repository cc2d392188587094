// A cleanup in Debian's docker-registry; skopeo pulls what has to survive.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { markImage } from '../../../src/usecases/cleanup/preview-mark.ts';
import { RegistryStore } from '../../../src/usecases/cleanup/registry-store.ts';
import { copyImage } from '../../../src/usecases/push/copy-image.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { clean, mine } from '../../usecases/cleanup/scene.ts';
import { readTag, startDockerRegistry } from '../../support/docker-registry.ts';
import { createFastClock } from '../../support/fast-clock.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { openRepository } from '../../support/repository.ts';
import type { OpenRepository } from '../../support/repository.ts';
import { sampleImage } from '../../support/sample-image.ts';
import type { SampleOptions } from '../../support/sample-image.ts';
import { unlessInstalled } from '../../support/tools.ts';

async function push(
  { writer }: OpenRepository,
  options: SampleOptions,
  tags: readonly string[],
): Promise<Descriptor> {
  const { source, root } = sampleImage({ layers: [2000], ...options });
  const marked = await markImage(source, root, { mark: mine, isForeign: false });
  await copyImage(withBlobs(source, marked.blobs), marked.root, writer, {
    reporter: silentReporter,
    finish: (document) => writer.putTagged(document, tags),
  });
  return marked.root;
}

function copyAll(from: string, folder: string): void {
  const args = ['copy', '--all', '--quiet', '--src-tls-verify=false', `docker://${from}`, `dir:${folder}`];
  execFileSync('skopeo', args, { stdio: 'pipe' });
}

describe('a cleanup of docker-registry', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('leaves the image of another pull request with the same content', async (test) => {
    await using registry = await startDockerRegistry();
    const name = `${registry.host}/team/app`;
    await using opened = openRepository(name);
    const shared = await push(opened, {}, ['pr-5', 'pr-6']);
    const { signal } = test;
    await clean(new RegistryStore({ ...opened, clock: createFastClock(), signal }), ['pr-5']);
    assert.equal(readTag(registry, 'team/app', 'pr-5'), undefined);
    assert.equal(readTag(registry, 'team/app', 'pr-6'), shared.digest);
    copyAll(`${name}:pr-6`, join(temporaryFolder(test), 'copy'));
    await clean(new RegistryStore({ ...opened, clock: createFastClock(), signal }), ['pr-6']);
    assert.deepEqual(await opened.reader.tags(), []);
    assert.equal(await opened.reader.describe(shared.digest), undefined);
  });

  it('takes an index with its signatures, and nothing that another one lists', async (test) => {
    await using registry = await startDockerRegistry();
    const name = `${registry.host}/team/app`;
    await using opened = openRepository(name);
    const closed = await push(opened, { architectures: ['amd64', 'arm64'] }, ['pr-5']);
    // The same image for arm64, by the same seed, with another one beside it.
    const other = await push(opened, { architectures: ['arm64', 'riscv64'] }, ['latest']);
    const sbom = await push(opened, { seed: 'sbom', subject: closed }, []);
    const { signal } = test;
    const { deleted } = await clean(new RegistryStore({ ...opened, clock: createFastClock(), signal }), [
      'pr-5',
    ]);
    // The index, its image for amd64, the bill of materials, and the list of referrers.
    assert.equal(deleted.length, 4);
    for (const { digest } of [closed, sbom]) assert.equal(await opened.reader.describe(digest), undefined);
    assert.deepEqual(await opened.reader.tags(), ['latest']);
    copyAll(`${name}@${other.digest}`, join(temporaryFolder(test), 'copy'));
  });

  it('says what to enable where nothing can be deleted, and changes nothing', async (test) => {
    await using registry = await startDockerRegistry({ deletes: false });
    const name = `${registry.host}/team/app`;
    await using opened = openRepository(name);
    const shared = await push(opened, {}, ['pr-5', 'latest']);
    await push(opened, { seed: 'other' }, ['pr-6']);
    for (const tag of ['pr-5', 'pr-6']) {
      await assert.rejects(
        clean(new RegistryStore({ ...opened, clock: createFastClock(), signal: test.signal }), [tag]),
        {
          code: 'REGISTRY_REFUSED',
          hint: /REGISTRY_STORAGE_DELETE_ENABLED=true/,
        },
      );
    }
    assert.equal(readTag(registry, 'team/app', 'pr-5'), shared.digest);
    copyAll(`${name}:pr-6`, join(temporaryFolder(test), 'copy'));
  });
});
