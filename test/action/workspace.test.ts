import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { holdBaseImages, holdToWorkspace } from '../../src/action/workspace.ts';
import { BimaError } from '../../src/core/errors.ts';
import { caught } from '../support/caught.ts';
import { temporaryFolder } from '../support/folder.ts';
import { runWithLines } from '../support/run-inputs.ts';

/** A workspace with links, beside a folder of the runner. */
function sample(test: TestContext): { folder: string; workspace: string } {
  const folder = temporaryFolder(test, {
    'runner/Containerfile': 'root:x:0:0\n',
    'runner/key': '',
    'ws/app/Containerfile': 'FROM scratch\n',
    'ws/app/kernel': '',
    'ws/plain/a': '',
    'ws/layout/index.json': '',
    'ws/downloads/one/oci-layout': '',
    'runner/layout/oci-layout': '',
    'runner/layout/index.json': '{}',
  });
  const workspace = join(folder, 'ws');
  const link = (target: string, path: string) => {
    symlinkSync(target, join(workspace, path), 'junction');
  };
  link(join(folder, 'runner'), 'absolute');
  link('../runner', 'out');
  link('app', 'inner');
  link('../ws/app', 'around');
  link('inner/../out', 'twice');
  link('../../runner/Containerfile', 'plain/Containerfile');
  link('circle', 'circle');
  link('../../runner', 'layout/blobs');
  link('../runner/new', 'dangling');
  link('../../runner/layout', 'downloads/two');
  link('../../../runner/layout/index.json', 'downloads/one/index.json');
  mkdirSync(join(workspace, 'mixed'));
  link('../../runner/layout', 'mixed/two');
  symlinkSync('ws/app', join(folder, 'alias'));
  return { folder, workspace };
}

type Given = Partial<Omit<Parameters<typeof holdToWorkspace>[0], 'buildContexts' | 'conversion'>>;

const none = { context: 'app', fromLayout: [] };
const buildContexts: ReadonlyMap<string, string> = new Map();

