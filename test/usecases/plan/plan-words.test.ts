// What a plan says of a context, a base and several platforms, word for word and at its place.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Problem } from '../../../src/core/errors.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { examine } from '../../../src/usecases/plan/plan.ts';
import type { PlanOptions } from '../../../src/usecases/plan/plan.ts';
import { examinePlatforms, planPlatforms } from '../../../src/usecases/plan/platforms.ts';
import type { PlatformsOptions } from '../../../src/usecases/plan/platforms.ts';
import { baseLayout, indexLayout, packTar } from '../../support/base-image.ts';
import type { SampleBase } from '../../support/base-image.ts';
import { localImages } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { notingReporter } from '../../support/noting-reporter.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-amd64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;
const labels = [
  'COPY app /app',
  `LABEL ${key('binary')}=/app ${key('unikernelType')}=unikraft ${key('hypervisor')}=qemu`,
  `LABEL ${key('unikernelVersion')}=1 ${key('cmdline')}=x`,
];

interface Fixture {
  readonly lines: readonly string[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly base?: SampleBase;
  readonly index?: readonly SampleBase[];
  readonly options?: Partial<PlanOptions>;
}

async function plan(test: TestContext, { lines, files, base, index, options }: Fixture) {
  const context = temporaryFolder(test, {
    app: hello,
    ...files,
    Containerfile: [...lines, ...labels].join('\n'),
  });
  if (base !== undefined) await baseLayout(join(context, 'base'), [base], ['1']);
  if (index !== undefined) await indexLayout(join(context, 'base'), index);
  const images = localImages(test, context);
  const found = await examine({ context, labels: [], strict: true, images, ...options });
  return { ...found, context };
}

/** Without the file, which is the same everywhere. */
function told(problems: readonly Problem[]) {
  return problems.map(({ code, message, hint, position }) => [
    code,
    message,
    hint,
    position?.line,
    position?.column,
  ]);
}

describe('what is said of a COPY', () => {
  const where = 'Write numbers, or copy /etc/passwd and /etc/group with such a name before.';

  it('is who of --chown and USER nobody knows', async (test) => {
    const unknown = await plan(test, { lines: ['FROM scratch', 'COPY --chown=who app /x'] });
    assert.deepEqual(told(unknown.errors), [
      ['CONTEXT_PATH', 'expected a user or a group of the image in --chown, got "who"', where, 2, 1],
    ]);
    const user = await plan(test, { lines: ['FROM scratch', 'USER a:b', 'WORKDIR /w'] });
    assert.deepEqual(told(user.warnings), [
      [
        'CONTEXT_PATH',
        `expected a user or a group of the image in USER, got "a": what WORKDIR makes is root's`,
        where,
        2,
        1,
      ],
    ]);
  });

  it('is what an archive has that is left out, and modes that are its own', async (test) => {
    const one = await packTar([{ path: 'pipe', special: { type: 'fifo' } }, { path: 'f' }]);
    const two = await packTar([
      { path: 'a', special: { type: 'fifo' } },
      { path: 'b', special: { type: 'fifo' } },
      { path: 'c', special: { type: 'fifo' } },
    ]);
    const { warnings, errors } = await plan(test, {
      lines: ['FROM scratch', 'ADD one.tar /x/', 'ADD --chmod=700 two.tar /y/'],
      files: { 'one.tar': one, 'two.tar': two },
    });
    assert.deepEqual(errors, []);
    const hint = 'The guest makes those that it needs when it starts.';
    const [first, second, third] = told(warnings);
    assert.deepEqual(first, [
      'CONTEXT_PATH',
      '"one.tar" has devices, FIFOs or sockets, which are left out: "pipe"',
      hint,
      2,
      5,
    ]);
    assert.deepEqual(second, [
      'CONTEXT_PATH',
      '"two.tar" has devices, FIFOs or sockets, which are left out: "a" and 2 more',
      hint,
      3,
      17,
    ]);
    assert.deepEqual(third, [
      'CONTEXT_PATH',
      'what "two.tar" holds keeps its own modes: --chmod is for what ADD copies as it is',
      'Unpack it in a step before, and COPY it with the flag.',
      3,
      17,
    ]);
    assert.equal(warnings.length, 3);
  });

  it('is that urunc.json is replaced, except in a container image', async (test) => {
    const fixture = {
      lines: ['FROM scratch', 'COPY urunc.json /', 'COPY urunc.json /urunc.json'],
      files: { 'urunc.json': '{}' },
    };
    const { warnings } = await plan(test, fixture);
    assert.deepEqual(told(warnings), [
      [
        'CONTEXT_PATH',
        '"/urunc.json" is copied, and then replaced by the one that is made from the labels',
        'Leave it out: every label is written to it.',
        3,
        1,
      ],
    ]);
    const container = await plan(test, {
      ...fixture,
      options: { container: true, platform: parsePlatform('linux/amd64') },
    });
    assert.deepEqual(container.warnings, []);
  });

  it('is that a source can not be downloaded or opened where nobody may', async (test) => {
    const context = temporaryFolder(test, {
      app: hello,
      Containerfile: [
        'FROM scratch',
        'ADD https://x.example/a /a',
        'COPY --from=alpine a /a',
        ...labels,
      ].join('\n'),
    });
    const { errors } = await examine({ context, labels: [], strict: true });
    assert.deepEqual(told(errors), [
      ['NOT_AVAILABLE', `"https://x.example/a" can't be downloaded here`, undefined, 2, 5],
      ['NOT_AVAILABLE', `"alpine" can't be opened here`, undefined, 3, 13],
    ]);
  });
});

describe('what is said of a base', () => {
  it('is that it is for another processor', async (test) => {
    const base = { layers: [], architecture: 'aarch64' };
    const { warnings } = await plan(test, { lines: ['FROM oci:base'], base });
    assert.deepEqual(told(warnings), [
      [
        'ARCHITECTURE_MISMATCH',
        'expected a base image for linux/amd64, got "oci:base", which is for linux/arm64',
        'Use a base image for the platform of the binary.',
        1,
        6,
      ],
    ]);
    assert.deepEqual(
      (await plan(test, { lines: ['FROM oci:base'], base: { layers: [], architecture: 'x86_64' } })).warnings,
      [],
    );
  });

  it('is that its ONBUILD is left out', async (test) => {
    const base = { layers: [], config: { OnBuild: ['RUN make', 'RUN more'] } };
    const { warnings } = await plan(test, { lines: ['FROM oci:base'], base });
    assert.deepEqual(told(warnings), [
      [
        'CONTAINERFILE_UNSUPPORTED',
        '"oci:base" has ONBUILD instructions, which are left out: "RUN make"',
        'Write in the Containerfile what they would do, if the unikernel needs it.',
        1,
        6,
      ],
    ]);
  });

  it('is which images of an index there are, where none fits or several do', async (test) => {
    const index = ['amd64', 'arm64'].map((architecture) => ({ os: 'qemu', architecture, layers: [] }));
    const named = await plan(test, { lines: ['FROM --platform=xen/amd64 oci:base:all'], index });
    assert.deepEqual(told(named.errors)[0], [
      'PLATFORM_MISSING',
      'expected an image for xen/amd64 in "oci:base:all", got qemu/amd64, qemu/arm64',
      'Name one of these with FROM --platform=…, or use another base image.',
      1,
      27,
    ]);
    const variant = await plan(test, {
      lines: ['FROM oci:base:all'],
      index,
      options: { platform: parsePlatform('linux/arm/v7') },
    });
    assert.equal(
      variant.errors[0]?.message,
      'expected an image for linux/arm/v7 or qemu/arm/v7 in "oci:base:all", got qemu/amd64, qemu/arm64',
    );
    // Nothing tells for which: the binary is in the base.
    const context = temporaryFolder(test, {
      Containerfile: ['FROM oci:base:all', ...labels.slice(1)].join('\n'),
    });
    await indexLayout(join(context, 'base'), index);
    const { errors } = await examine({
      context,
      labels: [],
      strict: true,
      images: localImages(test, context),
    });
    assert.deepEqual(told(errors)[0]?.slice(0, 3), [
      'PLATFORM_MISSING',
      'expected to know for which platform "oci:base:all" is used, got qemu/amd64, qemu/arm64',
      'Name it with --platform (the input "platforms"), in a Containerfile also as in FROM --platform=linux/amd64, in a bunnyfile as the architecture.',
    ]);
  });

  it('is that a path is not there, from the folder of the context on', async (test) => {
    const { errors } = await plan(test, { lines: ['FROM oci:none'] });
    assert.deepEqual(told(errors)[0], [
      'LAYOUT_INVALID',
      '"oci:none": "none" does not exist',
      'The path of a layout or an archive starts at the folder of the build context: write an absolute one for what lies elsewhere, and beside a Containerfile on standard input.',
      1,
      6,
    ]);
  });
});

describe('what a rebuild needs to know of the plan', () => {
  it('is the Containerfile by its path in the context, its digest, and its arguments', async (test) => {
    const lines = ['ARG A', 'FROM scratch', 'ARG B=1', 'ARG A'];
    const { plan: planned, context } = await plan(test, { lines });
    const bytes = readFileSync(join(context, 'Containerfile'));
    assert.deepEqual(planned?.recipe, {
      path: 'Containerfile',
      digest: digestOf(bytes),
      argumentNames: ['A', 'B'],
    });
    const elsewhere = temporaryFolder(test, { Containerfile: bytes });
    const other = await examine({
      context,
      file: join(elsewhere, 'Containerfile'),
      labels: [],
      strict: true,
    });
    assert.deepEqual(Object.keys(other.plan?.recipe ?? {}), ['digest', 'argumentNames']);
    const text = await examine({ context, text: bytes, labels: [], strict: true });
    assert.deepEqual(Object.keys(text.plan?.recipe ?? {}), ['digest', 'argumentNames']);
  });

  it('is what its stage has for builds on it', async (test) => {
    const lines = [
      'FROM scratch AS first',
      'ONBUILD COPY a b',
      'FROM first',
      'ONBUILD COPY c d',
      'ONBUILD COPY e f',
    ];
    assert.deepEqual((await plan(test, { lines })).plan?.onBuild, ['COPY c d', 'COPY e f']);
  });
});

describe('what is noted of a context', () => {
  it('is its ignore file, and what the build writes into it', async (test) => {
    const context = temporaryFolder(test, {
      app: hello,
      out: 'x',
      '.dockerignore': 'nothing',
      Containerfile: ['FROM scratch', 'COPY . /all/', ...labels].join('\n'),
    });
    const { notes, plan: planned } = await examine({
      context,
      labels: [],
      strict: true,
      outputs: [join(context, 'out')],
    });
    assert.equal(notes.length, 2);
    assert.match(notes[0] ?? '', /^the ignore file is ".*\.dockerignore"$/);
    assert.equal(notes[1], '"out" is left out of the context: this build writes it');
    assert.ok(!planned?.layers.flatMap(({ entries }) => entries).some(({ path }) => path === 'all/out'));
  });
});

describe('plans for several platforms', () => {
  const platforms = ['linux/amd64', 'linux/arm64', 'linux/riscv64'].map(parsePlatform);
  const options = (
    test: TestContext,
    lines: readonly string[],
    more: Partial<PlatformsOptions> = {},
  ): PlatformsOptions => {
    const files = { amd64: hello, Containerfile: ['FROM scratch', ...lines, ...labels.slice(1)].join('\n') };
    return { context: temporaryFolder(test, files), labels: [], strict: true, platforms, ...more };
  };

  it('name the platforms that a problem is about, unless it is about all or names them', async (test) => {
    const { errors, plans } = await examinePlatforms(
      options(test, ['ARG TARGETARCH', 'COPY $TARGETARCH /app', 'COPY none /none']),
    );
    assert.equal(plans, undefined);
    assert.deepEqual(
      errors.map(({ message }) => message),
      [
        '"arm64" is not in the context (for linux/arm64)',
        '"riscv64" is not in the context (for linux/riscv64)',
        '"none" is not in the context',
      ],
    );
    const wrong = await examinePlatforms(options(test, ['COPY amd64 /app']));
    assert.deepEqual(
      wrong.errors.map(({ message }) => message),
      ['linux/arm64', 'linux/riscv64'].map(
        (name) => `expected a binary for ${name}, got ELF64 x86-64 in "/app"`,
      ),
    );
  });

  it('are those of the platforms in their order, or of the binary', async (test) => {
    const two = platforms.slice(0, 1);
    const { plans } = await examinePlatforms(options(test, ['COPY amd64 /app'], { platforms: two }));
    assert.deepEqual(
      plans?.map(({ platform }) => platform),
      two,
    );
    const own = await examinePlatforms(options(test, ['COPY amd64 /app'], { platforms: [] }));
    assert.deepEqual(
      own.plans?.map(({ platform }) => platform),
      two,
    );
  });

  it('are none while there is a warning, where that is asked for, and otherwise it is said', async (test) => {
    const own = { platforms: [] };
    const lines = ['COPY amd64 /app', 'USER nobody', 'WORKDIR /w'];
    const reporter = notingReporter();
    await assert.rejects(planPlatforms(options(test, lines, { ...own, failOn: 'warning' }), reporter), {
      code: 'CONTEXT_PATH',
    });
    assert.deepEqual(reporter.warned, []);
    const plans = await planPlatforms(options(test, lines, { ...own, failOn: 'error' }), reporter);
    assert.equal(plans.length, 1);
    assert.equal(reporter.warned.length, 1);
    await assert.rejects(planPlatforms(options(test, ['COPY none /app'], own), reporter), {
      code: 'CONTEXT_PATH',
    });
  });
});
