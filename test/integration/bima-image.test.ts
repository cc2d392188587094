// bima's own image: made by bima on a base that has Node, read by skopeo and umoci, started from what umoci unpacks, and by
// containerd with runc where that may run.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mustRunBima } from '../support/cli.ts';
import { startContainerd } from '../support/containerd.ts';
import { temporaryFolder } from '../support/folder.ts';
import { unlessMountingWith, unlessRootWith } from '../support/tools.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const root = resolve(import.meta.dirname, '../..');
const containerfile = join(root, 'scripts/image.Containerfile');
const [base = ''] = /(?<=^FROM )\S+/m.exec(readFileSync(containerfile, 'utf8')) ?? [];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const said = `bima version ${version}\n`;

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A layout with an image of this Node and what it needs of the system: the stand-in for Docker Hub's. */
async function makeBase(folder: string): Promise<string> {
  const files = join(folder, 'files');
  mkdirSync(join(files, 'usr/local/bin'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(files, 'usr/local/bin/node'));
  const libraries = run('ldd', process.execPath).matchAll(/(?:=> |^\s+)(\/\S+)/gm);
  for (const [, library = ''] of libraries) {
    mkdirSync(join(files, dirname(library)), { recursive: true });
    cpSync(realpathSync(library), join(files, library));
  }
  mkdirSync(join(files, 'usr/bin'), { recursive: true });
  cpSync(realpathSync('/usr/bin/env'), join(files, 'usr/bin/env'));
  const lines = [
    'FROM scratch',
    'COPY . /',
    'ENV PATH=/usr/local/bin:/usr/bin:/bin',
    'CMD ["/usr/local/bin/node"]',
    '',
  ];
  writeFileSync(join(folder, 'Containerfile'), lines.join('\n'));
  const layout = join(folder, 'base');
  const where = ['-f', join(folder, 'Containerfile'), '-o', 'oci', '--dest', layout, '-t', 'node:24'];
  await mustRunBima(['build', '--container', '--compression', 'none', ...where, files]);
  return layout;
}

const skip = unlessRootWith('skopeo', 'umoci');

describe("bima's own image", { skip: process.platform === 'linux' ? skip : 'runs on Linux alone' }, () => {
  let layout = '';
  const folder = mkdtempSync(join(tmpdir(), 'bima-image-'));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  before(async () => {
    layout = join(folder, 'bima');
    const contexts = ['--build-context', `${base}=oci:${await makeBase(folder)}`];
    await mustRunBima([
      'build',
      '--container',
      ...contexts,
      '-f',
      containerfile,
      '-o',
      'oci',
      '--dest',
      layout,
      '-t',
      'bima:1',
      root,
    ]);
  });

  it('is an ordinary image for skopeo, with nothing of urunc in it', () => {
    const [image = assert.fail('no image')] = verifyLayout(layout);
    const config = JSON.parse(run('skopeo', 'inspect', '--config', `oci:${layout}`)) as {
      config: {
        Entrypoint: string[];
        Cmd?: string[];
        WorkingDir: string;
        Env: string[];
        Labels: Record<string, string>;
      };
    };
    assert.deepEqual(config.config.Entrypoint, ['bima']);
    assert.equal(config.config.Cmd, undefined);
    assert.equal(config.config.WorkingDir, '/work');
    assert.match(config.config.Env.join(), /PATH=\/usr\/local\/lib\/bima:\/usr\/local\/bin/);
    assert.deepEqual(
      Object.keys(config.config.Labels).filter((key) => key.includes('urunc')),
      [],
    );
    assert.ok(image.tars.every((tar) => !tar.includes('urunc.json\0')));
  });

  it('starts from what umoci unpacks, and builds a folder that is mounted at /work', (test) => {
    const bundle = join(temporaryFolder(test), 'bundle');
    run('umoci', 'unpack', '--image', `${layout}:1`, bundle);
    const start = (...args: string[]) => {
      const env = { PATH: '/usr/local/lib/bima:/usr/local/bin:/usr/bin:/bin' };
      const command = [join(bundle, 'rootfs'), 'env', '-C', '/work', 'bima', ...args];
      return spawnSync('/usr/sbin/chroot', command, { env, encoding: 'utf8' });
    };
    assert.equal(start('--version').stdout, said);
    cpSync(join(root, 'examples/hello'), join(bundle, 'rootfs/work'), { recursive: true });
    const built = start('build', '--tar', '-t', 'hello:1', '.');
    assert.match(built.stdout, /^sha256:[0-9a-f]{64}\n$/, built.stderr);
  });

  it('runs in containerd with runc', { skip: unlessMountingWith('ctr', 'runc') }, async (test) => {
    const { ctr, env } = await startContainerd(test);
    await mustRunBima(['load', '--snapshotter', 'native', layout], { env });
    const image = (await ctr('images', 'ls', '--quiet')).trim();
    // Without a network and without cgroups of its own, as a machine of tests has them.
    const settings = ['--rm', '--snapshotter', 'native', '--cgroup', ''];
    assert.equal(await ctr('run', ...settings, image, 'bima-1', 'bima', '--version'), said);
  });
});
