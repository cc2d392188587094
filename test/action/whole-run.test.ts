// Whole runs of the action in this process: what is refused before anything is made, and what is told in the end.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { runAction } from '../../src/action/action-run.ts';
import { pullRequestOnce } from '../../src/action/find-pull-request.ts';
import { readInputs } from '../../src/action/inputs.ts';
import type { World } from '../../src/action/world.ts';
import { BimaError } from '../../src/core/errors.ts';
import type { Problem } from '../../src/core/errors.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { eventFixture } from '../support/events.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createIssues } from '../support/github/issues.ts';
import { createReleases } from '../support/github/releases.ts';
import { defaultToken, startGithub } from '../support/github/server.ts';
import { recorded } from '../support/recorded.ts';
import type { Recorded } from '../support/recorded.ts';
import { startRegistry } from '../support/registry.ts';
import { startResultsServer } from '../support/results-server.ts';
import { scriptContainerd } from '../support/scripted-containerd.ts';
import { sampleContainerfile, sampleContext } from '../support/sample.ts';
import { sampleImage, storeImage } from '../support/sample-image.ts';
import { verifyLayout } from '../support/verify-layout.ts';

type Given = Readonly<Record<string, string>>;

interface Outcome extends Omit<Recorded, 'runner' | 'reporter'> {
  /** What the run failed with; empty when it didn't. */
  readonly problems: readonly Problem[];
  readonly folder: string;
}

interface More extends Partial<World> {
  readonly eventName?: string;
}

async function run(
  test: TestContext,
  given: Given,
  { eventName = 'push', ...more }: More = {},
): Promise<Outcome> {
  const { runner, reporter, ...told } = recorded();
  const folder = temporaryFolder(test);
  const access = {
    environment: { GITHUB_SERVER_URL: 'https://github.com', HOME: '/nowhere' },
    event: await eventFixture(eventName),
    token: undefined,
    signal: test.signal,
    clock: createFastClock(),
    ...{ runner, reporter, folder },
    ...more,
  };
  const problems = await runAction(
    readInputs((input) => given[input] ?? '', {}),
    { pullRequest: pullRequestOnce(access.event, access), ...access },
  ).then(
    () => [],
    (error: unknown) => {
      if (!(error instanceof BimaError)) throw error;
      return error.problems;
    },
  );
  // The sample has another program in its unikernel's place.
  const warnings = told.warnings.filter(({ message }) => !message.startsWith('will not boot'));
  return { ...told, warnings, problems, folder };
}

const image = 'registry.example/own/app';
const code = 'INPUT_INVALID';

