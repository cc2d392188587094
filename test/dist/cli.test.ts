// The committed bundle, started as a user starts it.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { bundle, mustRunBima, runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContainerfile, sampleContext, sampleLabels } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const root = resolve(import.meta.dirname, '../..');

/** The Node that the machine itself has, beside the one that the tests run on. */
function findMachineNode(): string {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return execFileSync('node', ['-p', 'process.execPath'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path.join(delimiter) },
  }).trim();
}

describe('dist/cli.cjs', () => {
  it('can be run as it is', () => {
    assert.match(execFileSync(bundle, ['--version'], { encoding: 'utf8' }), /^bima version \d+\.\d+\.\d+(?:-rc\.\d+)?\n$/);
  });

  for (const [name, node] of [
    ['the Node of the tests', process.execPath],
    ["the machine's own Node", findMachineNode()],
  ] as const) {
    it(`builds the example of the README on ${name}`, async (test) => {
      const cwd = temporaryFolder(test);
      const args = ['build', '--tar', '-t', 'hello:latest', join(root, 'examples/hello')];
      const { stdout, stderr } = await mustRunBima(args, { cwd, node });
      assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
      assert.doesNotMatch(stderr, /warning/i);
      assert.deepEqual(readdirSync(cwd), ['hello_latest.oci.tar']);
      const inspected = await mustRunBima(['inspect', 'hello_latest.oci.tar'], { cwd, node });
      assert.match(inspected.stdout, /linux\/amd64/);
    });
  }

  it('prints the digest alone on standard output, and that of the layout', async (test) => {
    const context = sampleContext(test);
    const layout = join(context, '../layout');
    const { stdout } = await mustRunBima(['build', '-t', 'nubificus/image:tag', '-o', 'oci', '--dest', layout, context]);
    const [image] = verifyLayout(layout);
    assert.equal(stdout, `${image?.entry.digest}\n`);
    assert.deepEqual(image?.config.config.Labels, sampleLabels);
  });

  const skip = process.platform === 'win32' && 'needs a shell';
  it('streams an archive into a pipe, and fails when nobody reads it to its end', { skip }, (test) => {
    const context = sampleContext(test);
    // More than a pipe holds, and random enough to stay so.
    writeFileSync(join(context, 'redis.conf'), randomBytes(4 * 1024 * 1024));
    const archive = join(context, '../a.tar');
    const stream = (reader: string) =>
      spawnSync(
        'sh',
        ['-c', `{ "$0" "$1" build -t a:1 --tar --dest - "$2"; echo "code $?" >&2; } | ${reader}`, process.execPath, bundle, context],
        { encoding: 'utf8', cwd: join(context, '..'), env: { PATH: process.env.PATH } },
      );
    const whole = stream('cat > a.tar');
    assert.match(whole.stderr, /^sha256:[0-9a-f]{64}\ncode 0$/m);
    assert.match(execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }), /^manifest\.json$/m);
    const broken = stream('head -c 10');
    assert.match(broken.stderr, /can't write "-": its reader has gone/);
    assert.match(broken.stderr, /^code 1$/m);
  });

  it('prints JSON when asked to', async (test) => {
    const context = sampleContext(test);
    const layout = join(context, '../layout');
    const args = ['build', '--json', '-t', 'a/b', '-t', 'ghcr.io/c/d:1', '-o', 'oci', '--dest', layout, context];
    const result = JSON.parse((await mustRunBima(args)).stdout) as Record<string, unknown>;
    const [image] = verifyLayout(layout);
    assert.equal(result.digest, image?.entry.digest);
    assert.equal(result.config, image?.manifest.config.digest);
    assert.equal(result.platform, 'linux/amd64');
    assert.deepEqual(result.tags, ['docker.io/a/b:latest', 'ghcr.io/c/d:1']);
    assert.equal(result.layout, layout);
  });

  it('gives the same bytes in another folder, with other dates, modes, umask, time zone and language', (test) => {
    const contexts = [sampleContext(test), sampleContext(test)];
    for (const folder of contexts) {
      mkdirSync(join(folder, 'data'));
      for (const name of contexts.indexOf(folder) === 0 ? ['ä', 'b', 'Z'] : ['Z', 'b', 'ä']) {
        writeFileSync(join(folder, 'data', name), name);
      }
      writeFileSync(join(folder, 'Containerfile'), `${sampleContainerfile}COPY data/ /data/\n`);
    }
    const [first = '', second = ''] = contexts;
    utimesSync(join(second, 'redis.conf'), 1_000_000_000, 1_000_000_000);
    chmodSync(join(second, 'redis.conf'), 0o600);
    chmodSync(join(second, 'data'), 0o700);
    const archives = [];
    for (const [context, umask, env] of [
      [first, '022', { TZ: 'UTC' }],
      [second, '077', { TZ: 'Asia/Kolkata', LC_ALL: 'tr_TR.UTF-8' }],
    ] as const) {
      const archive = join(context, '../image.tar');
      execFileSync('sh', ['-c', `umask ${umask}; exec "$0" "$@"`, process.execPath, bundle, 'build', '--tar', '-t', 'a:1', '--dest', archive, context], {
        env: { ...process.env, ...env },
        stdio: 'pipe',
      });
      archives.push(readFileSync(archive));
    }
    assert.ok(archives[0]?.equals(archives[1] ?? Buffer.alloc(0)));
  });

  it('shows labels once where all places agree, also when annotations are in base64', async (test) => {
    const context = sampleContext(test);
    const inspect = async (name: string, ...more: string[]) => {
      const archive = join(context, '..', name);
      await mustRunBima(['build', '--tar', '-t', 'a:1', '--dest', archive, ...more, context]);
      return (await mustRunBima(['inspect', archive])).stdout;
    };
    const plain = await inspect('plain.tar');
    assert.match(plain, /^labels \(annotations, config labels, \/urunc.json\)$/m);
    const encoded = await inspect('encoded.tar', '--annotation-encoding', 'base64');
    assert.match(encoded, /^labels \(annotations \(in base64\), config labels, \/urunc.json\)$/m);
    assert.match(encoded, /^ {2}com.urunc.unikernel.hypervisor=hvt$/m);
    const more = await inspect('more.tar', '--annotation', 'extra=1');
    assert.match(more, /^annotations$[^]*^ {2}extra=1$[^]*^config labels$/m);
  });

  it('dates the image with SOURCE_DATE_EPOCH, and with 1970 otherwise', async (test) => {
    const context = sampleContext(test);
    const created = async (name: string, env: Record<string, string>) => {
      const layout = join(context, '..', name);
      await mustRunBima(['build', '-o', 'oci', '--dest', layout, context], { env });
      return verifyLayout(layout)[0]?.config.created;
    };
    assert.equal(await created('one', {}), '1970-01-01T00:00:00Z');
    assert.equal(await created('two', { SOURCE_DATE_EPOCH: '1700000000' }), '2023-11-14T22:13:20Z');
    const wrong = await runBima(['build', '-t', 'a', '--tar', context], { env: { SOURCE_DATE_EPOCH: 'now' } });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /SOURCE_DATE_EPOCH, got "now"/);
  });

  it('reports every problem of the Containerfile in one run, and writes nothing', async (test) => {
    const context = sampleContext(test);
    const lines = ['FROM scratch', 'RUN make', 'COPY missing /x', 'COPY ../outside /y', 'LABEL cmdline=b c=d'];
    writeFileSync(join(context, 'Containerfile'), lines.join('\n'));
    const cwd = temporaryFolder(test);
    const { code, stdout, stderr } = await runBima(['build', '-t', 'a', '--tar', context], { cwd });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    const file = join(context, 'Containerfile');
    for (const place of [':2:1: error:', ':3:6: error:', ':4:6: error:', ':5:']) assert.ok(stderr.includes(`${file}${place}`), place);
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('builds the stage that --target names', async (test) => {
    const context = sampleContext(test);
    const file = join(context, 'Containerfile');
    const text = readFileSync(file, 'utf8').replace('FROM scratch', 'FROM scratch AS sample');
    writeFileSync(file, `${text}FROM sample\nRUN make\n`);
    assert.equal((await runBima(['lint', context])).code, 1);
    assert.equal((await runBima(['lint', '--target', 'sample', context])).code, 0);
    const wrong = await runBima(['lint', '--target', 'smaple', context]);
    assert.match(wrong.stdout, /"smaple"[^]*Did you mean "sample"/);
  });

  it('names all missing labels in one error', async (test) => {
    const context = sampleContext(test);
    writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY test-redis.hvt /k\nLABEL com.urunc.unikernel.binary=/k\n');
    const { stderr, code } = await runBima(['lint', context]);
    assert.equal(code, 1);
    const { stdout } = await runBima(['lint', context]);
    for (const name of ['unikernelType', 'hypervisor', 'cmdline', 'version']) assert.match(stdout, new RegExp(name));
    assert.match(stderr, /^1 error, /m);
  });

  const usage: [name: string, args: string[], message: RegExp][] = [
    ['no context', ['build', '-t', 'a', '--tar'], /requires exactly 1 argument/],
    ['two contexts', ['build', '-t', 'a', '--tar', '.', '.'], /requires exactly 1 argument/],
    ['two outputs', ['build', '--tar', '-o', 'oci', '.'], /one output, got "oci" and "tar"/],
    ['an unknown output', ['build', '-o', 'iso', '.'], /ctr, tar, oci or registry, got "iso"/],
    ['an archive without a name', ['build', '--tar', '.'], /--tag or --dest/],
    ['containerd without a name', ['build', '.'], /--tag with the name of the image in containerd/],
    ['a layout without a place', ['build', '-o', 'oci', '-t', 'a', '.'], /--dest/],
    ['a bad label', ['build', '--tar', '-t', 'a', '--label', 'novalue', '.'], /KEY=VALUE/],
    ['an unknown command', ['push-it'], /expected a command/],
    ['an unknown compression', ['build', '--tar', '-t', 'a', '--compression', 'rar', '.'], /rar/],
  ];
  for (const [name, args, message] of usage) {
    it(`exits with 2 for ${name}`, async () => {
      const { code, stdout, stderr } = await runBima(args, { cwd: root });
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    });
  }

  it('refuses an upper-case name and shows the lower-case one', async () => {
    const { code, stderr } = await runBima(['build', '--tar', '-t', 'Owner/Name:V1', '.'], { cwd: root });
    assert.equal(code, 2);
    assert.match(stderr, /Write owner\/name:V1/);
  });

  for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
    it(`leaves nothing behind after ${signal}`, async (test) => {
      const context = sampleContext(test);
      // Enough random bytes that the second layer is still being written when the first one is announced.
      const noise = execFileSync('head', ['-c', '60000000', '/dev/urandom'], { maxBuffer: 1e8 });
      writeFileSync(join(context, 'noise'), noise);
      writeFileSync(join(context, 'Containerfile'), sampleContainerfile.replace('COPY redis', 'COPY noise /noise\nCOPY redis'));
      const cwd = temporaryFolder(test);
      const { code, stdout, stderr } = await runBima(['build', '-t', 'a', '--tar', context], {
        cwd,
        interrupt: { after: 'test-redis.hvt', signal },
      });
      assert.equal(code, status, stderr);
      assert.match(stderr, /interrupted/);
      assert.equal(stdout, '');
      assert.deepEqual(readdirSync(cwd), []);
    });
  }

  it('has done its work when a signal comes at the very end', async (test) => {
    const context = sampleContext(test);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const cwd = temporaryFolder(test);
      const { code, stdout, stderr } = await runBima(['build', '-t', 'a', '--tar', context], {
        cwd,
        interrupt: { after: 'wrote the archive', signal },
      });
      // Nobody can catch one that comes while Node is ending the process: then there is no code of ours.
      assert.ok(code === 0 || code === null, `${code}: ${stderr}`);
      assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
      assert.deepEqual(readdirSync(cwd), ['a_latest.oci.tar']);
    }
  });
});
