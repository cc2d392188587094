// What a bunnyfile can have wrong besides, each with code, place and advice.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '../../../src/core/limits.ts';
import { readYamlTree } from '../../../src/core/bunnyfile/yaml-tree.ts';
import { formatBunny, head, kernel, parseBunny, told } from './parse-bunny.ts';

const whole = `${head}${kernel}`;
const rootfs = (lines: string) => `${whole}rootfs:\n${lines}`;
const platforms = (lines: string) =>
  `version: v0.1\nplatforms:\n  framework: linux\n  monitor: qemu\n${lines}${kernel}`;
const forms =
  'Write "- source:destination", or a mapping with "from", "source" and "destination" for files of an image.';
const kernelShape =
  'Write "from: local" and "path:" with the file, indented below "kernel:"; or an image in "from", and the path in it.';

const wrong: readonly (readonly [name: string, text: string, ...expected: string[]])[] = [
  [
    'a kernel of scratch',
    `${head}kernel: {from: scratch, path: k}\n`,
    `5:16 expected "local" or an image in "kernel.from", got "scratch" → ${kernelShape}`,
  ],
  [
    'a kernel that is a text',
    `${head}kernel: vmlinuz\n`,
    `5:9 expected a mapping in "kernel", got "vmlinuz" → ${kernelShape}`,
  ],
  [
    'a mapping for a text',
    `${head}kernel:\n  from: {a: b}\n  path: k\n`,
    '6:9 expected a text in "kernel.from", got a mapping → Write "local", or the image that has the kernel.',
  ],
  [
    'a text of blanks',
    `${head}kernel: {from: " ", path: k}\n`,
    '5:16 expected "kernel.from", got nothing → Write "local", or the image that has the kernel.',
  ],
  [
    'a mapping for a list',
    `${whole}entrypoint: {a: b}\n`,
    '9:13 expected a list in "entrypoint", got a mapping → Write entrypoint: []',
  ],
  [
    'a list with nothing in it',
    `${whole}entrypoint: [a, null]\n`,
    '9:17 expected texts in "entrypoint", got nothing → Put an item that holds ": " or begins with "[" or "{" into quotes.',
  ],
  [
    'a list with a mapping in it',
    `${whole}entrypoint: [{a: b}]\n`,
    '9:14 expected texts in "entrypoint", got a mapping → Put an item that holds ": " or begins with "[" or "{" into quotes.',
  ],
  [
    'envs that are a text',
    `${whole}envs: A=b\n`,
    '9:7 expected a list in "envs", got "A=b" → Write envs: ["A=b"]',
  ],
  [
    'envs as a mapping of nothing',
    `${whole}envs: {}\n`,
    '9:7 expected a list in "envs", got a mapping → Write "- NAME=value".',
  ],
  [
    'envs as a mapping of lists',
    `${whole}envs: {A: [b]}\n`,
    '9:7 expected a list in "envs", got a mapping → Write "- A=value".',
  ],
  [
    'a variable without a name',
    `${whole}envs: ["=b"]\n`,
    '9:8 expected NAME=value in "envs", got "=b" → Write "- NAME=value".',
  ],
  [
    'a null byte in a variable',
    `${whole}envs: ["A=\\0"]\n`,
    String.raw`9:8 expected NAME=value in "envs", got "A=\u0000" → Write "- NAME=value".`,
  ],
  [
    'a rootfs that is a text',
    `${whole}rootfs: nginx\n`,
    '9:9 expected a mapping in "rootfs", got "nginx" → Write "from:", "path:", "type:" and "include:" below it, as far as you need them.',
  ],
  [
    'a source of the rootfs',
    rootfs('  source: x\n  include: [a]\n'),
    '10:3 expected no key "source" in "rootfs" → Write "from: local", or "from:" with the image.',
  ],
  [
    'includes that are a text',
    rootfs('  include: a:b\n'),
    `10:12 expected a list in "rootfs.include", got "a:b" → ${forms}`,
  ],
  [
    'includes that are a mapping',
    rootfs('  include: {a: b}\n'),
    `10:12 expected a list in "rootfs.include", got a mapping → ${forms}`,
  ],
  [
    'an include of nothing',
    rootfs('  include: [a, null]\n'),
    `10:16 expected a text or a mapping in "rootfs.include", got nothing → ${forms}`,
  ],
  [
    'an include of scratch',
    rootfs('  include: [{from: scratch, source: a, destination: b}]\n'),
    `10:20 expected "local" or an image in "from", got "scratch" → ${forms}`,
  ],
  [
    'more includes than an image has copies',
    rootfs(`  include: [${'a, '.repeat(limits.copies)}a]\n`),
    `10:12 expected at most ${limits.copies} entries in "rootfs.include", got ${limits.copies + 1} → Name folders.`,
  ],
  [
    'a variable that is not set, in an include',
    rootfs('  include: ["$X:/a"]\n'),
    '10:13 the variable "X" is not set → Give it one with --build-arg X=value (the input "build-args"), or write \\$ for a dollar sign.',
  ],
  [
    'a variable that leaves nothing',
    `${head}kernel: {from: local, path: "\${X:-}"}\n`,
    '5:29 expected a text, got nothing: the variables in "${X:-}" are empty',
  ],
  [
    'two variables that are not set',
    `${head}kernel: {from: local, path: "$X$Y"}\n`,
    '5:29 the variable "X" is not set → Give it one with --build-arg X=value (the input "build-args"), or write \\$ for a dollar sign.',
  ],
  ...['x86x', 'xyz'].map((name): [string, string, string] => [
    `the architecture ${name}`,
    platforms(`  architecture: ${name}\n`),
    name === 'x86x'
      ? `5:17 expected an architecture, got "${name}" → Did you mean "x86"?`
      : `5:17 expected an architecture, got "${name}" → Write one of x86, x86_64, aarch64, amd64, arm64, arm, 386, riscv64, ppc64le, s390x.`,
  ]),
  [
    'a hypervisor',
    `version: v0.1\nplatforms:\n  framework: linux\n  monitor: qemu\n  hypervisor: qemu\n${kernel}`,
    '5:3 expected no key "hypervisor" in "platforms" → Write "monitor".',
  ],
  ...['v0.1x', 'xv0.1', 'v', 'v0.', '0.1-', '0.1+', '0.1 2', '0.1+a b'].map(
    (version): [string, string, string] => [
      `the version ${version}`,
      whole.replace('v0.1', `"${version}"`),
      `1:10 expected a version such as v0.1, got "${version}"`,
    ],
  ),
  ...['v0.10', 'v10', 'v0.1.0.1', '0.2-rc.1+x'].map((version): [string, string, string] => [
    `the version ${version}`,
    whole.replace('v0.1', version),
    `1:10 expected a bunnyfile of version v0.1 or earlier, got "${version}" → The version of the framework stands in "platforms".`,
  ]),
  [
    'a framework and nothing else',
    `version: v0.1\nplatforms: {framework: linux}\n${kernel}`,
    '2:1 expected "platforms.monitor", got nothing → Write for example "monitor: qemu".',
  ],
  [
    'a monitor and nothing else',
    `version: v0.1\nplatforms: {monitor: qemu}\n${kernel}`,
    '2:1 expected "platforms.framework", got nothing → Write for example "framework: unikraft".',
  ],
  [
    'a key that is a list',
    `${whole}? [a]\n: b\n`,
    '9:3 expected a word as a key → Write a key such as "kernel:".',
  ],
  [
    'two documents',
    `${whole}---\na: b\n`,
    '9:1 not valid YAML: source contains multiple documents → A bunnyfile is one document: remove the "---" and what is behind it.',
  ],
];

