// What is handed out: the package, an install from git, the program of a release, and the step that sets it up. Each is
// made from the files of this folder, and started where nothing else of it is.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { setUp, shellScript, windowsScript } from '../../src/action/setup-run.ts';
import { bundle } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { skipPrefix, unlessInstalled } from '../support/tools.ts';

const root = resolve(import.meta.dirname, '../..');
const hello = join(root, 'examples/hello');
const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  scripts: Record<string, string>;
  dependencies?: Record<string, string>;
  man: readonly string[];
};
/** npm of the Node on which the tests run is not always there. */
const npm = spawnSync('npm', ['--version'], { shell: process.platform === 'win32' }).status === 0;
const skip = !npm ? `${skipPrefix} npm` : process.platform === 'win32' && 'needs a shell';

function run(program: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, ...env } });
}

/** The files that git has or would have, in a folder of their own. */
function copyOfRepository(test: TestContext): string {
  const folder = join(temporaryFolder(test), 'repository');
  const files = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root).split('\0');
  // What a package of git needs: not the tests.
  for (const file of files.filter((name) => name !== '' && !/^(?:test|bench|src)\//.test(name))) {
    if (!existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  return folder;
}

/** Builds the example with an installed `bima`, and gives what it prints. */
function useInstalled(prefix: string): string {
  const program = join(prefix, 'bin/bima');
  assert.equal(run(program, ['--version'], prefix), `bima version ${pkg.version}\n`);
  return run(program, ['build', '--tar', '-t', 'hello:1', hello], prefix);
}

describe('the package', () => {
  it('has one bundle and no dependency, and no script that npm runs on an install from git', () => {
    assert.deepEqual(Object.keys(pkg.dependencies ?? {}), []);
    for (const name of ['build', 'prepare', 'prepack', 'preinstall', 'install', 'postinstall'])
      assert.equal(pkg.scripts[name], undefined, name);
  });

  it('is small, and works when it is installed from its file', { skip }, (test) => {
    const folder = temporaryFolder(test);
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], root)) as {
      filename: string;
      files: { path: string }[];
    }[];
    const paths = packed?.files.map(({ path }) => path).sort();
    assert.deepEqual(paths, ['LICENSE', 'README.md', 'dist/cli.cjs', 'dist/licences.txt', ...pkg.man, 'package.json']);
    const prefix = join(folder, 'prefix');
    run('npm', ['install', '--global', '--offline', '--prefix', prefix, join(folder, packed?.filename ?? '')], folder);
    assert.match(useInstalled(prefix), /^sha256:[0-9a-f]{64}\n$/);
    assert.ok(existsSync(join(prefix, 'share/man/man1/bima.1')));
    assert.deepEqual(readdirSync(join(prefix, 'lib/node_modules')), ['bima']);
  });

  const gitSkip = skip || (spawnSync('git', ['--version']).status !== 0 && `${skipPrefix} git`);
  it('works when it is installed from git, and nothing is fetched or built for it', { skip: gitSkip }, (test) => {
    const repository = copyOfRepository(test);
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
    run('git', ['init', '-q', '-b', 'main'], repository);
    run('git', ['add', '-A', '-f'], repository);
    run('git', [...who, 'commit', '-qm', 'x'], repository);
    const prefix = join(temporaryFolder(test), 'prefix');
    const start = performance.now();
    run('npm', ['install', '--global', '--offline', '--prefix', prefix, `git+file://${repository}`], prefix.slice(0, -7));
    test.diagnostic(`${Math.round(performance.now() - start)} ms`);
    assert.match(useInstalled(prefix), /^sha256:/);
  });
});

describe('make install', { skip: process.platform === 'win32' ? 'needs make' : unlessInstalled('make') }, () => {
  function install(test: TestContext): string {
    const folder = temporaryFolder(test);
    run('make', ['install', `DESTDIR=${folder}`, 'PREFIX=/usr'], root);
    return join(folder, 'usr');
  }

  it('gives a program that starts by itself, with its manual page, and takes both away again', (test) => {
    const prefix = install(test);
    assert.match(useInstalled(prefix), /^sha256:/);
    const twice = run(join(prefix, 'bin/bima'), ['build', '--help'], prefix);
    assert.match(twice, /^ {3}bima build /m);
    assert.ok(existsSync(join(prefix, 'share/man/man1/bima.1')));
    run('make', ['uninstall', `DESTDIR=${dirname(prefix)}`, 'PREFIX=/usr'], root);
    assert.equal(existsSync(join(prefix, 'bin/bima')), false);
    assert.equal(existsSync(join(prefix, 'share/man/man1/bima.1')), false);
  });

  it('gives a program that says so where there is no node, as on the PATH of sudo', (test) => {
    const prefix = install(test);
    const tools = join(temporaryFolder(test), 'tools');
    mkdirSync(tools);
    symlinkSync('/bin/sh', join(tools, 'sh'));
    const start = (env: Record<string, string>) =>
      spawnSync(join(prefix, 'bin/bima'), ['--version'], { encoding: 'utf8', env: { PATH: tools, ...env } });
    const plain = start({});
    assert.equal(plain.status, 127);
    assert.equal(plain.stderr, `bima: expected node on the PATH, got none in ${tools}\n`);
    assert.match(start({ SUDO_USER: 'somebody' }).stderr, /To hand yours on: sudo env "PATH=\$PATH" bima \.\.\.$/m);
  });
});

