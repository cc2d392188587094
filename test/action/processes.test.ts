// The shells as processes, from their sources.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { runAction } from '../support/action.ts';
import type { ActionOptions } from '../support/action.ts';
import { temporaryFolder } from '../support/folder.ts';
import { mutationEnvironment } from '../support/mutated-child.ts';
import { startRegistry } from '../support/registry.ts';
import { sampleContext } from '../support/sample.ts';
import { sampleImage, storeImage } from '../support/sample-image.ts';
import { markedFor } from '../usecases/cleanup/scene.ts';

const root = resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** A step of a file in src/action. */
function runSource(test: TestContext, file: string, { env, ...options }: ActionOptions = {}) {
  const bundle = join(root, 'src/action', file);
  return runAction(test, { ...options, bundle, env: { ...mutationEnvironment(), ...env } });
}

describe('the action as a process', () => {
  it('makes an image, warns of inputs that it does not have, and keeps its folder for the post step', async (test) => {
    const inputs = { context: sampleContext(test), tags: 'registry.example/own/app:1', contxt: 'x' };
    const { code, outputs, state, log, annotations, temporary } = await runSource(test, 'action-main.ts', {
      inputs,
    });
    assert.equal(code, 0, log);
    assert.match(outputs.digest ?? '', /^sha256:/);
    assert.deepEqual(Object.keys(state), ['folder']);
    const [own = '', ...others] = readdirSync(temporary);
    assert.deepEqual([state.folder, others], [join(temporary, own), []]);
    assert.match(own, /^bima-/);
    assert.ok(outputs.layout?.startsWith(state.folder ?? '?'));
    assert.deepEqual(
      annotations.map(({ severity, message }) => [severity, message]),
      [
        [
          'warning',
          'INPUT_INVALID: the action has no input "contxt": it had no effect\nDid you mean "context"?',
        ],
      ],
    );
    const post = { STATE_folder: state.folder ?? '' };
    const ended = await runSource(test, 'post.ts', { env: post });
    assert.deepEqual([ended.code, ended.log], [0, '']);
    assert.equal(existsSync(join(temporary, own)), false);
  });

  it('asks for the pull request with the token of its input', async (test) => {
    const inputs = { context: sampleContext(test), 'github-token': 'ghs_x', push: 'false' };
    const env = { GITHUB_API_URL: 'http://127.0.0.1:1' };
    const { code, annotations } = await runSource(test, 'action-main.ts', {
      inputs,
      env,
      event: 'workflow-run-fork',
    });
    assert.equal(code, 1);
    assert.match(annotations[0]?.message ?? '', /^GITHUB_FAILED: GET http:\/\/127\.0\.0\.1:1\/repos/);
  });

  it('refuses before it makes a folder', async (test) => {
    const { code, annotations, temporary, summary } = await runSource(test, 'action-main.ts', {
      inputs: { push: 'maybe', strict: 'x' },
    });
    assert.equal(code, 1);
    assert.deepEqual(readdirSync(temporary), []);
    assert.equal(annotations.length, 3);
    assert.match(summary, /2 errors/);
  });
});

describe('the post step as a process', () => {
  it('ends well without a folder, with one that is gone, and with one that stays', async (test) => {
    const kept = temporaryFolder(test, { 'a/b': '' });
    for (const folder of ['', join(kept, 'gone'), join(kept, 'a/b/c')]) {
      const { code, log } = await runSource(test, 'post.ts', { env: { STATE_folder: folder } });
      assert.deepEqual([code, log], [0, '']);
    }
    assert.deepEqual(readdirSync(kept, { recursive: true }).sort(), ['a', join('a', 'b')]);
  });

  it('has no folder where no state is known', async (test) => {
    const { code, log } = await runSource(test, 'post.ts');
    assert.deepEqual([code, log], [0, '']);
  });
});

describe('the cleanup as a process', () => {
  it('removes the tag of the closed pull request', async (test) => {
    await using registry = await startRegistry({ deletes: 'digests' });
    const annotations = markedFor('https://github.com/nubificus/redis-unikernel/pull/15');
    storeImage(registry.store, 'own/app', sampleImage({ layers: [10], annotations }), 'pr-15');
    const {
      code,
      outputs,
      annotations: said,
      summary,
      log,
    } = await runSource(test, 'cleanup-main.ts', {
      inputs: { image: `${registry.host}/own/app`, 'dry-rum': 'true' },
      event: 'pull-request-closed',
    });
    assert.equal(code, 0, log);
    assert.deepEqual(registry.store.tags('own/app'), {});
    assert.deepEqual(Object.keys(outputs), ['deleted', 'skipped']);
    assert.match(summary, /^- deleted /);
    assert.deepEqual(
      said.map(({ message }) => message),
      ['INPUT_INVALID: the action has no input "dry-rum": it had no effect\nDid you mean "dry-run"?'],
    );
  });
});

describe('the set-up as a process', () => {
  it('names the program beside its own', async (test) => {
    const { code, outputs, log } = await runSource(test, 'setup-main.ts', { inputs: {} });
    assert.equal(code, 0, log);
    assert.equal(outputs.version, version);
    const script = readFileSync(outputs.path ?? '', 'utf8');
    assert.ok(script.includes(`'${process.execPath}' '${join(root, 'src/action/cli.cjs')}'`), script);
  });
});