describe('a bunnyfile with something wrong', () => {
  for (const [name, text, ...expected] of wrong) {
    it(`says so of ${name}`, async () => {
      const { errors, stages, hasLostLabels } = await parseBunny(text);
      assert.deepEqual(told(errors), expected);
      assert.ok(errors.every(({ code }) => code === 'BUNNYFILE_INVALID'));
      assert.equal(hasLostLabels, true);
      // What is known is built on, so that its own problems are found in the same run.
      assert.ok(stages.length <= 2);
    });
  }

  it('has a code that says whether the file or the order is wrong', async () => {
    const unset = await parseBunny(`${head}kernel: {from: local, path: "k-$TARGETARCH"}\n`);
    assert.deepEqual(
      unset.errors.map(({ code }) => code),
      ['ARCHITECTURE_UNKNOWN'],
    );
    const target = await parseBunny(whole, { target: 'x' });
    assert.deepEqual(
      target.errors.map(({ code }) => code),
      ['INPUT_INVALID'],
    );
    const unused = await parseBunny(whole, { buildArguments: new Map([['A', '1']]) });
    assert.deepEqual(
      unused.warnings.map(({ code }) => code),
      ['INPUT_INVALID'],
    );
    const words = await parseBunny(whole.replace('cmd: [/init]', ''));
    assert.deepEqual(
      words.warnings.map(({ code }) => code),
      ['BUNNYFILE_INVALID'],
    );
    assert.equal(words.hasLostLabels, false);
  });

  it('asks for the argument that may be meant', async () => {
    const buildArguments = new Map([['VERSION', '1']]);
    const { errors } = await parseBunny(`${head}kernel: {from: local, path: "$VERSIONS"}\n`, {
      buildArguments,
    });
    assert.deepEqual(told(errors), ['5:29 the variable "VERSIONS" is not set → Did you mean "VERSION"?']);
    const defaults = `${head}kernel: {from: local, path: "\${VERSIONS:-1}"}\ncmd: [a]\n`;
    const { warnings } = await parseBunny(defaults, { buildArguments });
    assert.deepEqual(told(warnings), [
      '- the build argument "VERSION" is not used → Did you mean "VERSIONS"?',
    ]);
    const platform = await parseBunny(`${head}kernel: {from: local, path: "$TARGETARC"}\n`);
    assert.deepEqual(told(platform.errors), [
      '5:29 the variable "TARGETARC" is not set → Did you mean "TARGETARCH"?',
    ]);
  });

  it('refuses variables that come to more text than can be meant', async () => {
    const buildArguments = new Map([['A', 'x'.repeat(2 ** 20)]]);
    const { errors } = await parseBunny(`${head}kernel: {from: local, path: "${'$A'.repeat(100)}"}\n`, {
      buildArguments,
    });
    assert.deepEqual(told(errors), ['5:29 the variables of the file come to more text than can be meant']);
    assert.equal(errors[0]?.code, 'BUNNYFILE_INVALID');
  });

  it('refuses a reference that is malformed', async () => {
    const { errors } = await parseBunny(`${head}kernel: {from: local, path: "\${A"}\n`);
    assert.equal(errors.length, 1);
    assert.deepEqual(
      [errors[0]?.code, errors[0]?.position],
      ['BUNNYFILE_INVALID', { file: 'bunnyfile', line: 5, column: 29 }],
    );
  });

  it('lists what it warns of in the order of the places', async () => {
    const text = `${head}kernel: {from: local, path: k}\ncmdline: "a 'b'"\ncmd: [c]\n`;
    const buildArguments = new Map([
      ['B', '1'],
      ['A', '2'],
    ]);
    const { warnings } = await parseBunny(text, { buildArguments });
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [
        'what "cmdline" says is left out: "cmd" says it too',
        'the build argument "B" is not used',
        'the build argument "A" is not used',
      ],
    );
  });
});