describe('holdToWorkspace', () => {
  const rows: readonly [name: string, inputs: Given, links: readonly [input: string, link: string][]][] = [
    ['a plain context', {}, []],
    ['a link to a folder in the workspace', { context: 'inner' }, []],
    ['a link that goes out and comes back', { context: 'around' }, []],
    ['a context that the workflow names outside', { context: '../runner' }, []],
    ['a link outside of the workspace', { context: '../alias' }, []],
    [
      'a trust configuration that leads out',
      { signing: { mode: 'auto', trustPath: 'out/key' } },
      [['attest-trust-config', 'out']],
    ],
    ['what is not there', { context: 'nothing/at/all', tar: 'new/x.tar', ociLayout: 'new/layout' }, []],
    ['a link that leads to itself', { context: 'circle' }, []],
    ['a link out, relative', { context: 'out' }, [['context', 'out']]],
    ['a link out, absolute', { context: 'absolute' }, [['context', 'absolute']]],
    ['a link out in the middle', { context: 'out/sub' }, [['context', 'out']]],
    ['a link out, and up again', { context: 'out/../ws/app' }, [['context', 'out']]],
    ['a link out by way of others', { context: 'twice' }, [['context', 'out']]],
    ['a Containerfile that is a link', { file: 'plain/Containerfile' }, [['file', 'plain/Containerfile']]],
    ['a Containerfile through a link', { file: 'out/Containerfile' }, [['file', 'out']]],
    ['a Containerfile that is found', { context: 'plain' }, [['file', 'plain/Containerfile']]],
    ['a layout to read', { fromLayout: ['layout'] }, [['from-layout', 'layout/blobs']]],
    ['a layout to read, through a link', { fromLayout: ['app', 'out/l'] }, [['from-layout', 'out']]],
    [
      'a folder of downloads, with a link in a layout',
      { fromLayout: ['downloads'] },
      [['from-layout', 'downloads/one/index.json']],
    ],
    [
      'a folder of downloads, with a link for a layout',
      { fromLayout: ['mixed'] },
      [['from-layout', 'mixed/two']],
    ],
    ['a layout to write', { ociLayout: 'out' }, [['oci-layout', 'out']]],
    ['a layout to write into, with a link in it', { ociLayout: 'layout' }, [['oci-layout', 'layout/blobs']]],
    ['an archive', { tar: 'out/x.tar' }, [['tar', 'out']]],
    ['an archive at a link to nothing', { tar: 'dangling' }, [['tar', 'dangling']]],
    [
      'several, each once',
      { context: 'out', tar: 'absolute/x.tar', ociLayout: 'out/layout' },
      [
        ['context', 'out'],
        ['tar', 'absolute'],
      ],
    ],
  ];
  for (const [name, inputs, links] of rows) {
    it(`${links.length === 0 ? 'takes' : 'refuses'} ${name}`, async (test) => {
      const { workspace } = sample(test);
      const at = (path: string) => join(relative(process.cwd(), workspace), '/') + path;
      const placed = Object.fromEntries(
        Object.entries({ ...none, ...inputs }).map(([key, value]) => [key, placeAt(value, at)]),
      );
      const hold = holdToWorkspace({ ...none, buildContexts, ...placed }, { GITHUB_WORKSPACE: workspace });
      const problems = await hold.then(
        () => [],
        (error: unknown) => {
          assert.ok(error instanceof BimaError);
          assert.equal(error.code, 'INPUT_INVALID');
          return error.problems;
        },
      );
      assert.equal(problems.length, links.length, JSON.stringify(problems));
      for (const [index, [input, link]] of links.entries()) {
        const { message = '' } = problems[index] ?? {};
        assert.ok(message.includes(`the input "${input}"`), message);
        assert.ok(message.includes(`the symbolic link "${link}" leads out`), message);
      }
    });
  }

  it('looks at the image, the kernel and the init of a conversion, and then at no context', async (test) => {
    const { workspace } = sample(test);
    const at = (path: string) => join(relative(process.cwd(), workspace), '/') + path;
    const hold = (names: { image: string; kernel?: string; init?: string }) => {
      const conversion = { monitor: 'qemu', rootfs: { type: 'container' }, ...names } as const;
      const inputs = { ...none, context: at('out'), buildContexts, conversion };
      return holdToWorkspace(inputs, { GITHUB_WORKSPACE: workspace });
    };
    await hold({ image: 'ghcr.io/a/b:1', kernel: 'ghcr.io/a/kernel:1:/kernel', init: 'none' });
    await assert.rejects(hold({ image: `oci:${at('layout')}:1` }), /the input "from-image".*"layout\/blobs"/);
    await assert.rejects(hold({ image: 'a/b:1', kernel: at('out/vmlinux') }), /the input "kernel"/);
    await assert.rejects(hold({ image: 'a/b:1', init: at('out/init') }), /the input "init"/);
  });

  it('looks behind the prefixes of images on disk, and at build contexts', async (test) => {
    const { workspace } = sample(test);
    const at = (text: string) => text.replace('=', join(relative(process.cwd(), workspace), '/'));
    for (const [text, link] of [
      ['oci:=out/l', 'out'],
      ['oci:=layout:tag', 'layout/blobs'],
      ['docker-archive:=dangling:redis:1', 'dangling'],
      ['=out', 'out'],
    ] as const) {
      const refused = { code: 'INPUT_INVALID', message: new RegExp(`"${link}" leads out`) };
      const inputs = { ...none, buildContexts, fromLayout: [at(text)] };
      await assert.rejects(holdToWorkspace(inputs, { GITHUB_WORKSPACE: workspace }), refused, text);
      const contexts = { ...none, buildContexts: new Map([['name', at(text)]]) };
      await assert.rejects(holdToWorkspace(contexts, { GITHUB_WORKSPACE: workspace }), refused, text);
    }
  });

  it('takes every path where no workspace is known', async (test) => {
    const { workspace } = sample(test);
    await holdToWorkspace({ ...none, buildContexts, context: join(workspace, 'out') }, {});
  });
});

describe('holdBaseImages', () => {
  const rows: readonly [name: string, path: string, build: Record<string, string>, isAllowed: boolean][] = [
    ['a layout in the workspace', 'layout2', {}, true],
    ['what is not there', 'nothing', {}, true],
    ['a layout in a context outside of it', '../context/layout', {}, true],
    ['a layout above the workspace', '../runner/layout', {}, false],
    ['a layout behind a link', 'out/layout', {}, false],
    ['a layout whose blobs are a link', 'layout', {}, false],
    ['a layout whose index is a link', 'downloads/one', {}, false],
    ['a layout that the workflow names', '../runner/layout', { BASE: 'oci:PATH:1.0' }, true],
    ['another than the workflow names', '../runner/layout', { BASE: 'oci:PATH2' }, false],
  ];
  for (const [name, path, build, isAllowed] of rows) {
    it(`${isAllowed ? 'takes' : 'refuses'} ${name}`, async (test) => {
      const { folder, workspace } = sample(test);
      mkdirSync(join(workspace, 'layout2/blobs/sha256'), { recursive: true });
      mkdirSync(join(folder, 'context/layout'), { recursive: true });
      const absolute = join(workspace, path);
      const buildArguments = new Map(
        Object.entries(build).map(([key, value]) => [key, value.replace('PATH', absolute)]),
      );
      const check = holdBaseImages(
        { context: join(folder, 'context'), buildArguments },
        { GITHUB_WORKSPACE: workspace },
      );
      if (isAllowed) await check(absolute);
      else await assert.rejects(check(absolute), { code: 'CONTEXT_PATH', message: /in the workspace, got/ });
    });
  }
});

