// Ordinary container images: what is asked for, what is refused, and that nothing of urunc's gets into them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { baseLayout } from '../../support/base-image.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { elf } from '../../support/headers.ts';
import { mustRunCommand, runCommand } from '../../support/run-command.ts';
import { verifyLayout } from '../../support/verify-layout.ts';
import type { VerifiedImage } from '../../support/verify-layout.ts';

interface Site {
  readonly context: string;
  readonly build: (...args: string[]) => ReturnType<typeof runCommand>;
  /** Those of the layout that was built. */
  readonly images: () => VerifiedImage[];
}

function site(test: TestContext, ...lines: string[]): Site {
  const folder = temporaryFolder(test, {
    'context/Containerfile': lines.join('\n'),
    'context/program': '#!/bin/sh\n',
    'context/elf': elf(64, 'little', 183),
  });
  const context = join(folder, 'context');
  const layout = join(folder, 'layout');
  return {
    context,
    build: (...args) =>
      runCommand(['build', '--container', '-o', 'oci', '--dest', layout, '-t', 'a:1', ...args, context]),
    images: () => verifyLayout(layout),
  };
}

const base = {
  os: 'linux',
  architecture: 'arm64',
  config: { Entrypoint: ['/entry'], Cmd: ['old'], Env: ['PATH=/bin'], Labels: { of: 'base' } },
  layers: [[{ path: 'bin/sh', content: 'shell' }]],
};

describe('bima build --container', () => {
  it("makes an image of its base for the platform of that, with Docker's rules and without urunc.json", async (test) => {
    const { context, build, images } = site(
      test,
      'FROM oci:base',
      'COPY program /program',
      'LABEL own=label',
      'CMD run it',
    );
    await baseLayout(join(context, 'base'), [base]);
    const { code, stderr } = await build();
    assert.equal(code, 0, stderr);
    const [image = assert.fail('no image')] = images();
    const { Entrypoint, Cmd, Labels } = image.config.config;
    assert.deepEqual(Entrypoint, ['/entry']);
    assert.deepEqual(Cmd, ['/bin/sh', '-c', 'run it']);
    assert.deepEqual(Labels, { of: 'base', own: 'label' });
    assert.equal(image.config.architecture, 'arm64');
    assert.equal(image.manifest.layers.length, 2);
    assert.ok(image.tars.every((tar) => !tar.includes('urunc')));
    assert.ok(image.config.history.every(({ created_by }) => !created_by.includes('urunc')));
    assert.equal(
      image.config.history.filter(({ empty_layer }) => empty_layer !== true).length,
      image.manifest.layers.length,
    );
  });

  it('takes the platform of the program that it starts, where there is no base', async (test) => {
    const { build, images } = site(test, 'FROM scratch', 'COPY elf /elf', 'ENTRYPOINT ["/elf"]');
    assert.equal((await build()).code, 0);
    assert.equal(images()[0]?.config.architecture, 'arm64');
  });

  it('asks for the platform where nothing tells it, and takes the one that is named', async (test) => {
    const { build, images } = site(test, 'FROM scratch', 'COPY program /program', 'ENTRYPOINT ["/program"]');
    const { code, stderr } = await build();
    assert.equal(code, 1);
    assert.match(
      stderr,
      /a program whose header names its architecture, got "\/program"\n.*--platform linux\/amd64/,
    );
    assert.equal((await build('--platform', 'linux/amd64,linux/arm64')).code, 0);
    assert.deepEqual(
      images().map(({ config }) => config.architecture),
      ['amd64', 'arm64'],
    );
    const windows = await build('--platform', 'windows/amd64');
    assert.match(windows.stderr, /expected a platform of the operating system linux, got "windows\/amd64"/);
  });

  it("refuses a label of urunc's, at its place", async (test) => {
    const { build } = site(
      test,
      'FROM scratch',
      'COPY elf /elf',
      'LABEL com.urunc.unikernel.binary=/elf',
      'ENTRYPOINT ["/elf"]',
    );
    const { code, stderr } = await build();
    assert.equal(code, 1);
    assert.match(
      stderr,
      /:3:7: error: expected an ordinary container image, got the label "com\.urunc\.unikernel\.binary"/,
    );
  });

  it('is named by the error of who left it out, and not where a unikernel lacks a label', async (test) => {
    const { context } = site(test, 'FROM scratch', 'COPY elf /elf', 'ENTRYPOINT ["/elf"]');
    const plain = await runCommand(['lint', context]);
    assert.match(plain.stdout, /An ordinary container image needs --container \(the input "container"\)/);
    assert.equal((await runCommand(['lint', '--container', context])).code, 0);
    const label = ['--label', 'com.urunc.unikernel.binary=/elf'];
    assert.doesNotMatch((await runCommand(['lint', ...label, context])).stdout, /--container/);
  });

  it('makes what bima lint and bima verify know again, with a record and without', async (test) => {
    const { context, build } = site(test, 'FROM scratch', 'COPY elf /elf', 'ENTRYPOINT ["/elf"]');
    const folder = temporaryFolder(test);
    const layout = join(context, '../layout');
    await build();
    assert.match((await mustRunCommand(['verify', '--source', context, layout])).stdout, /^REPRODUCED/);
    const provenance = join(folder, 'provenance.json');
    await build('--provenance', provenance);
    assert.match(readFileSync(provenance, 'utf8'), /"container":true/);
    assert.match((await mustRunCommand(['verify', '--source', context, layout])).stdout, /^REPRODUCED/);
    assert.equal((await runCommand(['lint', '--container', layout])).code, 0);
    assert.equal((await runCommand(['lint', layout])).code, 1);
  });
});
