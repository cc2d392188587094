// Other clients of registries read what was pushed, and what they write is read: oras, regctl and crane, from
// `npm run test:peers`.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mustRunBima } from '../../support/cli.ts';
import { startDockerRegistry } from '../../support/docker-registry.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { clientsFolder } from '../../support/programs.ts';
import { sampleContainerfile, sampleContext, sampleLabels } from '../../support/sample.ts';
import { extraPrefix, unlessInstalled } from '../../support/tools.ts';

const examples = join(import.meta.dirname, '../../../examples/hello');

interface Client {
  /** Prints the manifest's bytes. */
  readonly manifest: (reference: string) => string[];
  /** Copies within the registry. */
  readonly copy: (from: string, to: string) => string[];
  /** Copies an image with all that it holds into a layout. */
  readonly pull: (reference: string, layout: string) => string[];
  /** Copies an image of a layout into the registry. */
  readonly push: (layout: string, tag: string, reference: string) => string[];
}

/** regctl takes a setting for each host. */
const plain = (reference: string) => ['--host', `reg=${reference.split('/')[0] ?? ''},tls=disabled`];

const clients: Readonly<Record<string, Client>> = {
  crane: {
    manifest: (reference) => ['manifest', '--insecure', reference],
    copy: (from, to) => ['copy', '--insecure', from, to],
    pull: (reference, layout) => ['pull', '--insecure', '--format=oci', '--annotate-ref', reference, layout],
    push: (layout, _, reference) => ['push', '--insecure', layout, reference],
  },
  oras: {
    manifest: (reference) => ['manifest', 'fetch', '--plain-http', reference],
    copy: (from, to) => ['copy', '--from-plain-http', '--to-plain-http', from, to],
    pull: (reference, layout) => ['copy', '--from-plain-http', '--to-oci-layout', reference, `${layout}:1`],
    push: (layout, tag, reference) => [
      'copy',
      '--from-oci-layout',
      '--to-plain-http',
      `${layout}:${tag}`,
      reference,
    ],
  },
  regctl: {
    manifest: (reference) => [...plain(reference), 'manifest', 'get', '--format', 'raw-body', reference],
    copy: (from, to) => [...plain(from), 'image', 'copy', from, to],
    pull: (reference, layout) => [...plain(reference), 'image', 'copy', reference, `ocidir://${layout}:1`],
    push: (layout, tag, reference) => [
      ...plain(reference),
      'image',
      'copy',
      `ocidir://${layout}:${tag}`,
      reference,
    ],
  },
};

function programOf(name: string): string {
  return join(clientsFolder ?? '', name);
}

async function run(name: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(programOf(name), [...args], { maxBuffer: 1e8 });
  return stdout;
}

for (const [name, client] of Object.entries(clients)) {
  describe(name, { skip: skipWithout(name) }, () => {
    for (const platforms of [['linux/amd64'], ['linux/amd64', 'linux/arm64']])
      describe(`and an image for ${platforms.join(' and ')}`, () => {
        testImage(name, client, platforms);
      });
  });
}

function testImage(name: string, client: Client, platforms: readonly string[]): void {
  const build = async (test: TestContext, ...args: string[]) => {
    const context = sampleContext(test);
    for (const architecture of ['amd64', 'arm64'])
      copyFileSync(join(examples, `hello-${architecture}`), join(context, `test-redis-${architecture}.hvt`));
    const source = sampleContainerfile.replace(
      'COPY test-redis.hvt',
      'ARG TARGETARCH\nCOPY test-redis-$TARGETARCH.hvt',
    );
    writeFileSync(join(context, 'Containerfile'), source);
    const all = ['build', '--platform', platforms.join(','), ...args, context];
    return (await mustRunBima(all)).stdout.trim();
  };

  it('reads and copies what was pushed', async (test) => {
    await using registry = await startDockerRegistry();
    const reference = `${registry.host}/team/app:1`;
    const digest = await build(test, '--push', '-t', reference);
    assert.equal(digestOf(Buffer.from(await run(name, client.manifest(reference)))), digest);
    const copy = `${registry.host}/other/app:2`;
    await run(name, client.copy(reference, copy));
    assert.deepEqual(await inspect(copy), await inspect(reference));
  });

  it('copies what was pushed into a layout', async (test) => {
    await using registry = await startDockerRegistry();
    const reference = `${registry.host}/team/app:1`;
    await build(test, '--push', '-t', reference);
    const layout = join(temporaryFolder(test), 'layout');
    await run(name, client.pull(reference, layout));
    assert.deepEqual(await inspect(layout), await inspect(reference));
  });

  it('pushes a layout, and its digest stays', async (test) => {
    await using registry = await startDockerRegistry();
    const layout = join(temporaryFolder(test), 'layout');
    const digest = await build(test, '-o', 'oci', '--dest', layout, '-t', 'app:1');
    const reference = `${registry.host}/team/app:1`;
    await run(name, client.push(layout, '1', reference));
    assert.equal(digestOf(Buffer.from(await run(name, client.manifest(reference)))), digest);
    assert.deepEqual(await inspect(reference), await inspect(layout));
  });
}

/** Digest and annotations of each image. */
async function inspect(place: string): Promise<(readonly [string, unknown])[]> {
  const { stdout } = await mustRunBima(['inspect', '--json', place]);
  const images = JSON.parse(stdout) as { descriptor: { digest: string }; annotations: unknown }[];
  for (const { annotations } of images) assert.deepEqual(annotations, sampleLabels);
  return images.map(({ descriptor, annotations }) => [descriptor.digest, annotations]);
}

describe('oras and what is attached', { skip: skipWithout('oras') }, () => {
  it('lists what a push attached', async (test) => {
    await using registry = await startDockerRegistry();
    const reference = `${registry.host}/team/app:1`;
    const folder = temporaryFolder(test);
    const files = ['--sbom', join(folder, 'sbom.json'), '--provenance', join(folder, 'provenance.json')];
    await mustRunBima(['build', '--push', '-t', reference, ...files, sampleContext(test)]);
    const found = JSON.parse(
      await run('oras', ['discover', '--plain-http', '--format', 'json', reference]),
    ) as {
      referrers: { artifactType: string }[];
    };
    assert.equal(found.referrers.length, 2);
  });

  it('keeps the image reproducible when it attaches something itself', async (test) => {
    await using registry = await startDockerRegistry();
    const reference = `${registry.host}/team/app:1`;
    const context = sampleContext(test);
    const folder = temporaryFolder(test, { 'note.txt': 'a note' });
    const args = [
      'build',
      '--push',
      '-t',
      reference,
      '--provenance',
      join(folder, 'provenance.json'),
      context,
    ];
    const digest = (await mustRunBima(args)).stdout.trim();
    const note = ['--artifact-type', 'text/note', '--disable-path-validation', join(folder, 'note.txt')];
    await run('oras', ['attach', '--plain-http', reference, ...note]);
    const verified = await mustRunBima(['verify', '--source', context, reference]);
    assert.match(verified.stdout, /^REPRODUCED/m);
    // A push of the same image leaves the note there.
    assert.equal((await mustRunBima(args)).stdout.trim(), digest);
    assert.match(
      await run('oras', ['discover', '--plain-http', '--format', 'json', reference]),
      /text\/note/,
    );
  });
});

function skipWithout(name: string): string | false {
  const isThere = clientsFolder !== undefined && existsSync(programOf(name));
  return isThere
    ? unlessInstalled('docker-registry')
    : `${extraPrefix} ${name} in the folder BIMA_TEST_CLIENTS`;
}
