// From the event and the inputs to the files on a release, with GitHub's API on loopback.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import {
  attachArchive,
  attachToRelease,
  openRelease,
  releaseAssetLabel,
  releaseAssetName,
} from '../../src/action/release-archive.ts';
import { openLayout } from '../../src/adapters/disk/layout.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { buildContext } from '../support/build.ts';
import { caught } from '../support/caught.ts';
import { eventFixture } from '../support/events.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createReleases } from '../support/github/releases.ts';
import { startSession } from '../support/github/session.ts';
import { sampleImage } from '../support/sample-image.ts';
import { sampleContext } from '../support/sample.ts';

const name = 'Nubificus/Redis-Unikernel';

describe('the release of a run', () => {
  const rows: readonly (readonly [what: string, event: string, tag: string | undefined, found: string])[] = [
    ["the event's", 'release', undefined, 'v1.2.3'],
    ["that of the event's git tag", 'tag', undefined, 'v1.2.3'],
    ['that of the input', 'push', 'v9.0.0', 'v9.0.0'],
    ["that of the input, not the event's", 'release', 'v9.0.0', 'v9.0.0'],
  ];
  for (const [what, event, tag, found] of rows) {
    it(`is ${what}`, async (test) => {
      const releases = createReleases(name);
      releases.addRelease({ id: 5, tag: 'v1.2.3' });
      releases.addRelease({ tag: 'v9.0.0', isDraft: true });
      const { access, lines } = await startSession(test, { routes: releases.routes });
      const inputs = tag === undefined ? {} : { tag };
      const release = await openRelease(inputs, { ...access, event: await eventFixture(event) });
      assert.equal(release.tag, found);
      assert.match(lines.join('\n'), new RegExp(`the image goes to the (?:release|draft) "${found}"`));
    });
  }

  for (const event of ['push', 'pull-request-fork', 'workflow-run-fork', 'workflow-dispatch', 'schedule']) {
    it(`is asked for in a run for ${event}`, async (test) => {
      const { access, server } = await startSession(test, { routes: [] });
      await assert.rejects(openRelease({}, { ...access, event: await eventFixture(event) }), {
        code: 'INPUT_INVALID',
        message: /"release-tag"/,
        hint: /github\.ref_type == 'tag'/,
      });
      assert.deepEqual(server.calls, []);
    });
  }
});

