// The committed bundle of the action, started as a runner starts it, against Debian's docker-registry.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunAction, postBundle, runAction } from '../support/action.ts';
import type { ActionOptions, FinishedAction } from '../support/action.ts';
import { startContainerd } from '../support/containerd.ts';
import { readTag, startDockerRegistry } from '../support/docker-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createReleases } from '../support/github/releases.ts';
import { defaultToken, startGithub } from '../support/github/server.ts';
import { startResultsServer } from '../support/results-server.ts';
import { sampleContainerfile, sampleContext, sampleLabels } from '../support/sample.ts';
import { unlessInstalled, unlessMountingWith, unlessRootWith } from '../support/tools.ts';
import { assertWhole } from '../support/whole-layout.ts';
import { verifyLayout } from '../support/verify-layout.ts';

const root = resolve(import.meta.dirname, '../..');
/** skopeo unpacks an oci-archive with its owner, root, which other users may not do without a user namespace. */
const asRoot = { skip: unlessRootWith('skopeo') };
const basic = { name: 'user', password: 'correct horse: battery' };

function skopeo(...args: string[]): string {
  return execFileSync('skopeo', args, { encoding: 'utf8', stdio: 'pipe' });
}

/** The document behind a reference, as the registry serves it. */
function rawManifest(reference: string): { annotations?: Record<string, string>; manifests?: { platform: object }[] } {
  const text = skopeo('inspect', '--raw', '--tls-verify=false', `docker://${reference}`);
  return JSON.parse(text) as ReturnType<typeof rawManifest>;
}

/** A repository with one version, whose git tags can be read. */
async function withVersions(test: TestContext): Promise<{ token: string; env: Readonly<Record<string, string>> }> {
  const { routes } = createReleases('Nubificus/Redis-Unikernel', { tags: ['v1.2.3'] });
  const { environment } = await startGithub(test, { routes });
  return { token: defaultToken, env: environment };
}

/** What the runner would have obeyed, besides what the action itself means to say. */
function unexpectedCommands({ commands }: FinishedAction): string[] {
  const own = ['group', 'endgroup', 'add-mask', 'debug', 'error', 'warning'];
  return commands.map(({ name }) => name).filter((name) => !own.includes(name));
}

