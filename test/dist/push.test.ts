// The bundle pushes to Debian's docker-registry, and reads from it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeAuthority, makeServerCertificate } from '../support/certificates.ts';
import { mustRunBima, runBima } from '../support/cli.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContext, sampleLabels } from '../support/sample.ts';
import { unlessInstalled } from '../support/tools.ts';

interface Skopeo {
  Digest: string;
  Labels: Record<string, string>;
}

function skopeo(reference: string, ...more: string[]): Skopeo {
  const args = ['inspect', '--tls-verify=false', ...more, `docker://${reference}`];
  return JSON.parse(execFileSync('skopeo', args, { encoding: 'utf8', stdio: 'pipe' })) as Skopeo;
}

const basic = { name: 'user', password: 'correct horse: battery' };

describe('bima build --push', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('pushes to every tag, and prints the digest that the registry serves', async (test) => {
    await using registry = await startDockerRegistry();
    const context = sampleContext(test);
    const tags = ['a/b:1', 'a/b:latest', 'c/d:2'].map((name) => `${registry.host}/${name}`);
    const cwd = temporaryFolder(test);
    const { stdout } = await mustRunBima(['build', '--push', ...tags.flatMap((tag) => ['-t', tag]), context], { cwd });
    for (const tag of tags) {
      const { Digest, Labels } = skopeo(tag);
      assert.equal(`${Digest}\n`, stdout);
      assert.deepEqual(Labels, sampleLabels);
    }
    const inspected = await mustRunBima(['inspect', '--json', tags[2] ?? '']);
    const [image] = JSON.parse(inspected.stdout) as { descriptor: { digest: string }; annotations: object; uruncJson: object }[];
    assert.equal(`${image?.descriptor.digest}\n`, stdout);
    assert.deepEqual(image?.annotations, sampleLabels);
    assert.deepEqual(image.uruncJson, sampleLabels);
  });

  it('sends nothing again when nothing changed', async (test) => {
    await using registry = await startDockerRegistry();
    const args = ['build', '-o', 'registry', '-t', `${registry.host}/a/b:1`, sampleContext(test)];
    const first = await mustRunBima(args);
    const second = await mustRunBima(args);
    assert.equal(second.stdout, first.stdout);
    assert.match(second.stderr, /nothing to push: the registry has this image/);
  });

  it('leaves no file of its own anywhere', async (test) => {
    await using registry = await startDockerRegistry();
    const cwd = temporaryFolder(test);
    const temporary = join(cwd, 'tmp');
    mkdirSync(temporary);
    const env = { TMPDIR: temporary, HOME: cwd };
    await mustRunBima(['build', '--push', '-t', `${registry.host}/a:1`, sampleContext(test)], { cwd, env });
    assert.equal(execFileSync('find', [cwd, '-mindepth', '1'], { encoding: 'utf8' }).trim(), temporary);
  });

  const wrong: [name: string, args: string[], message: RegExp][] = [
    ['no tag', ['--push'], /--tag with the reference to push to/],
    ['a destination', ['--push', '-t', 'localhost/a', '--dest', 'x'], /no --dest with a push/],
    ['a user name alone', ['--push', '-t', 'localhost/a', '-u', 'x'], /--username and --password-stdin together/],
    ['a user name for two registries', ['--push', '-t', 'a.example/a', '-t', 'b.example/a', '-u', 'x', '--password-stdin'], /one registry/],
    ['no number of blobs', ['--push', '-t', 'localhost/a', '--concurrency', '0'], /from 1 to 999/],
    ['no size of chunks', ['--push', '-t', 'localhost/a', '--chunk-size', 'big'], /such as 10m/],
  ];
  for (const [name, args, message] of wrong) {
    it(`exits with 2 for ${name}`, async (test) => {
      const { code, stderr } = await runBima(['build', ...args, sampleContext(test)]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }
});

describe('bima push', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  async function archive(context: string): Promise<{ path: string; digest: string }> {
    const path = join(context, '../image.tar');
    const { stdout } = await mustRunBima(['build', '--tar', '-t', 'a:1', '--dest', path, context]);
    return { path, digest: stdout.trim() };
  }

  it('pushes an archive with the user name and the password that it is given', async (test) => {
    await using registry = await startDockerRegistry({ basic });
    const { path, digest } = await archive(sampleContext(test));
    const reference = `${registry.host}/a/b:1`;
    const args = ['push', path, reference, '--username', basic.name, '--password-stdin', '--debug'];
    const { stdout, stderr } = await mustRunBima(args, { input: `${basic.password}\n` });
    assert.equal(stdout, `${digest}\n`);
    for (const secret of [basic.password, Buffer.from(`${basic.name}:${basic.password}`).toString('base64')]) {
      assert.ok(!stderr.includes(secret), 'a secret in the output');
    }
    assert.equal(skopeo(reference, '--creds', `${basic.name}:${basic.password}`).Digest, digest);
  });

  it('takes no password without end', async (test) => {
    const { path } = await archive(sampleContext(test));
    const args = ['push', path, 'localhost:1/a/b:1', '--username', 'x', '--password-stdin'];
    const { code, stderr } = await runBima(args, { input: 'a'.repeat(2 * 1024 * 1024) });
    assert.notEqual(code, 0);
    assert.match(stderr, /error: expected at most 1048576 bytes on standard input, got more/);
  });

  it('uses what docker login left', async (test) => {
    await using registry = await startDockerRegistry({ basic });
    const { path, digest } = await archive(sampleContext(test));
    const auth = Buffer.from(`${basic.name}:${basic.password}`).toString('base64');
    const config = temporaryFolder(test, { 'config.json': JSON.stringify({ auths: { [registry.host]: { auth } } }) });
    const { stdout } = await mustRunBima(['push', path, `${registry.host}/a/b:1`], { env: { DOCKER_CONFIG: config } });
    assert.equal(stdout, `${digest}\n`);
  });

  it('says what to do without credentials', async (test) => {
    await using registry = await startDockerRegistry({ basic });
    const { path } = await archive(sampleContext(test));
    const { code, stdout, stderr } = await runBima(['push', path, `${registry.host}/a/b:1`], { env: { HOME: '/nowhere' } });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /docker login/);
  });

  it('trusts a private authority that it is shown, and no other', async (test) => {
    const folder = temporaryFolder(test);
    const authority = makeAuthority(folder);
    await using registry = await startDockerRegistry({ tls: makeServerCertificate(folder, authority) });
    const { path, digest } = await archive(sampleContext(test));
    const reference = `${registry.host}/a/b:1`;
    const refused = await runBima(['push', path, reference]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /certificate/);
    assert.equal((await mustRunBima(['push', path, reference, '--ca-file', authority.certFile])).stdout, `${digest}\n`);
    assert.equal((await mustRunBima(['push', path, `${registry.host}/c:1`, '--insecure'])).stdout, `${digest}\n`);
  });

  it('asks which image of a layout is meant, and pushes that one', async (test) => {
    await using registry = await startDockerRegistry();
    const context = sampleContext(test);
    const layout = join(context, '../layout');
    const digests = [];
    for (const tag of ['a:1', 'a:2']) {
      writeFileSync(join(context, 'redis.conf'), tag);
      digests.push((await mustRunBima(['build', '-t', tag, '-o', 'oci', '--dest', layout, context])).stdout);
    }
    const reference = `${registry.host}/a:2`;
    const unsure = await runBima(['push', layout, reference]);
    assert.equal(unsure.code, 2);
    assert.match(unsure.stderr, /"docker.io\/library\/a:1", "docker.io\/library\/a:2"/);
    assert.equal((await mustRunBima(['push', layout, reference, '--image', '2'])).stdout, digests[1]);
    assert.equal((await mustRunBima(['push', layout, reference, '--image', 'docker.io/library/a:1'])).stdout, digests[0]);
  });

  it('prints JSON when asked to', async (test) => {
    await using registry = await startDockerRegistry();
    const { path, digest } = await archive(sampleContext(test));
    const { stdout } = await mustRunBima(['push', '--json', path, `${registry.host}/a:1`]);
    const result = JSON.parse(stdout) as { digest: string; tags: string[]; pushed: { blobs: { stored: string }[] }[] };
    assert.equal(result.digest, digest);
    assert.deepEqual(result.tags, [`${registry.host}/a:1`]);
    assert.deepEqual(result.pushed[0]?.blobs.map(({ stored }) => stored), ['pushed', 'pushed', 'pushed', 'pushed']);
  });

  it('exits with 130 when it is interrupted, and moves no tag', async (test) => {
    await using registry = await startDockerRegistry();
    const context = sampleContext(test);
    writeFileSync(join(context, 'noise'), execFileSync('head', ['-c', '80000000', '/dev/urandom'], { maxBuffer: 1e8 }));
    writeFileSync(join(context, 'Containerfile'), `COPY noise /noise\n${execFileSync('cat', [join(context, 'Containerfile')], { encoding: 'utf8' }).replace('FROM scratch', '')}`);
    const { path } = await archive(context);
    const { code, stdout, stderr } = await runBima(['push', path, `${registry.host}/a:1`], {
      interrupt: { after: 'Push to', signal: 'SIGINT' },
    });
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    assert.throws(() => skopeo(`${registry.host}/a:1`));
  });
});

describe('bima inspect', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('says that a reference is not there', async () => {
    await using registry = await startDockerRegistry();
    const { code, stderr } = await runBima(['inspect', `${registry.host}/no/such:1`]);
    assert.equal(code, 1);
    assert.match(stderr, /does not exist/);
  });

  it('takes a path with a mistake for what it is', async () => {
    for (const path of ['./nothing', '/nothing', 'image.tar', 'folder/']) {
      const { code, stderr } = await runBima(['inspect', path]);
      assert.equal(code, 1);
      assert.ok(stderr.includes(`"${path}" does not exist`));
    }
  });
});