describe('the archive on a release', () => {
  it('has a checksum beside it that sha256sum takes', async (test) => {
    const releases = createReleases(name);
    releases.addRelease({ id: 5 });
    const { access } = await startSession(test, { routes: releases.routes });
    const folder = temporaryFolder(test, { archive: 'the archive' });
    const event = await eventFixture('release');
    const release = await openRelease({}, { ...access, event });
    const file = 'redis_v1.2.3_linux_arm_v7.oci.tar';
    const url = await attachArchive(
      { path: join(folder, 'archive'), name: file, label: 'ours', release },
      { ...access, event },
    );
    assert.match(url, new RegExp(`/${file}$`));
    for (const { name: asset, content = '' } of Object.values(releases.assets)) {
      writeFileSync(join(folder, asset), content);
    }
    const checked = execFileSync('sha256sum', ['--check', `${file}.sha256`], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(checked, `${file}: OK\n`);
  });

  it('is the same for a version that is the latest no more', async (test) => {
    const releases = createReleases(name);
    const stored = releases.addRelease({ id: 5 });
    const { access, lines } = await startSession(test, { routes: releases.routes });
    const event = await eventFixture('release');
    const { layout: path, image } = await buildContext(test, sampleContext(test));
    const layout = await openLayout(path);
    const [root] = (await layout.readIndex()).manifests;
    assert.ok(root);
    const world = { ...access, event, folder: temporaryFolder(test) };
    const attach = async (tags: readonly string[]) => {
      const request = {
        release: await openRelease({}, world),
        source: layout,
        root,
        facts: { images: [{ platform: { os: 'linux', architecture: 'amd64' } }] },
        references: tags.map((tag) => parseReference(`ghcr.io/owner/app:${tag}`)),
        inputs: {},
      };
      return attachToRelease(request, world);
    };
    const url = await attach(['v1.2.3', 'latest']);
    stored.isImmutable = true;
    assert.equal(await attach(['v1.2.3']), url);
    assert.equal(lines.filter((line) => line.endsWith('is on the release already')).length, 2);
    const { content } = releases.assets['app_v1.2.3_linux_amd64.oci.tar'] ?? assert.fail('no archive');
    assert.ok(content?.includes(image.entry.digest));
  });

  it('says who made it, and leaves what another leg of the matrix made under the same name', async (test) => {
    const releases = createReleases(name);
    releases.addRelease({ id: 5 });
    const { access } = await startSession(test, { routes: releases.routes });
    const event = await eventFixture('release');
    const attach = async (context: string, tag: string, matrix: string) => {
      const { layout: path } = await buildContext(test, context);
      const layout = await openLayout(path);
      const [root] = (await layout.readIndex()).manifests;
      assert.ok(root);
      const environment = { ...access.environment, GITHUB_WORKFLOW: 'ci.yml', GITHUB_JOB: 'image' };
      const world = { ...access, environment, event, folder: temporaryFolder(test) };
      const facts = { images: [{ platform: { os: 'linux', architecture: 'amd64' } }] };
      const references = [parseReference(`ghcr.io/owner/redis:${tag}`)];
      const release = await openRelease({}, world);
      const request = { release, source: layout, root, facts, references, inputs: { matrix } };
      return attachToRelease(request, world);
    };
    const [one, other] = [sampleContext(test), sampleContext(test)];
    writeFileSync(join(other, 'redis.conf'), 'maxmemory 1gb\n');
    const [hvt, spt] = ['{"monitor":"hvt"}', '{"monitor":"spt"}'];
    await attach(one, 'v1.2.3-hvt', hvt);
    await attach(other, 'v1.2.3-spt', spt);
    const names = ['redis_v1.2.3-hvt_linux_amd64.oci.tar', 'redis_v1.2.3-spt_linux_amd64.oci.tar'];
    assert.deepEqual(
      Object.keys(releases.assets).filter((asset) => !asset.endsWith('.sha256')),
      names,
    );
    assert.equal(
      releases.assets[names[0] ?? '']?.label,
      `ghcr.io/owner/redis:v1.2.3-hvt for linux/amd64 (ci.yml, job image (${hvt}))`,
    );
    const before = releases.assets[names[0] ?? '']?.digest;
    await assert.rejects(attach(other, 'v1.2.3-hvt', spt), {
      code: 'ASSET_EXISTS',
      hint: /gh release delete-asset/,
    });
    assert.equal(releases.assets[names[0] ?? '']?.digest, before);
    await attach(other, 'v1.2.3-hvt', hvt);
    assert.notEqual(releases.assets[names[0] ?? '']?.digest, before);
  });

  const amd64 = { os: 'linux', architecture: 'amd64' };
  const names: readonly (readonly [
    repository: string,
    tag: string,
    platforms: number,
    name: string,
    image?: string,
  ])[] = [
    ['owner/app', 'v1.2', 1, 'app_v1.2_linux_amd64.oci.tar'],
    ['owner/group/app', 'kernel/1+b', 1, 'app_kernel-1-b_linux_amd64.oci.tar'],
    ['owner/app', 'v1.2', 2, 'app_v1.2_multi.oci.tar'],
    ['owner/.github', 'v1', 1, 'github_v1_linux_amd64.oci.tar'],
    ['owner/app', 'v1.2.3', 1, 'app_v1.2.3-hvt_linux_amd64.oci.tar', 'v1.2.3-hvt'],
    ['owner/app', 'v1.2.3', 1, 'app_1.2.3_linux_amd64.oci.tar', '1.2.3'],
    ['owner/app', 'v1.2.3', 1, 'app_v1.2.3_hvt_linux_amd64.oci.tar', 'hvt'],
  ];
  for (const [repository, tag, platforms, expected, image] of names) {
    it(`is named ${expected}`, () => {
      assert.equal(
        releaseAssetName(repository, tag, Array<typeof amd64>(platforms).fill(amd64), image),
        expected,
      );
    });
  }
});

describe('what a release is found by', () => {
  const bare = { name: 'release', ref: 'refs/tags/v9', repository: name, actor: '', payload: {} };

  async function open(test: TestContext, event: object, tag?: string) {
    const releases = createReleases(name);
    releases.addRelease({ id: 5, tag: 'v1' });
    releases.addRelease({ id: 9, tag: 'v9', isDraft: true });
    const { access, server, lines } = await startSession(test, { routes: releases.routes });
    const release = await openRelease(tag === undefined ? {} : { tag }, {
      ...access,
      event: { ...bare, ...event },
    });
    return { id: release.id, lines, calls: server.calls };
  }

  it("is the number of the event's own", async (test) => {
    const { id, lines, calls } = await open(test, { payload: { release: { id: 5, tag_name: 'v9' } } });
    assert.deepEqual([id, lines], [5, ['the image goes to the release "v1"']]);
    assert.deepEqual(calls, [`GET /repos/${name}/releases/5`]);
  });

  const byTag: readonly [what: string, event: object, tag: string | undefined, id: number][] = [
    ['its tag where it has no number', { payload: { release: { tag_name: 'v1' } } }, undefined, 5],
    ['its tag where that is no number', { payload: { release: { id: '9', tag_name: 'v1' } } }, undefined, 5],
    ['the input', { payload: { release: { id: 5, tag_name: 'v1' } } }, 'v9', 9],
    [
      'the ref of another event',
      { name: 'push', payload: { release: { id: 5, tag_name: 'v1' } } },
      undefined,
      9,
    ],
    ['the ref where the event has no release', { payload: { release: 'x' } }, undefined, 9],
  ];
  for (const [what, event, tag, id] of byTag) {
    it(`is ${what}`, async (test) => {
      const found = await open(test, event, tag);
      assert.equal(found.id, id);
      assert.deepEqual(found.lines, [`the image goes to the ${id === 9 ? 'draft "v9"' : 'release "v1"'}`]);
    });
  }

  it('is nothing without a tag, which is said', async (test) => {
    const { access } = await startSession(test, { routes: [] });
    const event = { ...bare, name: 'push', ref: 'refs/heads/x' };
    assert.deepEqual(await caught(() => openRelease({}, { ...access, event })), [
      {
        code: 'INPUT_INVALID',
        message: 'expected the input "release-tag", got none, and the event "push" names no git tag',
        hint: "Attach in runs for a tag alone, with release-asset: ${{ github.ref_type == 'tag' }}, or set release-tag.",
      },
    ]);
  });
});

describe('the names of what is attached', () => {
  const [amd64, armv7] = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
  ];

  it('have the variant of the platform, and several in one word', () => {
    assert.equal(releaseAssetName('a', 'v1', [armv7]), 'a_v1_linux_arm_v7.oci.tar');
    assert.equal(releaseAssetName('a', 'v1', [armv7, amd64]), 'a_v1_multi.oci.tar');
    assert.equal(releaseAssetName('a', 'v1', []), 'a_v1_multi.oci.tar');
  });

  it('have no character that GitHub would replace', () => {
    assert.equal(releaseAssetName('a/..b+c', 'v1', [amd64]), 'b-c_v1_linux_amd64.oci.tar');
    assert.equal(releaseAssetName('a/b', 'vx', [amd64], 'x'), 'b_vx_x_linux_amd64.oci.tar');
    assert.equal(releaseAssetName('a/b', 'v1', [amd64], 'v1-1'), 'b_v1-1_linux_amd64.oci.tar');
    assert.equal(releaseAssetName('a/b', 'wv1', [amd64], '1'), 'b_wv1_1_linux_amd64.oci.tar');
  });

  it('say who made it, of what', () => {
    const reference = parseReference('ghcr.io/a/b:1');
    assert.equal(
      releaseAssetLabel(reference, [amd64, armv7], 'ci'),
      'ghcr.io/a/b:1 for linux/amd64, linux/arm/v7 (ci)',
    );
    assert.equal(releaseAssetLabel(undefined, [amd64], 'ci'), 'image for linux/amd64 (ci)');
  });

  it('are those of the name that has the version, or of the first that stays', async (test) => {
    const rows: readonly [tags: readonly string[], file: string, label: string][] = [
      [['x', 'v1.2.3'], 'app_v1.2.3_linux_amd64.oci.tar', 'ghcr.io/owner/app:v1.2.3'],
      [['latest', 'x', 'y'], 'app_v1.2.3_x_linux_amd64.oci.tar', 'ghcr.io/owner/app:x'],
      [['latest'], 'app_v1.2.3_latest_linux_amd64.oci.tar', 'ghcr.io/owner/app:latest'],
      [[], 'Redis-Unikernel_v1.2.3_linux_amd64.oci.tar', 'image'],
    ];
    const { source, root } = sampleImage({ layers: [10] });
    for (const [tags, file, label] of rows) {
      const releases = createReleases(name);
      const release = releases.addRelease({ id: 5 });
      const { access } = await startSession(test, { routes: releases.routes });
      const titles: string[] = [];
      const reporter = {
        ...access.reporter,
        group: <T>(title: string, body: () => Promise<T>) => {
          titles.push(title);
          return body();
        },
      };
      const world = {
        ...access,
        reporter,
        event: await eventFixture('release'),
        folder: temporaryFolder(test),
      };
      const references = tags.map((tag) => parseReference(`ghcr.io/owner/app:${tag}`));
      const facts = { images: [{ platform: amd64 }] };
      const found = await openRelease({ tag: release.tag }, world);
      const url = await attachToRelease(
        { release: found, source, root, facts, references, inputs: {} },
        world,
      );
      assert.ok(url.endsWith(`/${file}`), url);
      assert.deepEqual(Object.keys(releases.assets), [file, `${file}.sha256`]);
      assert.equal(releases.assets[file]?.label, `${label} for linux/amd64 ()`);
      assert.deepEqual(
        Object.values(releases.assets).map(({ contentType }) => contentType),
        ['application/x-tar', 'text/plain'],
      );
      assert.deepEqual(titles, ['Attach to the release v1.2.3']);
    }
  });
});