describe('a step that builds', () => {
  it('leaves a layout, and every output before a push', async (test) => {
    const context = sampleContext(test);
    const finished = await mustRunAction(test, { inputs: { context } });
    const { outputs, state, log } = finished;
    const [image] = verifyLayout(outputs.layout ?? '');
    assert.equal(outputs.digest, image?.entry.digest);
    assert.equal(outputs.imageid, image?.manifest.config.digest);
    assert.equal(outputs.image, 'ghcr.io/nubificus/redis-unikernel:main');
    assert.equal(outputs.tags, 'ghcr.io/nubificus/redis-unikernel:main');
    assert.equal(outputs.version, 'main');
    assert.equal(outputs.name, 'ghcr.io/nubificus/redis-unikernel');
    assert.equal(outputs.ref, `ghcr.io/nubificus/redis-unikernel@${outputs.digest ?? ''}`);
    assert.equal(outputs.pushed, 'false');
    assert.equal(outputs['registry-paths'], '[]');
    const metadata = JSON.parse(outputs.metadata ?? '') as Record<string, unknown>;
    assert.equal(metadata['containerimage.digest'], outputs.digest);
    assert.equal(metadata['containerimage.config.digest'], outputs.imageid);
    assert.deepEqual(metadata['bima.platforms'], ['linux/amd64']);
    assert.deepEqual(image?.config.config.Labels, sampleLabels);
    assert.match(log, /^bima \d+\.\d+\.\d+(?:-rc\.\d+)?\n::group::Build /);
    assert.deepEqual(unexpectedCommands(finished), []);
    assert.ok(outputs.layout?.startsWith(state.folder ?? 'no folder'));
  });

  it('sets no output that action.yml does not have', async (test) => {
    const inputs = { context: sampleContext(test), tar: 'image.tar', sbom: 'true', provenance: 'true' };
    const { outputs } = await mustRunAction(test, { inputs });
    const text = readFileSync(join(root, 'action.yml'), 'utf8');
    const section = text.slice(text.indexOf('\noutputs:\n'), text.indexOf('\nruns:\n'));
    const declared = [...section.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name]) => name);
    const others = [
      ...['artifact-id', 'artifact-url', 'artifact-digest', 'comment-url', 'release-asset-url'],
      ...['bundle-path', 'attestation-id', 'attestation-url'],
    ];
    assert.deepEqual(Object.keys(outputs).sort(), declared.filter((name) => !others.includes(name ?? '')).sort());
  });

  it('is cleaned up by the post step, which leaves all else', async (test) => {
    const { state, temporary } = await mustRunAction(test, { inputs: { context: sampleContext(test) } });
    writeFileSync(join(temporary, 'other'), '');
    assert.equal(readdirSync(temporary).length, 2);
    execFileSync(process.execPath, [postBundle], { env: { STATE_folder: state.folder } });
    assert.deepEqual(readdirSync(temporary), ['other']);
    execFileSync(process.execPath, [postBundle], { env: {} });
  });

  it('writes layout and archive where it is told', asRoot, async (test) => {
    const context = sampleContext(test);
    const { outputs, workspace } = await mustRunAction(test, {
      inputs: { context, 'oci-layout': 'out/layout', tar: 'out/image.tar', tags: 'a/b:1', compression: 'zstd' },
    });
    assert.equal(outputs.layout, join(workspace, 'out/layout'));
    assert.equal(outputs.tar, join(workspace, 'out/image.tar'));
    assert.deepEqual(readdirSync(join(workspace, 'out')).sort(), ['image.tar', 'layout']);
    const read = (path: string) => (JSON.parse(skopeo('inspect', path)) as { Digest: string }).Digest;
    assert.equal(read(`oci-archive:${outputs.tar}`), outputs.digest);
    assert.equal(read(`oci:${outputs.layout}:1`), outputs.digest);
  });

  it('adds the image to the summary, or nothing', async (test) => {
    const context = sampleContext(test);
    const { summary, outputs } = await mustRunAction(test, { inputs: { context } });
    assert.ok(summary.includes((outputs.digest ?? '').slice('sha256:'.length)));
    assert.match(summary, /` rumprun ` on ` hvt `/);
    assert.match(summary, /^- Not pushed: ` push is false `$/m);
    assert.ok(summary.includes(`- Layout: \` ${outputs.layout} \``));
    assert.equal((await mustRunAction(test, { inputs: { context, summary: 'false' } })).summary, '');
  });

  it('leaves the errors of a run that fails in the summary, unless that is turned off', async (test) => {
    const context = sampleContext(test);
    writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nRUN make\nCOPY missing /x\n');
    const { code, summary } = await runAction(test, { inputs: { context } });
    assert.equal(code, 1);
    assert.match(summary, /^\*\*No image\*\*: the step failed with \d+ errors\.$/m);
    assert.match(summary, /^- \*\*CONTAINERFILE_UNSUPPORTED\*\* at ` .*Containerfile:2:1 `: ` RUN is not supported/m);
    assert.match(summary, /^- \*\*CONTEXT_PATH\*\* at ` .*Containerfile:3:6 `/m);
    assert.equal((await runAction(test, { inputs: { context, summary: 'false' } })).summary, '');
  });

  it('checks alone with check: true, and pushes and writes nothing', async (test) => {
    const context = sampleContext(test);
    const inputs = { context, check: 'true', push: 'true', tar: 'image.tar', image: '127.0.0.1:9/a/b' };
    const { outputs, summary, workspace } = await mustRunAction(test, { inputs });
    assert.deepEqual(outputs, { pushed: 'false', 'registry-paths': '[]' });
    assert.match(summary, /a build would succeed\. Nothing was built\./);
    assert.deepEqual(readdirSync(workspace), []);
    writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nRUN make\n');
    const failed = await runAction(test, { inputs });
    assert.equal(failed.code, 1);
    assert.ok(failed.annotations.some(({ message }) => message.startsWith('CONTAINERFILE_UNSUPPORTED')));
  });

  it('asks whether actions/checkout is missing in an empty workspace', async (test) => {
    for (const context of ['.', 'app']) {
      const { code, annotations } = await runAction(test, { inputs: { context } });
      assert.equal(code, 1);
      assert.match(annotations[0]?.message ?? '', /: the workspace is empty.*\nIs the step "- uses: actions\/checkout@v7" missing/);
    }
  });

  it('says what an input that it does not have was meant to be', async (test) => {
    const inputs = { context: sampleContext(test), 'build-arg': 'A=1', 'no-cache': 'true' };
    const { annotations } = await mustRunAction(test, { inputs });
    assert.deepEqual(annotations.map(({ severity, message }) => `${severity}: ${message}`).sort(), [
      'warning: INPUT_INVALID: the action has no input "build-arg": it had no effect\nDid you mean "build-args"?',
      'warning: INPUT_INVALID: the action has no input "no-cache": it had no effect\nSet reuse: false.',
    ]);
  });

  it('finds the Containerfile from the workspace, and then from the context', async (test) => {
    const context = sampleContext(test);
    copyFileSync(join(context, 'Containerfile'), join(context, 'Other'));
    await mustRunAction(test, { inputs: { context, file: 'Other' } });
    const missing = await runAction(test, { inputs: { context, file: 'Nowhere' } });
    assert.equal(missing.code, 1);
    assert.match(missing.annotations[0]?.message ?? '', /^CONTAINERFILE_MISSING: .*"Nowhere"/);
  });

  it('goes on with a warning where there are no artifacts', async (test) => {
    const { annotations, outputs } = await mustRunAction(test, {
      inputs: { context: sampleContext(test), 'upload-artifact': 'true' },
      env: { GITHUB_SERVER_URL: 'https://git.example' },
    });
    assert.deepEqual(annotations.map(({ severity }) => severity), ['warning']);
    assert.equal(outputs['artifact-id'], undefined);
    assert.ok(existsSync(outputs.layout ?? ''));
  });
});

describe('a step that uploads an artifact', { skip: unlessInstalled('unzip') }, () => {
  const forms: [form: string, names: RegExp][] = [
    ['layout', /oci-layout\nindex\.json|index\.json\noci-layout/],
    ['tar', /^app-main\.tar$/],
  ];
  for (const [form, names] of forms) {
    it(`uploads a ${form} that from-layout takes`, async (test) => {
      await using results = await startResultsServer();
      const inputs = { context: sampleContext(test), image: 'ghcr.io/own/app', 'upload-artifact': form };
      const { outputs, summary, annotations, temporary } = await mustRunAction(test, { inputs, env: results.environment });
      assert.deepEqual(annotations, []);
      assert.deepEqual(results.violations, []);
      const [artifact] = results.artifacts.values();
      assert.equal(outputs['artifact-id'], String(artifact?.id));
      assert.match(outputs['artifact-url'] ?? '', /^https:\/\/github\.com\/.*\/actions\/runs\/42\/artifacts\//);
      assert.match(outputs['artifact-digest'] ?? '', /^sha256:[0-9a-f]{64}$/);
      assert.match(summary, /\[` app-main/);
      const downloads = join(temporaryFolder(test), 'downloads');
      mkdirSync(downloads);
      writeFileSync(join(temporary, 'artifact'), artifact?.content ?? '');
      const isZip = artifact?.content.subarray(0, 2).toString() === 'PK';
      if (isZip) execFileSync('unzip', ['-q', join(temporary, 'artifact'), '-d', downloads]);
      else copyFileSync(join(temporary, 'artifact'), join(downloads, artifact?.name ?? ''));
      assert.match(readdirSync(downloads).sort().join('\n'), names);
      const later = await mustRunAction(test, { inputs: { 'from-layout': downloads } });
      assert.equal(later.outputs.digest, outputs.digest);
    });
  }
});