describe('setup/action.yml', () => {
  const { runs, outputs } = parse(readFileSync(join(root, 'setup/action.yml'), 'utf8')) as {
    runs: { using: string; main: string };
    outputs: Record<string, unknown>;
  };
  const main = join(root, 'setup', runs.main);

  it('runs on the Node of the action', () => {
    const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as { runs: { using: string } };
    assert.equal(runs.using, action.runs.using);
  });

  it('puts bima on the PATH of the steps that follow', { skip: process.platform === 'win32' && 'needs a shell' }, (test) => {
    const folder = temporaryFolder(test);
    const files = Object.fromEntries(
      ['PATH', 'OUTPUT', 'STATE', 'STEP_SUMMARY'].map((name) => {
        writeFileSync(join(folder, name), '');
        return [`GITHUB_${name}`, join(folder, name)];
      }),
    );
    const env = { ...files, RUNNER_TEMP: join(folder, 'a b', 'temp'), GITHUB_ACTIONS: 'true', PATH: '/usr/bin:/bin' };
    execFileSync(process.execPath, [main], { cwd: folder, env, stdio: 'pipe' });
    const added = readFileSync(join(folder, 'PATH'), 'utf8').trim();
    const output = readFileSync(join(folder, 'OUTPUT'), 'utf8');
    for (const name of Object.keys(outputs)) assert.match(output, new RegExp(`^${name}<<`, 'm'));
    assert.ok(output.includes(join(added, 'bima')) && output.includes(pkg.version));
    const later = { PATH: [added, '/usr/bin', '/bin'].join(delimiter) };
    const said = execFileSync('sh', ['-c', 'bima --version && bima lint "$0"', hello], { env: later, encoding: 'utf8', stdio: 'pipe' });
    assert.equal(said, `bima version ${pkg.version}\n`);
  });

  it('quotes the paths for each shell', { skip: process.platform === 'win32' && 'needs a shell' }, async (test) => {
    const folder = temporaryFolder(test);
    const program = join(folder, `it's $HOME "x".cjs`);
    writeFileSync(program, 'console.log(JSON.stringify(process.argv.slice(2)))');
    const script = join(folder, 'run');
    writeFileSync(script, shellScript({ node: process.execPath, program, version: '1' }));
    chmodSync(script, 0o755);
    assert.equal(run(script, ['a b', '$x', ''], folder), '["a b","$x",""]\n');
    assert.equal(
      windowsScript({ node: 'C:\\a b\\node.exe', program: 'C:\\100%\\cli.cjs', version: '1' }),
      '@"C:\\a b\\node.exe" "C:\\100%%\\cli.cjs" %*\r\n',
    );
    const outputs = new Map<string, string>();
    writeFileSync(join(folder, 'path'), '');
    const before = process.env.GITHUB_PATH;
    process.env.GITHUB_PATH = join(folder, 'path');
    const world = {
      environment: { RUNNER_TEMP: folder, GITHUB_PATH: join(folder, 'path') },
      runner: { output: (name: string, value: string) => outputs.set(name, value) },
      reporter: { info: () => undefined },
      isWindows: true,
    };
    await setUp({ node: 'n', program: 'p', version: '1' }, world);
    if (before === undefined) delete process.env.GITHUB_PATH;
    else process.env.GITHUB_PATH = before;
    const made = readFileSync(join(folder, 'path'), 'utf8').trim();
    assert.deepEqual(readdirSync(made).sort(), ['bima', 'bima.cmd']);
    assert.equal(outputs.get('path'), join(made, 'bima.cmd'));
  });
});

describe('the version', () => {
  const headings = [...readFileSync(join(root, 'CHANGELOG.md'), 'utf8').matchAll(/^## (\S+)/gm)].map(([, name]) => name);

  it('is the same in package.json, in its lock, and in what the program says', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { version: string };
    assert.equal(lock.version, pkg.version);
    assert.equal(run(process.execPath, [bundle, '--version'], root), `bima version ${pkg.version}\n`);
  });

  it('has a chapter of CHANGELOG.md, below nothing but what is not released', () => {
    const newest = headings[0] === 'Unreleased' ? headings[1] : headings[0];
    assert.equal(newest, pkg.version);
  });

  const isTag = process.env.GITHUB_REF_TYPE === 'tag';
  it('is that of the tag, in a run for one', { skip: !isTag && 'runs for a tag alone' }, () => {
    assert.equal(process.env.GITHUB_REF_NAME, `v${pkg.version}`);
    assert.equal(headings[0], pkg.version);
  });
});