describe('a run', () => {
  for (const [name, instruction, line] of [
    ['FROM', 'FROM oci:../../runner/layout', 1],
    ['COPY --from', 'FROM scratch\nCOPY --from=oci-archive:../out/Containerfile a /', 2],
  ] as const) {
    it(`opens nothing outside of the workspace for ${name}`, async (test) => {
      const { workspace } = sample(test);
      writeFileSync(join(workspace, 'app/Containerfile'), `${instruction}\n`);
      const inputs = { context: join(workspace, 'app'), image: 'a/b', tags: 'c' };
      await assert.rejects(runWithLines(test, inputs, { GITHUB_WORKSPACE: workspace }), (error) => {
        assert.ok(error instanceof BimaError);
        const found = error.problems.filter(({ message }) =>
          message.includes('expected a layout or an archive in the workspace'),
        );
        assert.deepEqual(
          found.map(({ code, position }) => [code, position?.line]),
          [['CONTEXT_PATH', line]],
        );
        return true;
      });
    });
  }

  it('reads and writes nothing through a link out of the workspace', async (test) => {
    const { folder, workspace } = sample(test);
    const before = readdirSync(join(folder, 'runner'), { recursive: true });
    const inputs = {
      context: join(workspace, 'out'),
      tar: join(workspace, 'out/x.tar'),
      image: 'a/b',
      tags: 'c',
    };
    for (const given of [
      inputs,
      { ...inputs, context: join(workspace, 'app'), 'oci-layout': join(workspace, 'out/l') },
    ]) {
      await assert.rejects(runWithLines(test, given, { GITHUB_WORKSPACE: workspace }), {
        code: 'INPUT_INVALID',
        message: /leads out of it/,
      });
    }
    assert.deepEqual(readdirSync(join(folder, 'runner'), { recursive: true }), before);
    assert.ok(!existsSync(join(folder, 'runner/x.tar')));
  });
});

function placeAt(value: Given[keyof Given], at: (path: string) => string): unknown {
  if (typeof value === 'string') return at(value);
  if (value instanceof Array) return value.map(at);
  return { ...value, trustPath: at(value?.trustPath ?? '') };
}

