// The bundles of the action on Windows, as a runner starts them there: `npm run test:windows`.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunAction, postBundle, runAction } from '../support/action.ts';
import type { ActionOptions, FinishedAction, Machine } from '../support/action.ts';
import { startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContainerfile, sampleContext } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';
import { networkOptions, runOnWindows, skipWithoutWine, toWindows } from '../support/wine.ts';

const windows: Machine = {
  toPath: toWindows,
  async run(bundle, { cwd, env: given }, interrupt) {
    const env = Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) =>
        // These two are Wine's own.
        value === undefined || name === 'PATH' || name === 'HOME' ? [] : [[name, value]],
      ),
    );
    const { code, stdout, stderr } = await runOnWindows([toWindows(bundle)], {
      cwd,
      env,
      ...(interrupt === undefined ? {} : { interruptWhen: (log: string) => log.includes(interrupt.after) }),
    });
    return { code, log: stdout + stderr };
  },
};

const mustRun = (test: TestContext, options: ActionOptions): Promise<FinishedAction> =>
  mustRunAction(test, { ...options, machine: windows });

/** A workspace with the sample as its folder `context`, with modes that every system can see. */
function workspaceOf(test: TestContext): string {
  const workspace = resolve(sampleContext(test), '..');
  writeFileSync(
    join(workspace, 'context/Containerfile'),
    sampleContainerfile.replaceAll('COPY ', 'COPY --chmod=0755 '),
  );
  return workspace;
}

/** The file of this machine behind a path of Windows. */
const fromWindows = (path = '') => path.replace(/^Z:/i, '').replaceAll('\\', '/');

describe('the action on Windows', { skip: skipWithoutWine, concurrency: 2 }, () => {
  it('has the outputs that it has here, and the same image', async (test) => {
    const workspace = workspaceOf(test);
    const inputs = { context: 'context', tags: 'a/b:1', sbom: 'true' };
    const here = await mustRunAction(test, {
      workspace,
      inputs: { ...inputs, tar: 'here.tar', 'oci-layout': 'here' },
    });
    const there = await mustRun(test, {
      workspace,
      inputs: { ...inputs, tar: 'out\\there.tar', 'oci-layout': 'out\\there' },
    });
    const paths = ['tar', 'layout', 'sbom'];
    const others = (outputs: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(outputs).filter(([name]) => !paths.includes(name)));
    assert.deepEqual(others(there.outputs), others(here.outputs));
    assert.equal(there.outputs.tar, toWindows(join(workspace, 'out/there.tar')));
    assert.equal(there.outputs.layout, toWindows(join(workspace, 'out/there')));
    assert.ok(existsSync(fromWindows(there.outputs.sbom)));
    assert.equal(verifyLayout(join(workspace, 'out/there'))[0]?.entry.digest, here.outputs.digest);
    // The longer path first: that of the archive begins with that of the layout.
    const [summary, expected] = [there, here].map(({ outputs, summary: text }) =>
      text.replace(/\r\n/g, '\n').replaceAll(outputs.tar ?? '', 'TAR').replaceAll(outputs.layout ?? '', 'LAYOUT'),
    );
    assert.equal(summary, expected);
  });

  for (const [name, file] of [
    ['relative', () => 'context\\Other'],
    ['with a drive', (workspace: string) => `${toWindows(workspace)}\\context\\Other`],
    ['in the long form', (workspace: string) => `\\\\?\\${toWindows(workspace)}\\context\\Other`],
  ] as const) {
    it(`puts annotations on a line of a file that is given ${name}`, async (test) => {
      const workspace = workspaceOf(test);
      writeFileSync(join(workspace, 'context/Other'), `${sampleContainerfile}COPY missing /x\n`);
      const { code, annotations } = await runAction(test, {
        workspace,
        machine: windows,
        inputs: { context: 'context', file: file(workspace) },
      });
      assert.equal(code, 1);
      const error = annotations.find(({ severity }) => severity === 'error');
      assert.match(error?.message ?? '', /^CONTEXT_PATH: .*"missing"/);
      assert.deepEqual([error?.properties.file, error?.properties.line], ['context/Other', '12']);
    });
  }

  it('is cleaned up by the post step, which leaves all else', async (test) => {
    const { state, outputs, temporary } = await mustRun(test, {
      workspace: workspaceOf(test),
      inputs: { context: 'context' },
    });
    writeFileSync(join(temporary, 'other'), '');
    assert.ok(existsSync(fromWindows(outputs.layout)));
    const { code, stderr } = await runOnWindows([toWindows(postBundle)], {
      cwd: temporaryFolder(test),
      env: { STATE_folder: state.folder ?? '' },
    });
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(temporary), ['other']);
  });

  it('pushes', async (test) => {
    await using registry = await startRegistry();
    const { outputs } = await mustRun(test, {
      workspace: workspaceOf(test),
      inputs: { context: 'context', tags: `${registry.host}/a/b:1`, push: 'true' },
      env: { NODE_OPTIONS: networkOptions },
    });
    assert.equal(registry.store.tags('a/b')['1'], outputs.digest);
    registry.store.pull('a/b', '1');
  });

  it('leaves nothing in the workspace when it is cancelled, and fails', async (test) => {
    const workspace = workspaceOf(test);
    truncateSync(join(workspace, 'context/redis.conf'), 16 * 1024 ** 3);
    const before = readdirSync(workspace);
    const { code, log, outputs } = await runAction(test, {
      workspace,
      machine: windows,
      inputs: { context: 'context', tar: 'image.tar', tags: 'a:1' },
      interrupt: { after: 'test-redis.hvt', signal: 'SIGINT' },
    });
    assert.equal(code, 130, log);
    assert.match(log, /^interrupted\r?$/m);
    assert.equal(outputs.digest, undefined);
    assert.deepEqual(readdirSync(workspace), before);
  });
});
