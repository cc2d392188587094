// The use cases together: what a Containerfile and a context become.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { examine } from '../../src/usecases/plan/plan.ts';
import type { PlanOptions } from '../../src/usecases/plan/plan.ts';
import { BimaError } from '../../src/core/errors.ts';
import { parsePlatform } from '../../src/core/oci/platform.ts';
import { buildContext } from '../support/build.ts';
import { temporaryFolder } from '../support/folder.ts';

const hello = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-arm64'));
const key = (name: string) => `com.urunc.unikernel.${name}`;
const label = (name: string, value: string) => `LABEL "${key(name)}"="${value}"`;

const required = [
  label('binary', '/unikernel/app'),
  label('unikernelType', 'mirage'),
  label('hypervisor', 'qemu'),
  label('cmdline', 'serve --port  80'),
  label('version', '1.0'),
];

/** A context with the lines as its Containerfile and a unikernel for arm64 as `app`. */
function contextOf(
  test: TestContext,
  lines: readonly string[],
  files: Record<string, string | Uint8Array> = {},
): string {
  return temporaryFolder(test, { app: hello, ...files, Containerfile: lines.join('\n') });
}

const usual = ['FROM scratch', 'COPY app /unikernel/', ...required];

describe('an image', () => {
  it('has every label in the three places', async (test) => {
    const { image, warnings } = await buildContext(
      test,
      contextOf(test, [...usual, 'LABEL other="a \\" b" empty=""']),
    );
    const labels = {
      [key('binary')]: '/unikernel/app',
      [key('cmdline')]: 'serve --port  80',
      [key('hypervisor')]: 'qemu',
      [key('unikernelType')]: 'mirage',
      [key('unikernelVersion')]: '1.0',
      [key('version')]: '1.0',
      empty: '',
      other: 'a " b',
    };
    assert.deepEqual(image.config.config.Labels, labels);
    assert.deepEqual(image.manifest.annotations, labels);
    const tar = image.tars.at(-1)?.toString('latin1') ?? '';
    const encoded = Object.entries(labels).map(
      ([name, value]) => `"${name}":"${Buffer.from(value).toString('base64')}"`,
    );
    assert.ok(tar.includes(`{${encoded.join(',')}}`), 'keys sorted, values in base64, nothing between');
    assert.deepEqual(warnings, []);
  });

  it('has one layer for each COPY and one for urunc.json, and a history of every instruction', async (test) => {
    const { image } = await buildContext(test, contextOf(test, [...usual, 'COPY conf /conf'], { conf: 'x' }));
    assert.equal(image.tars.length, 3);
    assert.deepEqual(
      image.config.history.map(({ created_by, empty_layer }) => [
        created_by.split(' ')[0],
        empty_layer === true,
      ]),
      [['COPY', false], ...required.map(() => ['LABEL', true]), ['COPY', false], ['LABEL', false]],
    );
    assert.deepEqual(
      [...new Set(image.config.history.map(({ created }) => created))],
      ['1970-01-01T00:00:00Z'],
    );
  });

  it('is for the platform of the binary', async (test) => {
    const { image } = await buildContext(test, contextOf(test, usual));
    assert.deepEqual([image.config.os, image.config.architecture], ['linux', 'arm64']);
    assert.deepEqual(image.entry.platform, { os: 'linux', architecture: 'arm64' });
  });

  it('has annotations in base64 when asked to, and those that were added as they are', async (test) => {
    const { image } = await buildContext(test, contextOf(test, usual), {
      annotationEncoding: 'base64',
      annotations: { 'org.opencontainers.image.title': 'app' },
    });
    assert.equal(image.manifest.annotations?.[key('hypervisor')], 'cWVtdQ==');
    assert.equal(image.manifest.annotations['org.opencontainers.image.title'], 'app');
    assert.equal(image.config.config.Labels[key('hypervisor')], 'qemu');
    assert.equal(image.config.config.Labels['org.opencontainers.image.title'], undefined);
  });

  it('takes labels from outside, and they win', async (test) => {
    const labels = [
      { key: key('hypervisor'), value: 'spt' },
      { key: 'new', value: '1' },
    ];
    const { image } = await buildContext(test, contextOf(test, usual), { labels });
    assert.equal(image.config.config.Labels[key('hypervisor')], 'spt');
    assert.equal(image.config.config.Labels.new, '1');
  });

  const withoutCmdline = usual.filter((line) => !line.includes('cmdline'));
  const commands: [
    name: string,
    lines: string[],
    expected: { Entrypoint?: string[]; Cmd?: string[]; cmdline: string },
  ][] = [
    [
      'the words of the cmdline label',
      usual,
      { Cmd: ['serve', '--port', '80'], cmdline: 'serve --port  80' },
    ],
    ['CMD', [...usual, 'CMD ["a b", "c"]'], { Cmd: ['a b', 'c'], cmdline: 'serve --port  80' }],
    [
      'ENTRYPOINT and CMD, which the cmdline follows when it has no label',
      [...withoutCmdline, 'ENTRYPOINT ["serve"]', 'CMD ["-p", "80"]'],
      { Entrypoint: ['serve'], Cmd: ['-p', '80'], cmdline: 'serve -p 80' },
    ],
    ['the last CMD', [...withoutCmdline, 'CMD ["a"]', 'CMD ["b"]'], { Cmd: ['b'], cmdline: 'b' }],
    [
      'the words of the shell form',
      [...withoutCmdline, `CMD serve 'a b'`],
      { Cmd: ['serve', 'a b'], cmdline: 'serve a b' },
    ],
  ];
  for (const [name, lines, { cmdline, ...expected }] of commands) {
    it(`runs with ${name}`, async (test) => {
      const { image } = await buildContext(test, contextOf(test, lines));
      const { Labels, ...config } = image.config.config;
      assert.deepEqual(config, expected);
      assert.equal(Labels[key('cmdline')], cmdline);
    });
  }

  it('lists the architecture of a binary inside a copied folder, behind a link, and by its whole path', async (test) => {
    const amd64 = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-amd64'));
    const lines = ['COPY tree /', 'COPY app /other/app', ...required];
    const context = contextOf(test, lines, { 'tree/real/app': amd64 });
    symlinkSync('real', join(context, 'tree/unikernel'));
    const { image } = await buildContext(test, context);
    assert.equal(image.config.architecture, 'amd64');
  });
});

