// Walks the README as a reader does: `npm run test:readme`. On a Debian with Node and git alone, in a chroot without a
// network, it clones, installs, and runs each command block as it is written; what is shown must be what comes. It needs
// root and Debian's debootstrap, which it installs; where that can't be had it says so, and with CI=true that is a failure.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findDebianRoot, runInRoot, whyNoNamespaces } from './support/debian-root.ts';
import { installPackages } from './support/setup.ts';

interface Command {
  readonly command: string;
  /** What the README shows below it; undefined where it shows nothing. */
  readonly shown?: string;
}

const mark = '--- bima walks ---';
/** A clone is all that a reader has: it needs the network, and what takes an hour is for CI. */
const elsewhere = ['npm cit'];

const readme = readFileSync('README.md', 'utf8');

function readCommands(): Command[] {
  const blocks = [...readme.matchAll(/^```(bash|console)\n(.*?)^```/gms)];
  return blocks.flatMap(([, language, block = '']): Command[] => {
    if (language === 'bash')
      return block
        .trim()
        .split('\n')
        .map((command) => ({ command }));
    return block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = '', ...shown] = part.split('\n');
        return { command, shown: shown.join('\n') };
      });
  });
}

/** The repository as it would be committed now, for a clone. */
function commitAll(folder: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const file of list.split('\0').filter((name) => name !== '' && existsSync(name))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
  git('init', '-q', '-b', 'main');
  git('add', '-A', '-f');
  git('-c', 'commit.gpgsign=false', 'commit', '-qm', 'x');
}

/** One shell for all commands, as a terminal is; each ends with a line that has its exit code. */
function scriptOf(commands: readonly Command[], project: string): string {
  const lines = commands.map(({ command }) => `{ ${command}; } 2>&1 || echo "exit code $?"; echo "${mark}"`);
  return [
    'git config --global --add safe.directory /repository/.git',
    'git clone -q /repository bima-action',
    'cd bima-action',
    // In place of github:nubificus/bima-action, which no chroot without a network has.
    'npm install --silent --no-audit --no-fund --global git+file:///repository > /dev/null',
    `echo "${mark}"`,
    ...lines,
    // The smallest workflow's folder: its Containerfile, and whatever makes app.elf.
    `mkdir /root/project && cd /root/project && cp ${project} Containerfile && cp /repository/examples/hello/hello-amd64 app.elf`,
    '{ bima lint --fail-on warning . && bima build -q --tar -t app:1 . && ls; } 2>&1 || echo "exit code $?"',
  ].join('\n');
}

/** The folder of npm, which comes with Node. */
function findNpm(): string {
  const found =
    process.env.npm_execpath ?? execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
  return join(dirname(realpathSync(found)), '..');
}

function walk(root: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'bima-readme-'));
  try {
    const repository = join(folder, 'repository');
    mkdirSync(repository);
    commitAll(repository);
    const [, containerfile = ''] = /^```Dockerfile\n(.*?)^```/ms.exec(readme) ?? [];
    writeFileSync(join(folder, 'Containerfile'), containerfile);
    writeFileSync(
      join(folder, 'npm'),
      '#!/usr/local/bin/node\nrequire("/usr/local/lib/npm/lib/cli.js")(process)\n',
      { mode: 0o755 },
    );
    const commands = readCommands().filter(({ command }) => !elsewhere.includes(command));
    const script = scriptOf(commands, '/Containerfile');
    const { stdout, stderr, status } = runInRoot(root, script, {
      '/repository': repository,
      '/Containerfile': join(folder, 'Containerfile'),
      '/usr/local/bin/node': process.execPath,
      '/usr/local/bin/npm': join(folder, 'npm'),
      '/usr/local/lib/npm': findNpm(),
    });
    const [before, ...outputs] = String(stdout).split(`${mark}\n`);
    if (status !== 0 || outputs.length !== commands.length + 1) {
      console.log(`the walk ended early, with ${status ?? 'a signal'}:\n${String(stdout)}${String(stderr)}`);
      return 1;
    }
    if (before !== '') console.log(before);
    return judge(commands, outputs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(commands: readonly Command[], outputs: readonly string[]): number {
  let failures = 0;
  for (const [index, { command, shown }] of commands.entries()) {
    const output = outputs[index] ?? '';
    const isGood = shown === undefined ? !/^exit code \d+$/m.test(output) : output === shown;
    console.log(`${isGood ? 'as written' : 'NOT AS WRITTEN'}: $ ${command}`);
    if (isGood) continue;
    failures += 1;
    console.log(shown === undefined ? output : `shown:\n${shown}came:\n${output}`);
  }
  const project = outputs.at(-1) ?? '';
  const isBuilt = !project.includes('exit code') && /^app_1\.oci\.tar$/m.test(project);
  console.log(`${isBuilt ? 'as written' : 'NOT AS WRITTEN'}: the Containerfile of the smallest workflow`);
  if (!isBuilt) console.log(project);
  for (const command of elsewhere) console.log(`not here, but in CI: $ ${command}`);
  return failures === 0 && isBuilt ? 0 : 1;
}

function main(): number {
  const why = whyNoNamespaces();
  if (why === undefined && !existsSync('/usr/sbin/debootstrap'))
    installPackages(['debootstrap', 'debian-archive-keyring']);
  const root = why === undefined ? findDebianRoot(['ca-certificates', 'git'], console.log) : undefined;
  if (root !== undefined) return walk(root);
  console.log(`!!! SKIPPED the walk through the README: needs ${why ?? "Debian's archive and debootstrap"}`);
  return process.env.CI === 'true' ? 1 : 0;
}

process.exitCode = main();
