// Habits on the committed bundle: the files and the words that they give.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mustRunBima, runBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import { sampleContext } from '../support/sample.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const hello = join(import.meta.dirname, '../../examples/hello');

describe('what hands type out of habit', () => {
  it('writes the files of docker and podman, whole and with what is true of the image', async (test) => {
    const cwd = temporaryFolder(test);
    const files = ['--iidfile', 'iid', '--digestfile', 'digest', '--metadata-file', 'metadata.json'];
    const output = ['-o', 'type=oci,tar=false,dest=layout'];
    const { stdout } = await mustRunBima(['build', '-t', 'a:1', ...files, ...output, hello], { cwd });
    const [image] = verifyLayout(join(cwd, 'layout'));
    const read = (name: string) => readFileSync(join(cwd, name), 'utf8');
    assert.equal(read('digest'), image?.entry.digest);
    assert.equal(`${read('digest')}\n`, stdout);
    assert.equal(read('iid'), image?.manifest.config.digest);
    const metadata = JSON.parse(read('metadata.json')) as Record<string, unknown>;
    assert.equal(metadata['containerimage.digest'], image?.entry.digest);
    assert.equal(metadata['containerimage.config.digest'], image?.manifest.config.digest);
    assert.equal(metadata['image.name'], 'docker.io/library/a:1');
    assert.deepEqual(metadata['bima.platforms'], ['linux/amd64']);
  });

  it('leaves no old result behind when a build fails', async (test) => {
    const cwd = sampleContext(test);
    writeFileSync(join(cwd, 'iid'), 'old');
    writeFileSync(join(cwd, 'Containerfile'), 'FROM scratch\nRUN make\n');
    const { code } = await runBima(['build', '--tar', '-t', 'a:1', '--iidfile', 'iid', '.'], { cwd });
    assert.equal(code, 1);
    assert.equal(existsSync(join(cwd, 'iid')), false);
  });

  it('writes the digest of a push', async (test) => {
    const cwd = temporaryFolder(test);
    const registry = await startRegistry();
    test.after(() => registry.close());
    await mustRunBima(['build', '--tar=a.tar', '-t', 'a:1', hello], { cwd });
    const name = `${registry.host}/a/b:1`;
    const { stdout } = await mustRunBima(['push', '--digestfile', 'digest', 'a.tar', name], { cwd });
    assert.equal(`${readFileSync(join(cwd, 'digest'), 'utf8')}\n`, stdout);
  });

  it('checks alone with --check, and writes nothing', async (test) => {
    const cwd = temporaryFolder(test);
    const { stderr } = await mustRunBima(['build', '--check', '--push', '-t', 'a:1', hello], { cwd });
    assert.match(stderr, /^0 errors, 0 warnings$/m);
    const context = sampleContext(test);
    writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nRUN make\n');
    const failed = await runBima(['build', '--check', context], { cwd });
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /RUN is not supported/);
  });

  it('says that there is no such file before it asks a registry', async (test) => {
    const cwd = temporaryFolder(test);
    const env = { https_proxy: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' };
    writeFileSync(join(cwd, 'app_1.oci.tar'), '');
    for (const command of ['inspect', 'lint']) {
      const { code, stderr } = await runBima([command, 'app:1'], { cwd, env });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^there is no file "app:1" \("app_1\.oci\.tar" is one, .*\): looking for library\/app in the registry docker\.io\n/,
      );
    }
  });

  it('names the outputs that need no containerd where there is none', async (test) => {
    const cwd = temporaryFolder(test);
    const args = ['build', '-t', 'a:1', '--address', join(cwd, 'none.sock'), '--ctr', '/bin/true', hello];
    const { code, stderr } = await runBima(args, { cwd });
    assert.equal(code, 1);
    for (const word of ['--tar', '--push', '--output oci --dest DIR']) assert.ok(stderr.includes(word), word);
    const asked = await runBima(['build', '--load', ...args.slice(1)], { cwd });
    assert.doesNotMatch(asked.stderr, /--tar/);
    const nameless = await runBima(['build', hello], { cwd });
    for (const word of ['--tar', '--push', '--output oci --dest DIR']) assert.ok(nameless.stderr.includes(word));
  });

  it('prints lines with --progress plain, and nothing with --progress quiet', async (test) => {
    const cwd = temporaryFolder(test);
    const run = (kind: string) => runBima(['build', '--tar', '-t', 'a:1', '--progress', kind, hello], { cwd });
    assert.match((await run('plain')).stderr, /wrote the archive/);
    assert.equal((await run('quiet')).stderr, '');
    const wrong = await run('loud');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /expected --progress auto, plain or quiet, got "loud"/);
  });
});
