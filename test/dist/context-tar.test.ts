// A context that comes through a pipe, as users give it to the bundle.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle, mustRunBima, runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { packTar } from '../support/pack-tar.ts';
import { sampleContext } from '../support/sample.ts';

const skip = process.platform === 'win32' && 'needs a shell, signals and modes';
const shell = `tar -C "$CONTEXT" -cf - . | "$NODE" "$BUNDLE" "$@"`;

/** Runs `tar … | bima …` with a folder for temporary files. */
function pipe(context: string, temporary: string, args: readonly string[]) {
  const env = { PATH: process.env.PATH, CONTEXT: context, NODE: process.execPath, BUNDLE: bundle, TMPDIR: temporary };
  return spawnSync('sh', ['-c', shell, 'sh', ...args], { env, encoding: 'utf8' });
}

describe('a context in a pipe', { skip }, () => {
  it('has the digest of its folder, also with a large file, and leaves nothing', { timeout: 120_000 }, async (test) => {
    const context = sampleContext(test);
    truncateSync(join(context, 'redis.conf'), 300 * 1024 ** 2);
    const temporary = temporaryFolder(test);
    const dest = temporaryFolder(test);
    const args = (name: string) => ['build', '-q', '-t', 'a:1', '-o', 'oci', '--dest', join(dest, name)];
    const { stdout: expected } = await mustRunBima([...args('folder'), context]);
    const { status, stdout, stderr } = pipe(context, temporary, [...args('pipe'), '-']);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, expected);
    assert.deepEqual(readdirSync(temporary), []);
  });

  it('leaves nothing when the build fails', async (test) => {
    const temporary = temporaryFolder(test);
    for (const name of ['Containerfile', '../Containerfile']) {
      const input = packTar([{ name: 'file', content: 'x' }, { name, content: 'FROM scratch\nRUN x\n' }]);
      const { code } = await runBima(['lint', '-'], { input, env: { TMPDIR: temporary } });
      assert.equal(code, 1);
      assert.deepEqual(readdirSync(temporary), []);
    }
  });

  it('is given up at a signal, and nothing is left', { timeout: 60_000 }, async (test) => {
    const temporary = temporaryFolder(test);
    const child = spawn(process.execPath, [bundle, 'lint', '-'], {
      env: { PATH: process.env.PATH, TMPDIR: temporary },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<number | null>((done) => child.on('close', done));
    child.stdin.on('error', () => undefined);
    // The end is still missing when the signal comes.
    child.stdin.write(packTar([{ name: 'file', content: 'x'.repeat(100_000) }]).subarray(0, 50_000));
    while (readdirSync(temporary, { recursive: true }).every((name) => !String(name).endsWith('file')))
      await sleep(20);
    child.kill('SIGTERM');
    assert.equal(await ended, 143, stderr);
    assert.match(stderr, /^bima: interrupted$/m);
    assert.deepEqual(readdirSync(temporary), []);
  });
});