describe('a step that uploads its image from a layout of several', { skip: unlessInstalled('unzip') }, () => {
  it('uploads that image alone', async (test) => {
    await using results = await startResultsServer();
    const layout = join(temporaryFolder(test), 'layout');
    const shared = { context: sampleContext(test), image: 'ghcr.io/own/app', 'oci-layout': layout };
    await mustRunAction(test, { inputs: { ...shared, tags: '1', labels: 'a=1' } });
    const { outputs, temporary } = await mustRunAction(test, {
      inputs: { ...shared, tags: '2', labels: 'a=2', 'upload-artifact': 'layout' },
      env: results.environment,
    });
    assert.deepEqual(assertWhole(layout), ['ghcr.io/own/app:1', 'ghcr.io/own/app:2']);
    const [artifact] = results.artifacts.values();
    const downloads = join(temporaryFolder(test), 'downloads');
    mkdirSync(downloads);
    writeFileSync(join(temporary, 'artifact'), artifact?.content ?? '');
    execFileSync('unzip', ['-q', join(temporary, 'artifact'), '-d', downloads]);
    assert.deepEqual(assertWhole(downloads), ['ghcr.io/own/app:2']);
    const later = await mustRunAction(test, { inputs: { 'from-layout': downloads } });
    assert.equal(later.outputs.digest, outputs.digest);
  });
});