describe('examine', () => {
  async function problems(
    test: TestContext,
    lines: string[],
    options: Partial<PlanOptions> = {},
    files = {},
  ): Promise<string[]> {
    const context = contextOf(test, lines, files);
    const { errors, warnings } = await examine({ context, labels: [], strict: true, ...options });
    const list = (severity: string, found: typeof errors) =>
      found.map(
        ({ code, position }) => `${severity} ${code} ${position?.line ?? 0}:${position?.column ?? 0}`,
      );
    return [...list('error', errors), ...list('warning', warnings)];
  }

  const cases: [
    name: string,
    lines: string[],
    found: string[],
    options?: Partial<PlanOptions>,
    files?: Record<string, string>,
  ][] = [
    ['nothing', usual, []],
    ['a binary that no COPY brings', [...required], ['error BINARY_MISSING 1:7']],
    [
      'a binary at another path with the same name',
      ['COPY app /elsewhere/', ...required],
      ['error BINARY_MISSING 2:7'],
    ],
    [
      'such a binary when the platform is named',
      [...required],
      ['warning BINARY_MISSING 1:7'],
      { platform: parsePlatform('linux/amd64') },
    ],
    [
      'a COPY that finds nothing, and may have brought it',
      ['COPY nothing /unikernel/app', ...required],
      ['error CONTEXT_PATH 1:6'],
      { platform: parsePlatform('linux/amd64') },
    ],
    [
      'another operating system, with a binary or without',
      [...required],
      ['error ARCHITECTURE_MISMATCH 1:7'],
      { platform: parsePlatform('windows/amd64') },
    ],
    [
      'a binary that says nothing of its architecture',
      ['COPY text /unikernel/app', ...required],
      ['error ARCHITECTURE_UNKNOWN 2:7'],
      {},
      { text: '#!/bin/sh\n' },
    ],
    [
      'such a binary when the platform is named',
      ['COPY text /unikernel/app', ...required],
      ['warning BINARY_INVALID 2:7'],
      { platform: parsePlatform('linux/amd64') },
      { text: '#!/bin/sh\n' },
    ],
    [
      'a platform that the header contradicts',
      usual,
      ['error ARCHITECTURE_MISMATCH 3:7'],
      { platform: parsePlatform('linux/amd64') },
    ],
    [
      'a urunc.json of the user',
      [...usual, 'COPY urunc.json /'],
      ['warning CONTEXT_PATH 8:1'],
      {},
      { 'urunc.json': '{}' },
    ],
    ['missing labels, once', ['COPY app /a', label('binary', '/a')], ['error LABEL_MISSING 1:1']],
    [
      'labels that only a strict build needs',
      ['COPY app /unikernel/', ...required.slice(0, 3)],
      ['warning LABEL_MISSING 1:1'],
      { strict: false },
    ],
    [
      'sources that are missing and a syntax error, together and in order',
      ['COPY nothing ../either /', 'LABEL', 'COPY ../up /', 'COPY app /unikernel/app'],
      [
        'error CONTEXT_PATH 1:6',
        'error CONTEXT_PATH 1:14',
        'error CONTAINERFILE_SYNTAX 2:1',
        'error CONTEXT_PATH 3:6',
      ],
    ],
    [
      'missing labels beside an instruction that is not supported',
      ['RUN make', 'COPY app /unikernel/', ...required.slice(0, 3)],
      ['error CONTAINERFILE_UNSUPPORTED 1:1', 'error LABEL_MISSING 1:1'],
    ],
    [
      'no missing label where one has a syntax error',
      [...usual.slice(0, -1), `LABEL ${key('version')}= 1.0`],
      ['error CONTAINERFILE_SYNTAX 7:36'],
    ],
    [
      'no missing label where one is beyond reading',
      [...usual.slice(0, -1), `LABEL ${key('version')}="1.0`],
      ['error CONTAINERFILE_SYNTAX 7:35'],
    ],
    [
      'no missing labels in a file of another kind',
      ['services:', 'kernel:', '  from: local'],
      ['error CONTAINERFILE_SYNTAX 1:1'],
    ],
    [
      'an initrd that nothing provides',
      [...usual, label('initrd', '/initrd.cpio')],
      ['warning LABEL_INVALID 8:7'],
    ],
    [
      'a base image where none can be opened',
      ['FROM debian', ...usual.slice(1)],
      ['error NOT_AVAILABLE 1:6'],
    ],
  ];
  const whole = readFileSync(join(import.meta.dirname, '../../examples/hello/hello-amd64'));
  const contents: [
    name: string,
    content: string | Uint8Array,
    severity: string,
    got: RegExp,
    hint: RegExp,
  ][] = [
    ['an empty file', '', 'error', /got an empty file$/, /has written nothing/],
    [
      'a Git LFS pointer',
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 5\n`,
      'error',
      /got a Git LFS pointer/,
      /git lfs pull/,
    ],
    [
      'an ELF file cut short',
      whole.subarray(0, 200),
      'error',
      /of 200 bytes whose program headers need \d+$/,
      /cut short/,
    ],
    ['an ELF file cut in its header', whole.subarray(0, 30), 'error', /of 30 bytes .* need 64$/, /cut short/],
    [
      'an HTML page',
      '<!DOCTYPE html>\n<html>Not found</html>\n',
      'warning',
      /text starting with "<!DOCTYPE html>"/,
      /page/,
    ],
    ['a script', '#!/bin/sh\n', 'warning', /a script/, /page/],
  ];
  const named = { platform: parsePlatform('linux/amd64') };
  for (const [name, content, severity, got, hint] of contents) {
    it(`looks at ${name} where a kernel should be, also when the platform is named`, async (test) => {
      const context = contextOf(test, usual, { app: content });
      const about = { context, labels: [], strict: true };
      const findings = await examine({ ...about, ...named });
      const found = severity === 'error' ? findings.errors : findings.warnings;
      assert.deepEqual(
        found.map(({ code }) => code),
        ['BINARY_INVALID'],
      );
      assert.match(found[0]?.message ?? '', got);
      assert.match(found[0]?.hint ?? '', hint);
      assert.equal(findings.errors.length + findings.warnings.length, 1);
      // Nobody is led to name the platform, which would only hide it.
      const { errors } = await examine(about);
      assert.equal(errors.length, 1);
      assert.match(errors[0]?.hint ?? '', hint);
    });

    for (const kind of ['initrd', 'block'] as const) {
      it(`looks at ${name} where a file for ${kind} should be`, async (test) => {
        const lines = [
          ...usual,
          `COPY other /boot/other`,
          label(kind, '/boot/other'),
          label('blkMntPoint', '/'),
        ];
        const context = contextOf(test, lines, { other: content });
        const findings = await examine({ context, labels: [], strict: true });
        const found = severity === 'error' ? findings.errors : findings.warnings;
        const codes = found.map(({ code }) => code).filter((code) => code !== 'LABEL_INVALID');
        assert.deepEqual(codes, ['BINARY_INVALID']);
        assert.match(found.find(({ code }) => code === 'BINARY_INVALID')?.message ?? '', got);
      });
    }
  }

  it('has nothing against initrds and disks, whatever they begin with', async (test) => {
    for (const content of ['070701', '07070100000000', '\0'.repeat(4096), '\x1f\x8b\x08']) {
      const lines = [...usual, `COPY other /boot/other`, label('initrd', '/boot/other')];
      const context = contextOf(test, lines, { other: content });
      const { errors, warnings } = await examine({ context, labels: [], strict: true });
      assert.deepEqual([errors, warnings], [[], []]);
    }
  });

  for (const [name, lines, found, options, files] of cases) {
    it(`finds ${name}`, async (test) => {
      assert.deepEqual(await problems(test, lines, options, files), found);
    });
  }
});

describe('the Containerfile', () => {
  const options = (context: string, file?: string): PlanOptions => ({
    context,
    labels: [],
    strict: true,
    ...(file === undefined ? {} : { file }),
  });

  it('is the Containerfile of the context, or its Dockerfile', async (test) => {
    const folder = temporaryFolder(test, { app: hello, Dockerfile: 'nonsense' });
    const place = async () => (await examine(options(folder))).errors[0]?.position?.file;
    assert.equal(await place(), join(folder, 'Dockerfile'));
    writeFileSync(join(folder, 'Containerfile'), 'nonsense');
    assert.equal(await place(), join(folder, 'Containerfile'));
  });

  it('is the file that is named, and nothing else', async (test) => {
    const folder = contextOf(test, usual, { other: 'nonsense' });
    assert.equal(
      (await examine(options(folder, join(folder, 'other')))).errors[0]?.position?.file,
      join(folder, 'other'),
    );
    await assert.rejects(examine(options(folder, join(folder, 'missing'))), {
      code: 'CONTAINERFILE_MISSING',
    });
  });

  it('is missed with an error', async (test) => {
    const folder = temporaryFolder(test);
    await assert.rejects(examine(options(folder)), { code: 'CONTAINERFILE_MISSING' });
    mkdirSync(join(folder, 'Containerfile'));
    await assert.rejects(examine(options(folder)), {
      code: 'CONTAINERFILE_MISSING',
      message: /got a directory/,
    });
  });

  it('is not read through a link that leaves the context', async (test) => {
    const folder = temporaryFolder(test, { outside: 'nonsense', 'context/app': hello });
    const context = join(folder, 'context');
    const link = join(context, 'Containerfile');
    symlinkSync('../outside', link);
    for (const file of [undefined, link])
      await assert.rejects(examine(options(context, file)), { code: 'CONTEXT_PATH' });
    const { errors } = await examine(options(context, join(folder, 'outside')));
    assert.equal(errors[0]?.code, 'CONTAINERFILE_SYNTAX', 'a file outside that is named is read');
  });

  it('can be a link inside the context', async (test) => {
    const context = contextOf(test, usual, { 'files/other': usual.join('\n') });
    symlinkSync('files/other', join(context, 'link'));
    assert.deepEqual((await examine(options(context, join(context, 'link')))).errors, []);
  });

  it(
    'is no FIFO of the context, which could be read for ever',
    { skip: process.platform === 'win32' && 'has no such files' },
    async (test) => {
      const context = temporaryFolder(test, { app: hello });
      spawnSync('mkfifo', [join(context, 'Containerfile')]);
      await assert.rejects(examine(options(context)), { code: 'CONTEXT_PATH', message: /a FIFO/ });
    },
  );

  it('is no FIFO or device that is named', { skip: process.platform === 'win32' }, async (test) => {
    const folder = contextOf(test, usual, {});
    const outside = join(temporaryFolder(test), 'pipe');
    assert.equal(spawnSync('mkfifo', [outside]).status, 0);
    for (const file of [outside, '/dev/zero']) {
      await assert.rejects(examine(options(folder, file)), {
        code: 'CONTAINERFILE_MISSING',
        message: /to be a file, got a (?:FIFO|character device)$/,
      });
    }
  });

  it('lacks labels when it is FROM scratch alone', async (test) => {
    const { errors } = await examine(options(contextOf(test, ['FROM scratch'], {})));
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['LABEL_MISSING'],
    );
  });

  it('is not read when it is far too large', async (test) => {
    const folder = temporaryFolder(test, { Containerfile: Buffer.alloc(2 * 1024 * 1024, '#') });
    await assert.rejects(examine(options(folder)), { code: 'CONTAINERFILE_SYNTAX' });
  });
});

describe('the shapes that people write', () => {
  const fixtures = join(import.meta.dirname, '../fixtures/containerfiles');
  const buildable: [name: string, options: Partial<PlanOptions>][] = [
    ['quoting-styles', {}],
    ['continued-json-label', { strict: false }],
    ['absolute-source', { strict: false }],
    ['aligned-spaces', { strict: false }],
    ['two-froms', { strict: false }],
    ['odd-values', { strict: false }],
    ['shell-form', { strict: false }],
    ['from-inside-syntax-comment', { strict: false }],
  ];
  for (const [name, options] of buildable) {
    it(`${name} is built`, async (test) => {
      const text = readFileSync(join(fixtures, `${name}.Containerfile`));
      const context = temporaryFolder(test, { Containerfile: text });
      // Whatever a COPY names is there: a unikernel, so that it can be the binary as well.
      for (const [, source = ''] of text.toString().matchAll(/^\s*copy\s+(\S+)/gim)) {
        const path = join(context, source);
        mkdirSync(join(path, '..'), { recursive: true });
        if (/\.[a-z0-9]+$|[^/]$/.test(source) && !/^(?:\/?conf|.*data)\/?$/.test(source))
          writeFileSync(path, source.endsWith('.cpio') ? `070701${'0'.repeat(106)}` : hello);
        else {
          mkdirSync(path, { recursive: true });
          writeFileSync(join(path, 'file'), 'x');
        }
      }
      const { image } = await buildContext(test, context, options);
      assert.equal(image.config.architecture, 'arm64');
      assert.ok(image.config.config.Labels[key('binary')]);
    });
  }

  const refused: [name: string, code: string, line: number][] = [
    ['arch-instruction', 'CONTAINERFILE_UNSUPPORTED', 2],
    ['windows-editor', 'LABEL_MISSING', 1],
    ['bunnyfile', 'CONTEXT_PATH', 10],
    ['multi-stage', 'CONTAINERFILE_UNSUPPORTED', 5],
    ['unquoted-kernel-arguments', 'CONTAINERFILE_SYNTAX', 6],
    ['destinations', 'CONTEXT_PATH', 6],
  ];
  for (const [name, code, line] of refused) {
    it(`${name} gets its error`, async (test) => {
      const context = temporaryFolder(test, {
        Containerfile: readFileSync(join(fixtures, `${name}.Containerfile`)),
      });
      const { errors } = await examine({ context, labels: [], strict: false });
      const found = errors.find(
        (error) => error.code === code && (line === 0 || error.position?.line === line),
      );
      assert.ok(found, JSON.stringify(errors, null, 1));
    });
  }

  it('never end in another error than our own', async (test) => {
    const context = temporaryFolder(test, { app: hello });
    for (const [name] of [...buildable, ...refused]) {
      const file = join(fixtures, `${name}.Containerfile`);
      await examine({ context, file, labels: [], strict: true }).catch((error: unknown) => {
        assert.ok(error instanceof BimaError, name);
      });
    }
  });
});

describe('a pattern', () => {
  it('takes a bracket in the way that the hint for a malformed one says', async (test) => {
    const context = contextOf(test, ['COPY a[ /x/', ...usual.slice(1)], { 'a[': '' });
    const hint = (await examine({ context, labels: [], strict: true })).errors[0]?.hint ?? '';
    const bracket = /write "(.+)" for/.exec(hint)?.[1] ?? '';
    const corrected = contextOf(test, [`COPY a${bracket} /x/`, ...usual.slice(1)], { 'a[': '' });
    assert.deepEqual((await examine({ context: corrected, labels: [], strict: true })).errors, []);
  });

  it('can match more files than a call takes arguments', (test) => {
    const context = contextOf(test, ['COPY many/* /many/', ...usual.slice(1)]);
    mkdirSync(join(context, 'many'));
    for (let index = 0; index < 12_000; index++) writeFileSync(join(context, 'many', `${index}`), '');
    // A small stack takes some 10,000 arguments, the usual one twelve times as many.
    const program = `
      const { examine } = await import(${JSON.stringify(import.meta.resolve('../../src/usecases/plan/plan.ts'))});
      const options = { context: ${JSON.stringify(context)}, labels: [], strict: true };
      const { plan } = await examine(options);
      console.log(plan.layers[0].entries.length);`;
    const child = spawnSync(process.execPath, ['--stack-size=80', '--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    assert.equal(child.stdout.trim(), '12001', child.stderr);
  });
});
