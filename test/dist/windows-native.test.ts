// What Wine doesn't have, on Windows itself: links, junctions, short names, streams and Ctrl-Break. A job of CI runs it.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { bundle, runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContainerfile } from '../support/sample.ts';
import { extraPrefix } from '../support/tools.ts';

const skip = process.platform !== 'win32' && `${extraPrefix} Windows itself`;
const kernel = readFileSync(resolve(import.meta.dirname, '../../examples/hello/hello-amd64'));

function workspaceOf(test: TestContext, line: string): string {
  return temporaryFolder(test, {
    'outside/secret.txt': 'secret',
    'context/Containerfile': `${sampleContainerfile.replaceAll('COPY ', 'COPY --chmod=0755 ')}${line}\n`,
    'context/test-redis.hvt': kernel,
    'context/redis.conf': 'maxmemory 64mb\n',
    'context/a long name.txt': 'x',
  });
}

describe('Windows itself', { skip }, () => {
  for (const type of ['junction', 'dir'] as const) {
    it(`follows no ${type === 'dir' ? 'link' : 'junction'} out of the context`, async (test) => {
      const cwd = workspaceOf(test, 'COPY away/secret.txt /s');
      symlinkSync(join(cwd, 'outside'), join(cwd, 'context/away'), type);
      const { code, stdout } = await runBima(['lint', 'context'], { cwd });
      assert.equal(code, 1);
      assert.match(stdout, /error: .*away/);
    });
  }

  it('knows no short name of a file', async (test) => {
    const cwd = workspaceOf(test, 'COPY ALONGN~1.TXT /s');
    const { code, stdout } = await runBima(['lint', 'context'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /error: "ALONGN~1\.TXT" is not in the context/);
  });

  it('knows no stream of a file', async (test) => {
    const cwd = workspaceOf(test, 'COPY redis.conf:hidden /s');
    writeFileSync(join(cwd, 'context/redis.conf:hidden'), 'secret');
    const { code, stdout } = await runBima(['lint', 'context'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /error: "redis\.conf:hidden" is not in the context/);
  });

  it('leaves nothing behind after a Ctrl-Break', { timeout: 60_000 }, async (test) => {
    const cwd = workspaceOf(test, 'COPY large /');
    writeFileSync(join(cwd, 'context/large'), '');
    truncateSync(join(cwd, 'context/large'), 16 * 1024 ** 3);
    // Only a process that leads a group of its own gets one from outside.
    const child = spawn(process.execPath, [bundle, 'build', '--tar', '-t', 'a:1', 'context'], {
      cwd,
      detached: true,
    });
    const ended = new Promise<number | null>((done) => child.on('close', done));
    await new Promise<void>((done) => {
      let printed = '';
      child.stderr.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
        if (printed.includes('redis.conf')) done();
      });
    });
    const signature =
      '[DllImport("kernel32.dll")] public static extern bool GenerateConsoleCtrlEvent(uint e, uint g);';
    const attach = '[DllImport("kernel32.dll")] public static extern bool AttachConsole(uint p);';
    const free = '[DllImport("kernel32.dll")] public static extern bool FreeConsole();';
    const script = `$k = Add-Type -PassThru -Name K -MemberDefinition '${signature} ${attach} ${free}';
      $null = $k::FreeConsole(); $null = $k::AttachConsole(${child.pid}); $null = $k::GenerateConsoleCtrlEvent(1, ${child.pid})`;
    execFileSync('powershell', ['-NoProfile', '-Command', script], { stdio: 'ignore' });
    assert.equal(await ended, 149);
    assert.deepEqual(readdirSync(cwd).sort(), ['context', 'outside']);
  });
});