describe('a step that uploads a layout and keeps an archive', { skip: unlessInstalled('unzip') }, () => {
  it('uploads the layout', async (test) => {
    await using results = await startResultsServer();
    const inputs = { context: sampleContext(test), tar: 'image.tar', 'upload-artifact': 'layout' };
    const { outputs } = await mustRunAction(test, { inputs, env: results.environment });
    const [artifact] = results.artifacts.values();
    assert.equal(artifact?.content.subarray(0, 2).toString(), 'PK');
    assert.ok(existsSync(outputs.tar ?? ''));
  });
});

describe('a step that loads', { skip: unlessMountingWith('ctr') }, () => {
  it('imports the image under all of its names, and unpacks it', async (test) => {
    const { address, ctr } = await startContainerd(test);
    const { outputs, log } = await mustRunAction(test, {
      inputs: {
        context: sampleContext(test),
        tags: 'example.com/app:1, example.com/app:2',
        load: 'true',
        'containerd-address': address,
        'containerd-namespace': 'unikernels',
        'containerd-snapshotter': 'native',
      },
    });
    const list = await ctr('--namespace', 'unikernels', 'images', 'check', '--snapshotter', 'native');
    const rows = list.trim().split('\n').slice(1);
    assert.deepEqual(
      rows.map((row) => row.split(/\s+/)[0]),
      ['example.com/app:1', 'example.com/app:2'],
    );
    for (const row of rows) {
      assert.ok(row.includes(outputs.digest ?? 'no digest'));
      assert.match(row, /complete \(4\/4\).*true/);
    }
    assert.match(log, /::group::Load into containerd/);
  });

  it('fails before it builds anything when there is no containerd', async (test) => {
    const inputs = { context: sampleContext(test), load: 'true', 'containerd-address': '/nowhere/containerd.sock' };
    const { code, outputs, annotations } = await runAction(test, { inputs });
    assert.equal(code, 1);
    assert.equal(outputs.digest, undefined);
    assert.match(annotations.map(({ message }) => message).join('\n'), /\/nowhere\/containerd.sock/);
  });
});

