// Two jobs or legs that give the same name: neither takes away what the other has made.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mustRunAction, runAction } from '../support/action.ts';
import { createIssues } from '../support/github/issues.ts';
import { createReleases } from '../support/github/releases.ts';
import { startGithub } from '../support/github/server.ts';
import { startRegistry } from '../support/registry.ts';
import { startResultsServer } from '../support/results-server.ts';
import { sampleContext } from '../support/sample.ts';

const repository = 'Nubificus/Redis-Unikernel';
const token = 'ghs_owner';
const job = { GITHUB_WORKFLOW_REF: `${repository}/.github/workflows/image.yml@refs/heads/main`, GITHUB_JOB: 'image' };
const leg = (monitor: string) => JSON.stringify({ monitor }, undefined, 2);

describe('what a step replaces', () => {
  it('is an artifact of the same job in a re-run, and never that of another', async (test) => {
    await using results = await startResultsServer();
    const inputs = { context: sampleContext(test), 'upload-artifact': 'layout', 'artifact-name': 'image' };
    const first = await mustRunAction(test, { inputs, env: results.environment });
    const again = { GITHUB_RUN_ATTEMPT: '2' };
    const other = results.environmentOf('12f1170f-54f2-53f3-20dd-22fc7dff55f9');
    const refused = await runAction(test, { inputs, env: { ...other, ...again } });
    assert.equal(refused.code, 1);
    assert.match(refused.annotations[0]?.message ?? '', /^ARTIFACT_EXISTS: .*"image"/);
    assert.equal(String(results.artifacts.get('image')?.id), first.outputs['artifact-id']);
    const second = await mustRunAction(test, { inputs, env: { ...results.environment, ...again } });
    assert.notEqual(second.outputs['artifact-id'], first.outputs['artifact-id']);
    assert.equal(String(results.artifacts.get('image')?.id), second.outputs['artifact-id']);
    assert.deepEqual(results.violations, []);
  });

  it("is its own file on a release, not that of another leg with another image's content", async (test) => {
    const releases = createReleases(repository, { tags: ['v1.2.3'] });
    releases.addRelease({ isDraft: true });
    const server = await startGithub(test, { routes: releases.routes });
    const context = sampleContext(test);
    const step = (monitor: string, tags: string) => ({
      event: 'tag',
      inputs: { context, image: 'ghcr.io/own/redis', tags, matrix: leg(monitor), 'release-asset': 'true', 'github-token': 'ghs_test' },
      env: { ...server.environment, ...job },
    });
    await mustRunAction(test, step('hvt', 'v1.2.3-hvt'));
    writeFileSync(join(context, 'redis.conf'), 'maxmemory 1gb\n');
    await mustRunAction(test, step('spt', 'v1.2.3-spt'));
    const names = ['hvt', 'spt'].map((monitor) => `redis_v1.2.3-${monitor}_linux_amd64.oci.tar`);
    assert.deepEqual(Object.keys(releases.assets).sort(), names.flatMap((name) => [name, `${name}.sha256`]));
    const before = { ...releases.assets[names[0] ?? ''] };
    assert.match(before.label ?? '', /^ghcr\.io\/own\/redis:v1\.2\.3-hvt for linux\/amd64 \(image\.yml, job image \(.*hvt/);
    const { code, annotations } = await runAction(test, step('spt', 'v1.2.3-hvt'));
    assert.equal(code, 1);
    assert.match(annotations[0]?.message ?? '', /^ASSET_EXISTS: .*labelled "ghcr\.io\/own\/redis:v1\.2\.3-hvt/);
    assert.deepEqual({ ...releases.assets[names[0] ?? ''] }, before);
    await mustRunAction(test, step('hvt', 'v1.2.3-hvt'));
    assert.notEqual(releases.assets[names[0] ?? '']?.digest, before.digest);
  });

  it('is its own comment: each leg keeps one', async (test) => {
    const registry = await startRegistry();
    test.after(() => registry.close());
    const issues = createIssues(repository, [15]);
    const tokens = { [token]: { login: 'github-actions[bot]', permissions: { 'pull-requests': 'write' } } } as const;
    const server = await startGithub(test, { routes: issues.routes, tokens });
    const inputs = { context: sampleContext(test), registry: registry.host, push: 'true', 'pr-comment': 'true', 'github-token': token };
    const urls = [];
    for (const monitor of ['hvt', 'spt', 'hvt', 'spt']) {
      const own = { ...inputs, tags: `pr-15-${monitor}`, matrix: leg(monitor) };
      const { outputs } = await mustRunAction(test, { event: 'pull-request', inputs: own, env: { ...server.environment, ...job } });
      urls.push(outputs['comment-url']);
    }
    assert.deepEqual(urls.slice(2), urls.slice(0, 2));
    assert.equal(issues.comments.length, 2);
    for (const [position, monitor] of ['hvt', 'spt'].entries())
      assert.ok(issues.comments[position]?.body.includes(`:pr-15-${monitor} `));
  });
});