describe('a bunnyfile with nothing wrong', () => {
  it('has no field for what it does not say', async () => {
    const { stages, ...found } = await parseBunny(whole);
    assert.equal(stages.length, 1);
    assert.deepEqual(found, {
      unbuilt: new Set(),
      hasLostLabels: false,
      optionalLabels: ['com.urunc.unikernel.version', 'com.urunc.unikernel.cmdline'],
      errors: [],
      warnings: [],
    });
    const empty = await parseBunny('- a\n');
    assert.deepEqual(empty.stages, []);
  });

  it('reads dollar signs, backslashes and quotes as they are meant', async () => {
    const path = async (text: string) => {
      const lines = await formatBunny(`${head}kernel: {from: local, path: '${text}'}\ncmd: [a]\n`);
      return lines[1];
    };
    // A dollar sign has a backslash in a Containerfile, too, and that has one in JSON.
    assert.equal(await path(String.raw`a\$b`), String.raw`COPY [a\\$b, /.boot/kernel]`);
    assert.equal(await path('$'.concat('{X:-a}b')), 'COPY ab /.boot/kernel');
  });

  it('warns of no arguments at the key that would have them', async () => {
    const placeOf = async (more: string) =>
      told((await parseBunny(`${head}kernel: {from: local, path: k}\n${more}`)).warnings).map(
        (line) => line.split(' ', 1)[0],
      );
    assert.deepEqual(await placeOf(''), ['2:1']);
    assert.deepEqual(await placeOf('entrypoint: []\n'), ['6:1']);
    assert.deepEqual(await placeOf('cmdline: ""\n'), ['6:1']);
    assert.deepEqual(await placeOf('cmdline: ""\ncmd: []\n'), ['7:1']);
    assert.deepEqual(await placeOf('entrypoint: [a]\n'), []);
    assert.deepEqual(await placeOf('rootfs: {from: "x:1"}\n'), []);
    assert.deepEqual(await placeOf('rootfs: {include: [a]}\n'), ['2:1']);
    assert.deepEqual(told((await parseBunny(`${head}kernel: {from: "x:1", path: k}\n`)).warnings), []);
  });

  it('reads includes from the context and from images', async () => {
    const lines = await formatBunny(
      rootfs(
        '  type: raw\n  include:\n  - {from: local, source: a, destination: b}\n  - {source: c, destination: /d/}\n' +
          '  - {from: "x:1", source: e, destination: f}\n  - "g//"\n  - "h/:"\n  - "i/j"\n  - "k:l/"\n',
      ),
    );
    assert.deepEqual(lines.slice(1, 8), [
      'COPY a /b',
      'COPY c /d/',
      'COPY --from=x:1 e /f',
      'COPY g// /g',
      'COPY h/ /h',
      'COPY i/j /i/j',
      'COPY k /l/',
    ]);
  });

  it('takes names of architectures with blanks, and of any case', async () => {
    for (const [written, architecture] of [
      ['" X86-64 "', 'amd64'],
      ['x64', 'amd64'],
      ['riscv', 'riscv64'],
      ['"386"', '386'],
      ['arm', 'arm'],
      ['ppc64le', 'ppc64le'],
      ['s390x', 's390x'],
    ] as const) {
      const { platform, errors } = await parseBunny(platforms(`  architecture: ${written}\n`));
      assert.deepEqual(errors, []);
      assert.equal(platform?.platform.architecture, architecture);
    }
  });

  it('takes fc for firecracker, beside the error', async () => {
    const { stages } = await parseBunny(whole.replace('qemu', 'fc'));
    const label = stages[0]?.instructions.find(({ type }) => type === 'label');
    assert.ok(label?.type === 'label');
    assert.deepEqual(label.pairs[1]?.value, 'firecracker');
  });

  it('takes a version with blanks around it, a build and a candidate', async () => {
    for (const version of ['" v0.1 "', '0.1+build.1', 'v0.1-rc.1+x-y', '00.01', 'v0.1.0.0'])
      assert.deepEqual((await parseBunny(whole.replace('v0.1', version))).errors, [], version);
  });
});