describe('a step that is interrupted while it uploads', () => {
  it('exits with 130, and leaves nothing', async (test) => {
    // It refuses every block, and the library tries again for longer than the test waits.
    await using results = await startResultsServer({
      fault: ({ call }) => (call === 'block' ? { status: 503, message: 'later' } : undefined),
    });
    const { code, temporary } = await runAction(test, {
      inputs: { context: sampleContext(test), 'upload-artifact': 'layout' },
      env: results.environment,
      interrupt: { after: '::group::Upload the artifact', signal: 'SIGINT' },
    });
    assert.equal(code, 130);
    assert.deepEqual(readdirSync(temporary), []);
  });
});

describe('a step that fails', () => {
  it('annotates every problem at its line, and has no digest', async (test) => {
    const workspace = join(sampleContext(test), '..');
    const broken = sampleContainerfile.replace('redis.conf /conf', 'no-such.conf /conf').replace('"rumprun"', '"');
    writeFileSync(join(workspace, 'context/Containerfile'), `${broken}RUN make\n`);
    const { code, annotations, outputs } = await runAction(test, { workspace, inputs: { context: 'context' } });
    assert.equal(code, 1);
    assert.equal(outputs.digest, undefined);
    const places = annotations.map(({ properties }) => `${properties.file ?? ''}:${properties.line ?? ''}`);
    assert.deepEqual(places, ['context/Containerfile:5', 'context/Containerfile:9', 'context/Containerfile:12', ':']);
    assert.ok(annotations.every(({ severity }) => severity === 'error'));
    assert.match(annotations.at(-1)?.message ?? '', /^3 problems/);
  });

  it('says everything that is wrong with the inputs at once', async (test) => {
    const { code, annotations } = await runAction(test, { inputs: { strict: 'maybe', push: 'perhaps', labels: 'x' } });
    assert.equal(code, 1);
    const all = annotations.map(({ message }) => message).join('\n');
    for (const name of ['strict', 'push', 'labels']) assert.match(all, new RegExp(`input "${name}"`));
  });

  it('lets no Containerfile speak to the runner', async (test) => {
    const context = sampleContext(test);
    const commands = ['::add-mask::main', '##[add-mask]main', '::stop-commands::x', '::set-output name=digest::x'];
    const lines = commands.flatMap((text) => [`LABEL "${text}"="${text}"`, text, `COPY ${text} /x`, `LABEL x='a\\`, `${text}'`]);
    writeFileSync(join(context, 'Containerfile'), `${sampleContainerfile}${lines.join('\n')}\n`);
    const finished = await runAction(test, { inputs: { context } });
    assert.equal(finished.code, 1);
    const masks = finished.commands.filter(({ name }) => name === 'add-mask');
    assert.deepEqual(masks, []);
    assert.deepEqual(unexpectedCommands(finished), []);

    const accepted = commands.map((text) => `LABEL "${text}"="\u2028${text}"`).join('\n');
    const names = commands.map((text) => `COPY redis.conf "/${text}"`).join('\n');
    writeFileSync(join(context, 'Containerfile'), `${sampleContainerfile}${accepted}\n${names}\n`);
    const built = await runAction(test, { inputs: { context } });
    assert.deepEqual(unexpectedCommands(built), []);
    assert.equal(built.commands.filter(({ name }) => name === 'add-mask').length, 0);
  });
});

const registryTools = unlessInstalled('docker-registry', 'skopeo', 'htpasswd');

