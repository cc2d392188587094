// The command that later steps have: two small scripts, and where they are.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setUp, shellScript, windowsScript } from '../../src/action/setup-run.ts';
import { temporaryFolder } from '../support/folder.ts';
import { recorded } from '../support/recorded.ts';

async function run(test: TestContext, isWindows: boolean) {
  const parent = temporaryFolder(test);
  const before = { ...process.env };
  test.after(() => {
    process.env = before;
  });
  const paths = join(parent, 'paths');
  writeFileSync(paths, '');
  process.env.GITHUB_PATH = paths;
  const { runner, reporter, outputs, lines } = recorded();
  const environment = { RUNNER_TEMP: join(parent, 'temp'), GITHUB_PATH: paths };
  const request = { node: process.execPath, program: join(parent, 'cli.js'), version: '1.2.3' };
  await setUp(request, { environment, runner, reporter, isWindows });
  const [name = '', ...others] = readdirSync(environment.RUNNER_TEMP);
  assert.deepEqual(others, []);
  const folder = join(environment.RUNNER_TEMP, name);
  assert.equal(readFileSync(paths, 'utf8').trimEnd(), folder);
  return { folder, outputs, lines, request };
}

describe('the set-up', () => {
  it('puts a command on the PATH that runs the program with its arguments', async (test) => {
    const { folder, outputs, lines, request } = await run(test, false);
    const command = join(folder, 'bima');
    assert.match(basename(folder), /^bima-setup-./);
    assert.deepEqual(outputs, { version: '1.2.3', path: command });
    assert.deepEqual(lines, [`bima is ${command}`]);
    assert.deepEqual(readdirSync(folder), ['bima']);
    assert.equal(readFileSync(command, 'utf8'), shellScript(request));
    if (process.platform === 'win32') return;
    assert.equal(statSync(folder).mode & 0o777, 0o755);
    assert.equal(statSync(command).mode & 0o111, 0o111);
    writeFileSync(request.program, 'console.log(JSON.stringify(process.argv.slice(2)))');
    const printed = execFileSync(command, ['a b', '$c', "d'e"], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(printed), ['a b', '$c', "d'e"]);
  });

  it('has another one beside it on Windows', async (test) => {
    const { folder, outputs, lines, request } = await run(test, true);
    const command = join(folder, 'bima');
    assert.deepEqual(outputs, { version: '1.2.3', path: `${command}.cmd` });
    assert.deepEqual(lines, [`bima is ${command}`]);
    assert.equal(readFileSync(`${command}.cmd`, 'utf8'), windowsScript(request));
    assert.equal(readFileSync(command, 'utf8'), shellScript(request));
    assert.equal(existsSync(dirname(folder)), true);
  });
});

describe('the scripts', () => {
  const request = { node: "/opt/no'de", program: '/opt/a b/100%.cjs', version: '1' };

  it('quote their paths', () => {
    assert.equal(shellScript(request), "#!/bin/sh\nexec '/opt/no'\\''de' '/opt/a b/100%.cjs' \"$@\"\n");
    assert.equal(windowsScript(request), '@"/opt/no\'de" "/opt/a b/100%%.cjs" %*\r\n');
    assert.equal(windowsScript({ ...request, node: '%a%', program: 'b' }), '@"%%a%%" "b" %*\r\n');
    assert.equal(
      shellScript({ ...request, node: "''", program: 'b' }),
      "#!/bin/sh\nexec ''\\'''\\''' 'b' \"$@\"\n",
    );
  });
});
