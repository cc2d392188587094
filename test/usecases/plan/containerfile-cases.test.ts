// Containerfiles as people write them, built: those of the cases, and every file in fixtures/containerfiles.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseBuildContexts } from '../../../src/core/containerfile/build-contexts.ts';
import { examine } from '../../../src/usecases/plan/plan.ts';
import { baseLayout } from '../../support/base-image.ts';
import { buildContext, localImages } from '../../support/build.ts';
import { addArchives, writeComparedContext } from '../../support/compared-context.ts';
import { containerTree } from '../../support/container-tree.ts';
import { builtCases, refusedCases, targetCase, textOf } from '../../support/containerfile-cases.ts';
import type { BuiltCase, RefusedCase } from '../../support/containerfile-cases.ts';
import { temporaryFolder } from '../../support/folder.ts';

const platform = { os: 'linux', architecture: 'amd64' };

describe('what people write in Containerfiles', () => {
  const work = mkdtempSync(join(tmpdir(), 'bima-cases-'));
  const context = join(work, 'context');
  writeComparedContext(context);
  addArchives(context, join(work, 'archived'));
  after(() => {
    rmSync(work, { recursive: true, force: true });
  });

  const fileOf = (test: TestContext, text: string) =>
    join(temporaryFolder(test, { Containerfile: text }), 'Containerfile');

  async function build(test: TestContext, one: BuiltCase, text: string): Promise<void> {
    const { target, buildArgs = {} } = one;
    const { image, warnings } = await buildContext(test, context, {
      file: fileOf(test, text),
      platform,
      buildArguments: new Map(Object.entries(buildArgs)),
      ...(target === undefined ? {} : { target }),
    });
    const { author, config } = image.config as { author?: string } & typeof image.config;
    const fields = { ...config, author } as Record<string, unknown>;
    for (const [field, is] of Object.entries(one.config ?? {})) assert.deepEqual(fields[field], is, field);
    for (const [key, is] of Object.entries(one.labels ?? {})) assert.equal(config.Labels[key], is, key);
    const tree = await containerTree(image.tars, (owner) => ` ${owner}`);
    for (const [path, is] of Object.entries(one.files ?? {})) assert.equal(tree[path] ?? false, is, path);
    const says = one.warnings ?? [];
    assert.equal(warnings.length, says.length, warnings.map(({ message }) => message).join('\n'));
    for (const [at, pattern] of says.entries()) assert.match(warnings[at]?.message ?? '', pattern);
  }

  for (const one of builtCases) it(`builds: ${one.name}`, (test) => build(test, one, textOf(one)));
  it(`builds: ${targetCase.name}`, (test) => build(test, targetCase, targetCase.lines.join('\n')));

  async function refuse(test: TestContext, one: RefusedCase): Promise<void> {
    const images = localImages(test, context);
    const file = fileOf(test, textOf(one));
    const { errors } = await examine({ context, file, platform, labels: [], strict: true, images });
    const [{ message, hint = '', position } = { message: '' }] = errors;
    assert.equal(`${position?.line}:${position?.column}`, one.at, message);
    assert.match(message, one.reason);
    assert.match(hint, one.write);
  }

  for (const one of refusedCases) it(`refuses: ${one.name}`, (test) => refuse(test, one));
});

describe('the fixtures', () => {
  const folder = join(import.meta.dirname, '../../fixtures/containerfiles');
  const kernel = join(import.meta.dirname, '../../../examples/hello/hello-amd64');
  /** Where the first error is, of those that don't build. */
  const refused: Readonly<Record<string, string>> = {
    'multi-stage': '5:1',
    'arch-instruction': '2:1',
    destinations: '6:6',
    'unquoted-kernel-arguments': '6:49',
  };
  /** Whatever any of them copies, and the labels that one of them leaves to others. */
  const programs = [
    'app.elf',
    'echo-server.hvt',
    'hello.hvt',
    'cache.hvt',
    'loader_x86_64',
    'kernel',
    'init',
    'web.hvt',
    'app',
    'vmlinux',
  ];
  const texts = [
    'echo.conf',
    'args',
    'initrd.cpio',
    'conf/cache.conf',
    'data/web.conf',
    'rootfs/f',
    'app.spt',
    'bzImage',
  ];
  const labels = ['unikernelType=unikraft', 'hypervisor=qemu'].map((text) => ({
    key: `com.urunc.unikernel.${text.split('=')[0]}`,
    value: text.split('=')[1] ?? '',
  }));

  for (const name of readdirSync(folder)) {
    const plain = name.replace('.Containerfile', '');
    it(`are built, or refused at their place: ${plain}`, async (test) => {
      const content = readFileSync(kernel);
      const context = temporaryFolder(test, {
        ...Object.fromEntries(programs.map((path) => [path, content])),
        ...Object.fromEntries(texts.map((path) => [path, path])),
      });
      const layers = [[{ path: 'unikraft/bin/kernel', content }]];
      await baseLayout(join(context, 'base'), [{ layers }, { layers, os: 'freebsd' }], ['linux', 'freebsd']);
      const bases = [
        `unikraft.example/base:latest=oci:${context}/base:linux`,
        `golang.example/go:1.24=oci:${context}/base:linux`,
        `kernels.example/linux:6=oci:${context}/base:linux`,
        `freebsd.example/runtime:14=oci:${context}/base:freebsd`,
      ];
      const images = localImages(test, context, [], parseBuildContexts(bases, ''));
      const given = plain === 'windows-editor' ? labels : [];
      const options = { context, file: join(folder, name), labels: given, strict: false, images };
      const { errors } = await examine(options);
      const [first] = errors;
      const at = first === undefined ? undefined : `${first.position?.line}:${first.position?.column}`;
      assert.equal(at, refused[plain], first?.message);
      if (first === undefined) await buildContext(test, context, options);
      else assert.notEqual(first.hint ?? '', '', first.message);
    });
  }
});