describe('a step that pushes', { skip: registryTools }, () => {
  const events: [event: string, tags: string[]][] = [
    ['push', ['main']],
    ['tag', ['v1.2.3', 'latest']],
    ['pull-request', ['pr-15']],
    ['workflow-run', ['release-1.x']],
    ['workflow-run-pull-request', ['pr-15']],
    ['release', ['v1.2.3', 'latest']],
    ['workflow-dispatch', ['main']],
    ['schedule', ['main']],
  ];
  it('moves the tags of its event', async (test) => {
    await using registry = await startDockerRegistry();
    const { token, env } = await withVersions(test);
    const context = sampleContext(test);
    for (const [event, tags] of events) {
      const image = `${registry.host}/Own/${event}`;
      const inputs = { context, image, push: 'true', 'github-token': token };
      const { outputs } = await mustRunAction(test, { event, inputs, env });
      const references = tags.map((tag) => `${registry.host}/own/${event}:${tag}`);
      assert.deepEqual(JSON.parse(outputs['registry-paths'] ?? ''), references, event);
      assert.equal(outputs.pushed, 'true');
      assert.equal(outputs.tags, references.join('\n'));
      for (const tag of tags) assert.equal(readTag(registry, `own/${event}`, tag), outputs.digest, event);
    }
  });

  for (const event of ['pull-request-fork', 'pull-request-deleted-fork', 'pull-request-dependabot']) {
    it(`does not push for ${event} with push: auto, and says so`, async (test) => {
      const inputs = { context: sampleContext(test), image: '127.0.0.1:1/a/b', push: 'auto' };
      const { outputs, log, summary } = await mustRunAction(test, { event, inputs });
      assert.equal(outputs.pushed, 'false');
      assert.match(outputs.digest ?? '', /^sha256:/);
      assert.match(log, /^not pushing: /m);
      assert.match(summary, /Not pushed/);
    });
  }

  it('explains a refusal to a fork', async (test) => {
    await using registry = await startDockerRegistry({ basic });
    const inputs = { context: sampleContext(test), image: `${registry.host}/a/b`, push: 'true' };
    const { code, annotations, outputs } = await runAction(test, { event: 'pull-request-fork', inputs });
    assert.equal(code, 1);
    assert.equal(annotations.length, 1);
    assert.match(annotations[0]?.message ?? '', /^REGISTRY_UNAUTHORIZED: [^]*fork's pull request[^]*push: auto/);
    assert.match(outputs.digest ?? '', /^sha256:/);
    assert.equal(outputs.pushed, 'false');
  });

  it('fails for a workflow_run of a fork without tags: its branch may have any name', async (test) => {
    const { code, annotations } = await runAction(test, { event: 'workflow-run-fork', inputs: { context: sampleContext(test) } });
    assert.equal(code, 1);
    assert.match(annotations[0]?.message ?? '', /^INPUT_INVALID: expected the input "tags"/);
  });

  const encoded = Buffer.from(`${basic.name}:${basic.password}`).toString('base64');
  const logins: [name: string, options: (host: string, folder: string) => ActionOptions][] = [
    ['its inputs', () => ({ inputs: { username: basic.name, password: basic.password } })],
    [
      'what docker/login-action left',
      (host, folder) => {
        writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [host]: { auth: encoded } } }));
        return { env: { DOCKER_CONFIG: folder } };
      },
    ],
    ['DOCKER_AUTH_CONFIG', (host) => ({ env: { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { auth: encoded } } }) } })],
  ];
  for (const [name, make] of logins) {
    it(`logs in with ${name}, and prints no secret`, async (test) => {
      await using registry = await startDockerRegistry({ basic });
      const options = make(registry.host, temporaryFolder(test));
      const inputs = { context: sampleContext(test), image: `${registry.host}/a/b`, push: 'true', ...options.inputs };
      const { log, outputs } = await mustRunAction(test, { ...options, inputs });
      assert.equal(readTag(registry, 'a/b', 'main'), outputs.digest);
      const lines = log.split('\n');
      for (const secret of [basic.password, encoded]) {
        const bare = lines.findIndex((line) => line.includes(secret) && !line.startsWith('::add-mask::'));
        assert.equal(bare, -1, 'a secret in the log');
      }
      if (options.inputs !== undefined) assert.equal(lines[0], `::add-mask::${basic.password}`);
    });
  }

  it('takes the outputs of docker/metadata-action as they are', async (test) => {
    await using registry = await startDockerRegistry();
    const fixtures = JSON.parse(readFileSync(join(root, 'test/fixtures/metadata-action.json'), 'utf8')) as Record<
      string,
      { outputs: { tags: string; labels: string; annotations: string } }
    >;
    const metadata = fixtures.semver?.outputs;
    assert.ok(metadata);
    const tags = metadata.tags.replaceAll('ghcr.io', registry.host);
    const inputs = { context: sampleContext(test), ...metadata, tags, push: 'true' };
    const { outputs, log } = await mustRunAction(test, { event: 'tag', inputs });
    assert.equal(outputs.tags, tags);
    for (const tag of ['1.2.3', '1.2', '1', 'latest'])
      assert.equal(readTag(registry, 'nubificus/redis-unikernel', tag), outputs.digest);
    const { annotations } = rawManifest(outputs.image ?? '');
    assert.equal(annotations?.['org.opencontainers.image.title'], 'Redis-Unikernel');
    assert.equal(annotations['com.urunc.unikernel.cmdline'], 'redis-server /data/conf/redis.conf --port=6379');
    assert.match(log, /annotations of an index are left out/);
  });

  it('shares an image between jobs: built once, pushed later as it is', async (test) => {
    await using registry = await startDockerRegistry();
    const build = await mustRunAction(test, { inputs: { context: sampleContext(test), 'oci-layout': 'layout', tar: 'image.tar' } });
    for (const name of ['layout', 'image.tar']) {
      const inputs = { 'from-layout': join(build.workspace, name), image: `${registry.host}/a/b`, tags: 'v1', push: 'true' };
      const { outputs } = await mustRunAction(test, { event: 'workflow-run-fork', inputs });
      assert.equal(outputs.digest, build.outputs.digest);
      assert.equal(readTag(registry, 'a/b', 'v1'), build.outputs.digest);
    }
  });

  it('builds for several platforms in one step', asRoot, async (test) => {
    await using registry = await startDockerRegistry();
    const inputs = {
      context: join(root, 'examples/hello'),
      platforms: 'linux/arm64\nlinux/amd64',
      image: `${registry.host}/a/hello`,
      annotations: 'index:org.example.a=b\nmanifest-descriptor[linux/arm64]:org.example.c=d',
      push: 'true',
    };
    const { outputs, summary } = await mustRunAction(test, { event: 'tag', inputs });
    const metadata = JSON.parse(outputs.metadata ?? '') as Record<string, unknown>;
    assert.deepEqual(metadata['bima.platforms'], ['linux/arm64', 'linux/amd64']);
    assert.equal(metadata['containerimage.config.digest'], undefined);
    assert.equal(outputs.imageid, outputs.digest);
    assert.equal(readTag(registry, 'a/hello', 'v1.2.3'), outputs.digest);
    const index = rawManifest(`${registry.host}/a/hello:v1.2.3`);
    assert.deepEqual(index.annotations, { 'org.example.a': 'b' });
    assert.deepEqual(index.manifests?.map(({ platform }) => platform), [
      { os: 'linux', architecture: 'arm64' },
      { os: 'linux', architecture: 'amd64' },
    ]);
    assert.match(summary, /` linux\/arm64 `.*\n- ` linux\/amd64 `/);
  });

  it('merges what a matrix has built', asRoot, async (test) => {
    await using registry = await startDockerRegistry();
    const { token, env } = await withVersions(test);
    const downloads = join(temporaryFolder(test), 'downloads');
    const digests = [];
    for (const architecture of ['amd64', 'arm64']) {
      const inputs = { context: join(root, 'examples/hello'), platforms: `linux/${architecture}` };
      const { outputs } = await mustRunAction(test, { inputs });
      mkdirSync(downloads, { recursive: true });
      cpSync(outputs.layout ?? '', join(downloads, `hello-${architecture}`), { recursive: true });
      digests.push(outputs.digest);
    }
    const inputs = {
      'from-layout': downloads,
      image: `${registry.host}/a/hello`,
      annotations: 'index:org.example.a=b',
      tar: 'all.tar',
      push: 'true',
      'github-token': token,
    };
    const { outputs } = await mustRunAction(test, { event: 'tag', inputs, env });
    const index = rawManifest(`${registry.host}/a/hello:v1.2.3`);
    assert.deepEqual(index.annotations, { 'org.example.a': 'b' });
    assert.deepEqual(index.manifests?.map(({ platform }) => platform), [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ]);
    assert.equal(readTag(registry, 'a/hello', 'latest'), outputs.digest);
    assert.equal(outputs.imageid, outputs.digest);
    const copied = join(temporaryFolder(test), 'copy');
    skopeo('copy', '--all', `oci-archive:${outputs.tar ?? ''}:v1.2.3`, `oci:${copied}:all`);
    const inner = readdirSync(join(copied, 'blobs/sha256')).map((name) => `sha256:${name}`);
    for (const digest of digests) assert.ok(inner.includes(digest ?? ''));
  });

  it('exits with 130 when it is interrupted: no tag moved, nothing left', async (test) => {
    await using registry = await startDockerRegistry();
    const context = sampleContext(test);
    writeFileSync(join(context, 'noise'), execFileSync('head', ['-c', '80000000', '/dev/urandom'], { maxBuffer: 1e8 }));
    writeFileSync(join(context, 'Containerfile'), `${sampleContainerfile}COPY noise /noise\n`);
    const inputs = { context, image: `${registry.host}/a/b`, push: 'true' };
    for (const [after, signal] of [['::group::Push', 'SIGINT'], ['::group::Build', 'SIGTERM']] as const) {
      const { code, temporary, log, annotations } = await runAction(test, { inputs, interrupt: { after, signal } });
      assert.equal(code, 130, log);
      assert.deepEqual(readdirSync(temporary), []);
      assert.equal(readTag(registry, 'a/b', 'main'), undefined);
      assert.deepEqual(annotations, []);
    }
  });
});