describe('the YAML of a bunnyfile', () => {
  const at = (line: number, column: number) => ({ file: 'f', line, column });

  it('has each value with its place', async () => {
    const { root, errors } = await readYamlTree('a: 0.10\nb:\n- "x"\n- null\n? c\nd: ~\n', 'f');
    assert.deepEqual(errors, []);
    assert.deepEqual(root, {
      type: 'mapping',
      position: at(1, 1),
      entries: [
        { key: 'a', position: at(1, 1), value: { type: 'scalar', text: '0.10', position: at(1, 4) } },
        {
          key: 'b',
          position: at(2, 1),
          value: {
            type: 'list',
            position: at(3, 1),
            items: [
              { type: 'scalar', text: 'x', position: at(3, 3) },
              { type: 'nothing', position: at(4, 3) },
            ],
          },
        },
        { key: 'c', position: at(5, 3), value: { type: 'nothing', position: at(5, 4) } },
        { key: 'd', position: at(6, 1), value: { type: 'nothing', position: at(6, 4) } },
      ],
    });
  });

  it('is nothing in an empty file', async () => {
    assert.deepEqual(await readYamlTree('', 'f'), {
      root: { type: 'nothing', position: at(1, 1) },
      errors: [],
    });
  });

  it('has keys as they are written', async () => {
    const { root } = await readYamlTree('1.0: a\n"b c": d\n', 'f');
    assert.ok(root?.type === 'mapping');
    assert.deepEqual(
      root.entries.map(({ key }) => key),
      ['1.0', 'b c'],
    );
  });

  it('is at most twenty deep', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}a${']'.repeat(depth)}`;
    const maps = (depth: number) => `${'{a: '.repeat(depth)}b${'}'.repeat(depth)}`;
    for (const text of [nested(20), maps(20)]) assert.deepEqual((await readYamlTree(text, 'f')).errors, []);
    for (const text of [nested(21), maps(21)]) {
      const { errors, root } = await readYamlTree(text, 'f');
      assert.deepEqual(
        told(errors).map((line) => line.replace(/^\S+ /, '')),
        ['expected fewer values within each other → Write it flat.'],
      );
      assert.equal(root, undefined);
    }
  });

  it('has one error for each place, in the order of the places', async () => {
    const { errors, root } = await readYamlTree('a: "x\nb: "y\n\tc: d\n', 'f');
    assert.equal(root, undefined);
    assert.ok(errors.length > 0);
    const places = errors.map(({ position }) => `${position?.line}:${position?.column}`);
    assert.deepEqual(new Set(places).size, places.length);
    assert.ok(errors.every(({ code, hint }) => code === 'BUNNYFILE_INVALID' && hint !== undefined));
    assert.ok(errors.every(({ message }) => /^not valid YAML: (?:[a-z]|[A-Z]{2})/.test(message)));
  });
});