describe('a run that is refused', () => {
  it('makes nothing: an archive that is a stream', async (test) => {
    for (const tar of ['-', '/dev/stdout']) {
      const { problems, folder, outputs } = await run(test, { context: sampleContext(test), image, tar });
      assert.deepEqual(problems, [
        {
          code,
          message: `expected a file for the input "tar", got "${tar}"`,
          hint: 'Name a file in the workspace.',
        },
      ]);
      assert.deepEqual([outputs, readdirSync(folder)], [{}, []]);
    }
  });

  it('makes nothing: a FIFO that would be uploaded', { skip: process.platform !== 'linux' }, async (test) => {
    const context = sampleContext(test);
    const tar = join(temporaryFolder(test), 'pipe');
    execFileSync('mkfifo', [tar]);
    const given = { context, image, tar, 'upload-artifact': 'tar' };
    const { problems, folder } = await run(test, given);
    assert.deepEqual(problems, [
      {
        code,
        message: `expected a file for the input "tar", got the FIFO "${tar}", which can't be uploaded`,
        hint: 'Name a file in the workspace.',
      },
    ]);
    assert.deepEqual(readdirSync(folder), []);
    const reader = openSync(tar, constants.O_RDWR | constants.O_NONBLOCK);
    test.after(() => {
      closeSync(reader);
    });
  });

  for (const [input, name] of [
    ['oci-layout', 'out/nul'],
    ['tar', 'out/con.tar'],
  ] as const) {
    it(
      `makes nothing: a name of a device for ${input}`,
      { skip: process.platform !== 'win32' },
      async (test) => {
        const { problems } = await run(test, { context: sampleContext(test), image, [input]: name });
        assert.equal(problems[0]?.hint, `Name another path with the input "${input}".`);
      },
    );
  }

  it('makes nothing: a layout in the place of something else', async (test) => {
    const folder = temporaryFolder(test, { 'layout/file': 'x' });
    const layout = join(folder, 'layout');
    const outcome = await run(test, { context: sampleContext(test), image, 'oci-layout': layout });
    assert.equal(outcome.problems.length, 1);
    assert.deepEqual(readdirSync(layout), ['file']);
    assert.deepEqual(readdirSync(outcome.folder), []);
  });

  it('asks nobody: credentials for one of two registries', async (test) => {
    const given = { tags: 'a.example/b:1 c.example/d:1', username: 'u', password: 'p', push: 'auto' };
    const { problems, folder } = await run(test, { context: sampleContext(test), ...given });
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.message ?? '', /^expected the input "registry" beside "username"/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('looks for containerd before it builds', { skip: process.platform === 'win32' }, async (test) => {
    const { program, address, environment } = await scriptContainerd(test);
    const given = { context: sampleContext(test), image, load: 'true' };
    const away = { ...given, 'containerd-address': `${address}.away` };
    const { problems, titles, folder } = await run(test, away, {
      environment: { ...environment, BIMA_CTR: program },
    });
    assert.match(problems[0]?.message ?? '', /\.away/);
    assert.deepEqual([titles, readdirSync(folder)], [[], []]);
  });

  it('looks for a release before it builds', async (test) => {
    const given = { context: sampleContext(test), image, 'release-asset': 'true' };
    const { problems, titles } = await run(test, given);
    assert.match(problems[0]?.message ?? '', /^expected the input "release-tag"/);
    assert.deepEqual(titles, []);
  });

  it('asks about the checkout where there is nothing at all', async (test) => {
    const workspace = temporaryFolder(test);
    const environment = { GITHUB_WORKSPACE: workspace };
    const { problems } = await run(test, { context: workspace, image }, { environment });
    assert.match(problems[0]?.message ?? '', /: the workspace is empty$/);
  });
});

describe('a run that only checks', () => {
  it('says that nothing is wrong, and makes nothing', async (test) => {
    const context = sampleContext(test);
    const { outputs, lines, titles, summaries, problems, folder } = await run(test, {
      context,
      check: 'true',
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(outputs, { pushed: 'false', 'registry-paths': '[]' });
    assert.deepEqual(lines.slice(-1), ['nothing is wrong; nothing was built, since check is true']);
    assert.deepEqual(titles, [`Check ${context}`]);
    assert.deepEqual(summaries.length, 1);
    assert.match(summaries[0] ?? '', /^\*\*Checked\*\* .*: a build would succeed\. Nothing was built\.\n\n$/);
    assert.ok(!existsSync(join(folder, 'layout')));
    assert.deepEqual((await run(test, { context, check: 'true', summary: 'false' })).summaries, []);
  });

  it('has the errors of a build', async (test) => {
    const context = temporaryFolder(test, { Containerfile: 'FROM scratch\nCOPY nothing /\n' });
    const { problems, outputs } = await run(test, { context, check: 'true' });
    assert.ok(problems.some(({ message }) => message.includes('nothing')));
    assert.deepEqual(outputs, {});
  });

  it('has nothing to check in a layout', async (test) => {
    const { problems } = await run(test, { check: 'true', 'from-layout': 'layout' });
    assert.deepEqual(problems, [
      {
        code,
        message: 'expected "check" or "from-layout", got both',
        hint: 'The images of a layout are checked where they are built, or with "bima lint LAYOUT".',
      },
    ]);
  });

  it('names a conversion by its image', async (test) => {
    const { titles } = await run(test, { check: 'true', 'from-image': `oci:${temporaryFolder(test)}/none` });
    assert.match(titles[0] ?? '', /^Check oci:.*\/none$/);
  });
});

describe('a run that pushes nothing', () => {
  it('has the image in a layout and in an archive, and says where', async (test) => {
    const folder = temporaryFolder(test);
    const [layout, tar] = [join(folder, 'layout'), join(folder, 'image.tar')];
    const context = sampleContext(test);
    const given = { context, image, 'oci-layout': layout, tar, sbom: 'true', provenance: 'true' };
    const { outputs, lines, summaries, titles, warnings, folder: own } = await run(test, given);
    const { digest, imageid, metadata, ref, ...others } = outputs;
    assert.equal(verifyLayout(layout)[0]?.entry.digest, digest);
    assert.equal(ref, `${image}@${digest}`);
    assert.ok(imageid !== undefined && metadata !== undefined);
    assert.deepEqual(others, {
      image: `${image}:main`,
      tags: `${image}:main`,
      version: 'main',
      name: image,
      layout,
      tar,
      sbom: join(own, 'sbom.spdx.json'),
      provenance: join(own, 'provenance.intoto.json'),
      pushed: 'false',
      'registry-paths': '[]',
    });
    assert.match(readFileSync(outputs.sbom ?? '', 'utf8'), /"spdxVersion"/);
    assert.match(readFileSync(outputs.provenance ?? '', 'utf8'), /slsa\.dev\/provenance/);
    assert.deepEqual(titles, [`Build ${context}`]);
    const told = [
      `the layout with ${digest} is ${layout}`,
      `wrote the archive ${tar}`,
      `wrote the bill of materials ${outputs.sbom}`,
      `wrote the provenance ${outputs.provenance}`,
    ];
    assert.deepEqual(
      lines.filter((line) => told.includes(line)),
      told,
    );
    assert.deepEqual(warnings, []);
    assert.equal(summaries.length, 1);
    assert.match(summaries[0] ?? '', /^- Not pushed: ` push is false `$/m);
    assert.ok(summaries[0]?.includes(`- Layout: \` ${layout} \`\n- Archive: \` ${tar} \``), summaries[0]);
  });

  it('has the layout in its own folder, and no archive that nobody wants', async (test) => {
    const { outputs, summaries, folder } = await run(test, { context: sampleContext(test), image });
    assert.equal(outputs.layout, join(folder, 'layout'));
    assert.equal(outputs.tar, undefined);
    assert.match(summaries[0] ?? '', /^- Layout: /m);
    assert.doesNotMatch(summaries[0] ?? '', /Archive/);
    assert.deepEqual(readdirSync(folder), ['layout']);
  });

  it('says so where its own tag would be for nobody, or its token may only read', async (test) => {
    const inputs = { context: sampleContext(test), image };
    const queue = await run(test, { ...inputs, push: 'true' }, { eventName: 'merge-group' });
    const why = 'this is a build for the merge queue, and the input "tags" is empty';
    assert.ok(queue.lines.includes(`not pushing: ${why}`));
    assert.equal(queue.outputs.pushed, 'false');
    assert.match(queue.summaries[0] ?? '', /Not pushed: ` this is a build for the merge queue/);
    const fork = await run(test, { ...inputs, push: 'auto' }, { eventName: 'pull-request-fork' });
    assert.ok(fork.lines.includes("not pushing: this is a fork's pull request"));
    const silent = await run(test, { ...inputs, push: 'false' }, { eventName: 'pull-request-fork' });
    assert.ok(!silent.lines.some((line) => line.startsWith('not pushing')));
  });

  it('says which inputs had no effect', async (test) => {
    const { outputs } = await run(test, { context: sampleContext(test), image });
    const { warnings, titles } = await run(test, {
      'from-layout': outputs.layout ?? '',
      image,
      labels: 'a=b',
    });
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['the images of "from-layout" stay as they are: labels had no effect'],
    );
    assert.deepEqual(titles, [`Read ${outputs.layout ?? ''}`]);
  });

  it('writes no summary that nobody wants', async (test) => {
    const { summaries } = await run(test, { context: sampleContext(test), image, summary: 'false' });
    assert.deepEqual(summaries, []);
  });
});

describe('a run that pushes', () => {
  it('says what the registry now has, and how the size has changed', async (test) => {
    await using registry = await startRegistry();
    storeImage(registry.store, 'own/app', sampleImage({ layers: [900] }), 'main');
    const name = `${registry.host}/own/app`;
    const given = { context: sampleContext(test), image: name, push: 'auto' };
    const { outputs, summaries, lines } = await run(test, given, { eventName: 'pull-request' });
    assert.equal(outputs.pushed, 'true');
    assert.deepEqual(JSON.parse(outputs['registry-paths'] ?? ''), [`${name}:pr-15`]);
    assert.equal(outputs.layout, '');
    assert.equal(registry.store.tags('own/app')['pr-15'], outputs.digest);
    assert.ok(lines.includes('the image is only pushed: set oci-layout to have it as a layout, too'));
    assert.match(lines.join('\n'), /^pushed /m);
    assert.match(summaries[0] ?? '', /^- Pushed as /m);
    assert.match(summaries[0] ?? '', /changes are against .*:main `/);
    assert.doesNotMatch(summaries[0] ?? '', /Layout|Archive/);
    registry.assertRules();
  });

  it('does not when it was interrupted before', async (test) => {
    await using registry = await startRegistry();
    const interrupt = new AbortController();
    const given = { context: sampleContext(test), image: `${registry.host}/own/app`, push: 'true', tar: '' };
    const { runner, ...others } = recorded();
    const stopping = {
      ...runner,
      output: (name: string, value: string) => {
        runner.output(name, value);
        if (name === 'pushed') interrupt.abort();
      },
    };
    const outcome = await run(test, given, { runner: stopping, signal: interrupt.signal });
    assert.deepEqual(
      outcome.problems.map(({ code: found, message }) => [found, message]),
      [['INTERRUPTED', 'interrupted before the push']],
    );
    assert.equal(others.outputs.pushed, 'false');
    assert.deepEqual(registry.store.tags('own/app'), {});
  });

  it('marks no image whose pull request nobody may ask for', async (test) => {
    await using registry = await startRegistry();
    const given = { context: sampleContext(test), tags: `${registry.host}/own/app:1`, push: 'true' };
    const { outputs: plain } = await run(test, given);
    const { outputs, problems, lines } = await run(test, given, { eventName: 'workflow-run-fork' });
    assert.deepEqual([problems, outputs.digest], [[], plain.digest]);
    const asked = await run(test, given, {
      ...{ eventName: 'workflow-run-fork', token: defaultToken },
      environment: { GITHUB_API_URL: 'http://127.0.0.1:1', HOME: '/nowhere' },
    });
    assert.equal(asked.outputs.digest, plain.digest);
    const why = "the image isn't marked as a preview: GET http://127.0.0.1:1/";
    assert.ok(
      asked.lines.some((line) => line.startsWith(why)),
      asked.lines.join('\n'),
    );
    assert.ok(!lines.some((line) => line.includes('marked')));
  });

  it('comments on the pull request, and says where', async (test) => {
    await using registry = await startRegistry();
    const issues = createIssues('Nubificus/Redis-Unikernel', [15]);
    const github = await startGithub(test, { routes: issues.routes });
    const given = {
      ...{ context: sampleContext(test), image: `${registry.host}/own/app`, push: 'true' },
      ...{ 'pr-comment': 'true', 'github-token': defaultToken },
    };
    const { environment } = github;
    const { outputs, titles } = await run(test, given, {
      eventName: 'pull-request',
      environment,
      token: defaultToken,
    });
    assert.match(outputs['comment-url'] ?? '', /\/pull\/15#issuecomment-\d+$/);
    assert.match(issues.comments[0]?.body ?? '', /, pushed by \[this run\]/);
    assert.ok(titles.includes('Comment on the pull request'));
  });
});

describe('a run for a release', () => {
  it('attaches the image, and says where', async (test) => {
    const releases = createReleases('Nubificus/Redis-Unikernel');
    releases.addRelease({ tag: 'v1.2.3' });
    const github = await startGithub(test, { routes: releases.routes });
    const given = { context: sampleContext(test), image, tags: '1.2.3', 'release-asset': 'true' };
    const { environment } = github;
    const { outputs, summaries, problems } = await run(test, given, {
      eventName: 'tag',
      environment,
      token: defaultToken,
    });
    assert.deepEqual(problems, []);
    assert.match(outputs['release-asset-url'] ?? '', /\/v1\.2\.3\/app_1\.2\.3_linux_amd64\.oci\.tar$/);
    assert.match(summaries[0] ?? '', /^- Attached to the release \[` v1\.2\.3 `\]\(https:/m);
    assert.deepEqual(Object.keys(releases.assets), [
      'app_1.2.3_linux_amd64.oci.tar',
      'app_1.2.3_linux_amd64.oci.tar.sha256',
    ]);
  });
});

describe('a run that uploads', () => {
  /** The library reads its environment from this process. */
  async function upload(test: TestContext, given: Given) {
    const server = await startResultsServer();
    const before = { ...process.env };
    Object.assign(process.env, server.environment);
    test.after(async () => {
      process.env = before;
      await server[Symbol.asyncDispose]();
      assert.deepEqual(server.violations, []);
    });
    const inputs = { context: sampleContext(test), image, ...given };
    return { ...(await run(test, inputs, { environment: process.env })), server };
  }

  it('has the layout of the image alone as an artifact', async (test) => {
    const { outputs, summaries, titles, server } = await upload(test, { 'upload-artifact': 'true' });
    const [name, ...others] = server.artifacts.keys();
    assert.deepEqual([name, others], ['app-main', []]);
    const artifact = server.artifacts.get('app-main');
    assert.equal(outputs['artifact-id'], String(artifact?.id));
    assert.match(outputs['artifact-digest'] ?? '', /^sha256:[0-9a-f]{64}$/);
    assert.ok(outputs['artifact-url']?.endsWith(`/artifacts/${artifact?.id}`));
    assert.ok(titles.includes('Upload the artifact app-main'));
    assert.match(summaries[0] ?? '', /^- Artifact: \[` app-main `\]\(https:/m);
  });

  it('has the archive as one, under a name that says what it is', async (test) => {
    const tar = join(temporaryFolder(test), 'image.tar');
    const { outputs, server } = await upload(test, { 'upload-artifact': 'tar', tar });
    assert.deepEqual([...server.artifacts.keys()], ['app-main.tar']);
    assert.equal(outputs.tar, tar);
    assert.ok(server.artifacts.get('app-main.tar')?.content.equals(readFileSync(tar)));
  });

  it('leaves out other images of a layout that the workflow names', async (test) => {
    const layout = join(temporaryFolder(test), 'layout');
    await run(test, { context: sampleContext(test), image, 'oci-layout': layout, tags: 'other' });
    const given = {
      'upload-artifact': 'layout',
      'oci-layout': layout,
      'artifact-name': 'my: name',
      labels: 'a=b',
    };
    const { server, folder } = await upload(test, given);
    assert.deepEqual([...server.artifacts.keys()], ['my- name']);
    assert.equal(verifyLayout(layout).length, 2);
    assert.equal(verifyLayout(join(folder, 'artifact')).length, 1);
  });
});

describe('the Containerfile of a run', () => {
  const other = `${sampleContainerfile}LABEL org.example.own=1\n`;

  /** The labels of the image. */
  async function labelsOf(test: TestContext, given: Given): Promise<Given> {
    const { outputs, problems } = await run(test, { image, ...given });
    assert.deepEqual(problems, []);
    const [built] = verifyLayout(outputs.layout ?? '');
    return built?.config.config.Labels ?? {};
  }

  it('is looked for in the context where the workspace has no such file', async (test) => {
    const context = sampleContext(test);
    writeFileSync(join(context, 'Other'), other);
    assert.equal((await labelsOf(test, { context, file: 'Other' }))['org.example.own'], '1');
    assert.equal((await labelsOf(test, { context }))['org.example.own'], undefined);
  });

  it('is the one of the workspace where both have it, and named by its path where neither has it', async (test) => {
    const context = sampleContext(test);
    const elsewhere = join(temporaryFolder(test, { Other: other }), 'Other');
    assert.equal((await labelsOf(test, { context, file: elsewhere }))['org.example.own'], '1');
    mkdirSync(join(context, 'examples/hello'), { recursive: true });
    writeFileSync(join(context, 'examples/hello/Containerfile'), other);
    const file = 'examples/hello/Containerfile';
    const both = await run(test, { context, image, file });
    assert.ok(both.problems.some(({ message }) => message.includes('hello-amd64')));
    const neither = await run(test, { context, image, file: 'Missing' });
    assert.match(neither.problems[0]?.message ?? '', /"Missing"/);
  });
});

describe('the layout of a run that pushes', () => {
  async function layoutOf(test: TestContext, given: Given, more: More = {}) {
    await using registry = await startRegistry();
    const inputs = {
      context: sampleContext(test),
      image: `${registry.host}/own/app`,
      push: 'true',
      ...given,
    };
    return (await run(test, inputs, more)).outputs.layout;
  }

  it('is whole where something else is made of it', async (test) => {
    assert.equal(await layoutOf(test, {}), '');
    assert.notEqual(await layoutOf(test, { tar: join(temporaryFolder(test), 'x.tar') }), '');
    assert.notEqual(await layoutOf(test, { 'oci-layout': join(temporaryFolder(test), 'layout') }), '');
    assert.notEqual(await layoutOf(test, { sbom: 'true' }), '');
    assert.equal(await layoutOf(test, { provenance: 'true' }), '');
    const ghes = { GITHUB_SERVER_URL: 'https://git.example', HOME: '/nowhere' };
    assert.notEqual(await layoutOf(test, { 'upload-artifact': 'true' }, { environment: ghes }), '');
  });

  it('is whole for a release and for containerd', { skip: process.platform === 'win32' }, async (test) => {
    const releases = createReleases('Nubificus/Redis-Unikernel');
    releases.addRelease({ tag: 'v1.2.3' });
    const { environment } = await startGithub(test, { routes: releases.routes });
    const forRelease = { eventName: 'tag', environment, token: defaultToken };
    assert.notEqual(await layoutOf(test, { 'release-asset': 'true', tags: '1' }, forRelease), '');
    const { address, program, environment: own } = await scriptContainerd(test);
    const forLoad = { environment: { ...own, BIMA_CTR: program } };
    assert.notEqual(await layoutOf(test, { load: 'true', 'containerd-address': address }, forLoad), '');
  });
});

describe('a run that boots its image', { skip: process.platform === 'win32' }, () => {
  const example = resolve(import.meta.dirname, '../../examples/hello');

  async function boot(test: TestContext, script: string) {
    const registry = await startRegistry();
    test.after(() => registry.close());
    const path = temporaryFolder(test, { 'qemu-system-x86_64': `#!/bin/sh\n${script}\n` });
    chmodSync(join(path, 'qemu-system-x86_64'), 0o755);
    const environment = { PATH: path, BIMA_ACCEL: 'tcg', HOME: '/nowhere' };
    const given = { context: example, platforms: 'linux/amd64', 'boot-test': 'ready' };
    const inputs = { ...given, image: `${registry.host}/own/app`, push: 'true' };
    return { ...(await run(test, inputs, { environment })), registry };
  }

  it('publishes it then, and says on what it booted', async (test) => {
    const { problems, summaries, registry } = await boot(test, 'echo ready; exec /bin/sleep 100');
    assert.deepEqual(problems, []);
    assert.deepEqual(Object.keys(registry.store.tags('own/app')), ['main']);
    assert.match(summaries[0] ?? '', /^- Boot test of ` linux\/amd64 `: ` booted on qemu \(emulation\) in /m);
  });

  it('publishes nothing of it otherwise', async (test) => {
    const { problems, outputs, registry } = await boot(test, 'exit 3');
    assert.deepEqual(
      problems.map(({ code: found }) => found),
      ['BOOT_FAILED'],
    );
    assert.deepEqual(outputs, {});
    assert.ok(registry.requests.every(({ method }) => method === 'GET' || method === 'HEAD'));
  });
});

describe('a run that may sign', () => {
  it('says why it did not', async (test) => {
    const { summaries, lines } = await run(test, { context: sampleContext(test), image, attest: 'auto' });
    assert.match(summaries[0] ?? '', /^- Not signed: ` the job may not ask for an identity `$/m);
    assert.ok(lines.includes('not signing: the job may not ask for an identity'));
    const silent = await run(test, { context: sampleContext(test), image });
    assert.doesNotMatch(silent.summaries[0] ?? '', /signed/i);
  });
});