describe('what is said of a path that leads out', () => {
  const hint =
    'Put a copy of what the link points to in its place, or name that path itself in the workflow.';

  function holdIn(workspace: string, inputs: Partial<Parameters<typeof holdToWorkspace>[0]>) {
    return holdToWorkspace({ ...none, buildContexts, ...inputs }, { GITHUB_WORKSPACE: workspace });
  }

  it('is the input, the path, the link, and what to do', async (test) => {
    const { workspace } = sample(test);
    const [context, tar] = [join(workspace, 'out/sub'), join(workspace, 'absolute/x.tar')];
    const problem = (input: string, path: string, link: string) => ({
      code: 'INPUT_INVALID',
      message: `expected a path in the workspace for the input "${input}", got "${path}", where the symbolic link "${link}" leads out of it`,
      hint,
    });
    assert.deepEqual(await caught(() => holdIn(workspace, { context, tar })), [
      problem('context', context, 'out'),
      problem('tar', tar, 'absolute'),
    ]);
    const deep = join(workspace, 'plain');
    const file = join(workspace, 'plain/Containerfile');
    assert.deepEqual(await caught(() => holdIn(workspace, { context: deep, file })), [
      problem('file', file, 'plain/Containerfile'),
    ]);
  });

  it('is nothing where the workspace has no name', async (test) => {
    const { workspace } = sample(test);
    const context = join(workspace, 'out');
    for (const GITHUB_WORKSPACE of ['', undefined])
      await holdToWorkspace({ ...none, buildContexts, context }, { GITHUB_WORKSPACE });
  });

  it('is nothing of a Containerfile that is not read, as another one is there', async (test) => {
    const { workspace } = sample(test);
    const context = join(workspace, 'app');
    symlinkSync('../../runner/Containerfile', join(context, 'Dockerfile'), 'junction');
    await holdIn(workspace, { context });
    rmSync(join(context, 'Containerfile'));
    const [problem] = await caught(() => holdIn(workspace, { context }));
    assert.match(problem?.message ?? '', /the input "file".*"app\/Dockerfile" leads out/);
    await holdIn(workspace, { context, fromLayout: [join(workspace, 'plain')] });
  });

  it('is nothing of a file of the context where the one that is named is there', async (test) => {
    const { workspace } = sample(test);
    const file = join(workspace, 'app/Containerfile');
    await holdIn(workspace, { context: join(workspace, 'app'), file });
    await assert.rejects(holdIn(workspace, { context: join(workspace, 'plain'), file: 'Containerfile' }), {
      message: /the input "file".*"plain\/Containerfile" leads out/,
    });
  });

  it('is found behind a name of an image, whatever follows the path', async (test) => {
    const { workspace } = sample(test);
    const out = join(workspace, 'out');
    for (const name of [`oci:${out}@sha256:0`, `oci:${out}:1`, `oci-archive:${out}`, out]) {
      const [problem] = await caught(() => holdIn(workspace, { fromLayout: [name] }));
      assert.match(problem?.message ?? '', /the input "from-layout".*"out" leads out/, name);
      const conversion = { image: name, monitor: 'qemu', rootfs: { type: 'container' } } as const;
      const [ofImage] = await caught(() => holdIn(workspace, { conversion }));
      assert.match(ofImage?.message ?? '', /the input "from-image".*"out" leads out/, name);
    }
    const contexts = new Map([
      ['a', 'docker-image://out'],
      ['b', 'https://out/x'],
    ]);
    await holdIn(workspace, { buildContexts: contexts });
  });

  it('is found behind forty links, as the system follows them', async (test) => {
    const { workspace } = sample(test);
    const chain = (count: number, name: string) => {
      for (let at = 1; at < count; at += 1) symlinkSync(`${name}${at + 1}`, join(workspace, `${name}${at}`));
      symlinkSync('../runner', join(workspace, `${name}${count}`));
      return join(workspace, `${name}1`);
    };
    const [problem] = await caught(() => holdIn(workspace, { context: chain(40, 'a') }));
    assert.match(problem?.message ?? '', /"a40" leads out/);
    // Whoever opens it gets an error.
    await holdIn(workspace, { context: chain(41, 'b') });
  });

  it('is no path whose name only looks like the way up', async (test) => {
    const { workspace } = sample(test);
    mkdirSync(join(workspace, '..data'));
    symlinkSync('../..', join(workspace, '..data/up'));
    symlinkSync('../app', join(workspace, '..data/app'));
    await holdIn(workspace, { context: join(workspace, '..data/app') });
    const [problem] = await caught(() => holdIn(workspace, { context: join(workspace, '..data/up') }));
    assert.match(problem?.message ?? '', /"\.\.data\/up" leads out/);
  });
});

describe('what is said of a base image elsewhere', () => {
  const hint = 'Put it into the workspace, or have the workflow name it with the input "build-args".';

  it('is its path, and the part of it that leads elsewhere', async (test) => {
    const { folder, workspace } = sample(test);
    const check = holdBaseImages(
      { context: join(workspace, 'app'), buildArguments: new Map() },
      { GITHUB_WORKSPACE: workspace },
    );
    const problem = (path: string, what = '') => [
      {
        code: 'CONTEXT_PATH',
        message: `expected a layout or an archive in the workspace, got "${path}"${what}`,
        hint,
      },
    ];
    const outside = join(folder, 'runner/layout');
    assert.deepEqual(await caught(() => check(outside)), problem(outside));
    const [blobs, index] = [join(workspace, 'layout'), join(workspace, 'downloads/one')];
    assert.deepEqual(
      await caught(() => check(blobs)),
      problem(blobs, ', whose "blobs/sha256" leads elsewhere'),
    );
    assert.deepEqual(
      await caught(() => check(index)),
      problem(index, ', whose "index.json" leads elsewhere'),
    );
  });

  it('is nothing without a workspace, or of what the workflow names, by its path from the context', async (test) => {
    const { folder, workspace } = sample(test);
    const outside = join(folder, 'runner/layout');
    const context = join(workspace, 'app');
    const none = holdBaseImages({ context, buildArguments: new Map() }, {});
    await none(outside);
    const named = new Map([
      ['A', 'oci:../../runner/layout:1'],
      ['B', 'https://example.com/x'],
    ]);
    const check = holdBaseImages({ context, buildArguments: named }, { GITHUB_WORKSPACE: workspace });
    await check(outside);
    await assert.rejects(check(join(folder, 'runner')), { code: 'CONTEXT_PATH' });
  });
});