/** Secrets of signing, which each step hides if they are there. */
const signingSecrets = ['attest-key', 'attest-key-password'];
const actionFiles = [
  {
    file: 'action.yml',
    readers: ['inputs.ts', 'boot-inputs.ts', 'signing-inputs.ts'],
    more: ['attest-trust-config', ...['namespace', 'address', 'snapshotter'].map((name) => `containerd-${name}`)],
    less: [],
  },
  { file: 'cleanup/action.yml', readers: ['cleanup-inputs.ts'], more: [], less: signingSecrets },
] as const;

for (const { file, readers, more, less } of actionFiles) {
  describe(file, () => {
    const text = readFileSync(join(root, file), 'utf8');

    it('declares every input that the sources read, and no other', () => {
      const section = text.slice(text.indexOf('\ninputs:\n'), text.indexOf('\noutputs:\n'));
      const declared = [...section.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name = '']) => name);
      const source = [...readers, 'input-values.ts', 'login.ts']
        .map((name) => readFileSync(join(root, 'src/action', name), 'utf8'))
        .join('\n');
      const names = [
        ...source.matchAll(/(?:read[A-Za-z]*\(read, |text\(|boolean\(|read\()'([a-z-]+)'/g),
      ].map(([, name = '']) => name);
      const read = new Set([...names, ...more]);
      for (const name of less) read.delete(name);
      assert.deepEqual([...read].sort(), declared.sort());
    });

    it('runs the bundles that are there', () => {
      for (const [, path = ''] of text.matchAll(/(?:main|post): (\S+)/g)) {
        assert.ok(existsSync(join(root, dirname(file), path)), path);
      }
    });
  });
}
