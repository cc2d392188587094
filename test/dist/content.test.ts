// What a step says of the files that it packs: those that are booted, and those that nobody meant.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mustRunAction, runAction } from '../support/action.ts';
import { mustRunBima, runBima } from '../support/cli.ts';
import { sampleContext } from '../support/sample.ts';

const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 500\n`;

describe('a step whose platform is named', () => {
  const wrong: [name: string, content: string, message: RegExp][] = [
    ['a Git LFS pointer', pointer, /^BINARY_INVALID: .*a Git LFS pointer[^]*git lfs pull/],
    ['an empty file', '', /^BINARY_INVALID: .*an empty file/],
  ];
  for (const [name, content, message] of wrong) {
    it(`refuses ${name}, and so does the command line`, async (test) => {
      const context = sampleContext(test);
      writeFileSync(join(context, 'test-redis.hvt'), content);
      const { code, annotations, outputs } = await runAction(test, {
        inputs: { context, platforms: 'linux/amd64' },
      });
      assert.equal(code, 1);
      assert.match(annotations[0]?.message ?? '', message);
      assert.match(annotations[0]?.message ?? '', /Containerfile:7:\d+\)/);
      assert.equal(outputs.digest, undefined);
      const { code: status, stdout } = await runBima(['lint', '--platform', 'linux/amd64', context]);
      assert.equal(status, 1);
      assert.match(stdout, /expected a unikernel in/);
    });
  }

  it('packs a page with a warning', async (test) => {
    const context = sampleContext(test);
    writeFileSync(join(context, 'test-redis.hvt'), '<!DOCTYPE html>\n<title>404</title>\n');
    const { annotations } = await mustRunAction(test, { inputs: { context, platforms: 'linux/amd64' } });
    assert.deepEqual(
      annotations.map(({ severity }) => severity),
      ['warning'],
    );
    assert.match(annotations[0]?.message ?? '', /^BINARY_INVALID: .*text starting with "<!DOCTYPE html>"/);
  });
});

describe('a step that copies the whole context', () => {
  it('warns of the secrets in it, and names the ignore file', async (test) => {
    const context = sampleContext(test);
    writeFileSync(join(context, '.env'), 'PASSWORD=correct-horse\n');
    const file = join(context, 'Containerfile');
    writeFileSync(file, `FROM scratch\nCOPY . /\n${labels}`);
    const { annotations, log } = await mustRunAction(test, { inputs: { context } });
    assert.equal(annotations.length, 1, log);
    assert.match(annotations[0]?.message ?? '', /^CONTEXT_PATH: .*"\/\.env"[^]*"\*\*\/\.env" to a file \.dockerignore/);
    assert.ok(!log.includes('correct-horse'));
    writeFileSync(join(context, '.dockerignore'), '**/.env\n');
    await mustRunBima(['lint', context]);
    assert.deepEqual((await mustRunAction(test, { inputs: { context } })).annotations, []);
  });
});

const labels = [
  'LABEL com.urunc.unikernel.binary=/test-redis.hvt',
  'LABEL com.urunc.unikernel.cmdline=x',
  'LABEL com.urunc.unikernel.unikernelType=rumprun',
  'LABEL com.urunc.unikernel.hypervisor=hvt',
  'LABEL com.urunc.unikernel.unikernelVersion=1',
  '',
].join('\n');
