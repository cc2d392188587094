// The committed bundle of the action in runs for git tags: GitHub's API on loopback, and Debian's docker-registry.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunAction, runAction } from '../support/action.ts';
import type { ActionOptions } from '../support/action.ts';
import { readTag, startDockerRegistry } from '../support/docker-registry.ts';
import { createReleases } from '../support/github/releases.ts';
import type { Releases } from '../support/github/releases.ts';
import { defaultToken, startGithub } from '../support/github/server.ts';
import type { GithubOptions, GithubServer } from '../support/github/server.ts';
import { sampleContext } from '../support/sample.ts';
import { unlessInstalled } from '../support/tools.ts';

const file = 'app_v1.2.3_linux_amd64.oci.tar';

interface Site {
  readonly server: GithubServer;
  readonly releases: Releases;
  /** The step's options, with these inputs besides. */
  readonly step: (inputs: Readonly<Record<string, string>>) => ActionOptions;
}

async function start(test: TestContext, options: Partial<GithubOptions> = {}): Promise<Site> {
  const releases = createReleases('Nubificus/Redis-Unikernel', { tags: ['v1.2.3', 'v1.0.0'] });
  const server = await startGithub(test, { routes: releases.routes, ...options });
  const context = sampleContext(test);
  const step = (inputs: Readonly<Record<string, string>>): ActionOptions => ({
    event: 'tag',
    inputs: { context, 'github-token': defaultToken, 'release-asset': 'true', ...inputs },
    env: { ...server.environment },
  });
  return { server, releases, step };
}

describe('a step that attaches to a release', { skip: unlessInstalled('docker-registry') }, () => {
  it('attaches archive and checksum, then pushes, and does neither twice', async (test) => {
    await using registry = await startDockerRegistry();
    const { server, releases, step } = await start(test);
    const release = releases.addRelease({ isDraft: true });
    const inputs = { image: `${registry.host}/own/app`, push: 'true' };
    const { outputs, log } = await mustRunAction(test, step(inputs));
    assert.deepEqual(Object.keys(releases.assets), [file, `${file}.sha256`]);
    assert.match(outputs['release-asset-url'] ?? '', new RegExp(`/${file}$`));
    const { digest, content } = releases.assets[`${file}.sha256`] ?? assert.fail('no checksum');
    assert.equal(content, `${releases.assets[file]?.digest.replace('sha256:', '')}  ${file}\n`);
    for (const tag of ['v1.2.3', 'latest']) assert.equal(readTag(registry, 'own/app', tag), outputs.digest);
    assert.match(log, /^::group::Attach to the release v1\.2\.3/m);
    assert.ok(log.indexOf('::group::Attach') < log.indexOf('::group::Push'));
    assert.ok(log.split('\n').every((line) => !line.includes(defaultToken) || line.startsWith('::add-mask::')));

    release.isImmutable = true;
    const calls = server.calls.length;
    const again = await mustRunAction(test, step(inputs));
    assert.equal(again.outputs['release-asset-url'], outputs['release-asset-url']);
    assert.equal(releases.assets[`${file}.sha256`]?.digest, digest);
    assert.ok(server.calls.slice(calls).every((call) => call.startsWith('GET ')));
  });

  it('leaves latest with a higher version, and says so', async (test) => {
    await using registry = await startDockerRegistry();
    const { step } = await start(test, {
      routes: createReleases('Nubificus/Redis-Unikernel', { tags: ['v1.2.3', 'v2.0.0'] }).routes,
    });
    const inputs = { image: `${registry.host}/own/app`, push: 'true', 'release-asset': 'false' };
    const { outputs, log, annotations } = await mustRunAction(test, step(inputs));
    assert.equal(outputs.tags, `${registry.host}/own/app:v1.2.3`);
    assert.equal(readTag(registry, 'own/app', 'latest'), undefined);
    assert.match(log, /^"latest" stays where it is: "v2\.0\.0" is a higher version/m);
    assert.deepEqual(annotations, []);
  });

  it('ends before it builds anything when there is no release', async (test) => {
    const { step } = await start(test);
    const { code, outputs, annotations } = await runAction(test, step({}));
    assert.equal(code, 1);
    assert.equal(outputs.digest, undefined);
    assert.match(annotations[0]?.message ?? '', /^GITHUB_NOT_FOUND: .*"v1\.2\.3"\n.*gh release create "v1\.2\.3" --draft/);
  });

  it('moves no tag when the upload is refused', async (test) => {
    await using registry = await startDockerRegistry();
    const { server, releases, step } = await start(test);
    releases.addRelease({});
    server.addFault({
      method: 'POST',
      path: '/assets',
      reply: { status: 403, body: { message: 'Resource not accessible by integration' } },
    });
    const inputs = { image: `${registry.host}/own/app`, push: 'true' };
    const { code, outputs, annotations } = await runAction(test, step(inputs));
    assert.equal(code, 1);
    assert.match(outputs.digest ?? '', /^sha256:/);
    assert.match(annotations[0]?.message ?? '', /^GITHUB_DENIED: .*\n.*"contents: write"/);
    assert.equal(readTag(registry, 'own/app', 'v1.2.3'), undefined);
  });

  it('exits with 130 when it is interrupted while GitHub asks it to wait, and leaves nothing', async (test) => {
    const { server, releases, step } = await start(test);
    releases.addRelease({});
    server.addFault({ method: 'POST', path: '/assets', times: 9, reply: { status: 502 } });
    const { code, temporary } = await runAction(test, {
      ...step({}),
      interrupt: { after: 'uploading again in', signal: 'SIGINT' },
    });
    assert.equal(code, 130);
    assert.deepEqual(readdirSync(temporary), []);
  });

  it('attaches what skopeo reads', { skip: unlessInstalled('skopeo') }, async (test) => {
    const { releases, step } = await start(test);
    releases.addRelease({});
    const { outputs, state } = await mustRunAction(test, step({ image: 'ghcr.io/own/app' }));
    const archive = `oci-archive:${join(state.folder ?? '', 'release.tar')}`;
    const inspected = execFileSync('skopeo', ['inspect', '--raw', archive]);
    assert.equal(`sha256:${sha256(inspected)}`, outputs.digest);
    assert.equal(releases.assets[file]?.contentType, 'application/x-tar');
  });
});

function sha256(bytes: Uint8Array): string {
  return execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);
}
