import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatBunny, head, kernel, parseBunny, told } from './parse-bunny.ts';

const platforms = (lines: string) => `version: v0.1\nplatforms:\n${lines}${kernel}`;
const rootfs = (lines: string) => `${head}${kernel}rootfs:\n${lines}`;

describe('parseBunnyfile', () => {
  for (const version of ['v0.1', '0.1', 'v0.0.9', '0.1.0', 'v0', '"0.1"', 'v0.1-rc1'])
    it(`takes the version ${version}`, async () => {
      const { errors, warnings } = await parseBunny(`${head}${kernel}`.replace('v0.1', version));
      assert.deepEqual([...errors, ...warnings], []);
    });

  it('takes a version of the framework as it is written, and needs none', async () => {
    const [, , label = ''] = await formatBunny(
      platforms('  framework: unikraft\n  monitor: qemu\n  version: 0.10\n'),
    );
    assert.match(label, /unikernelVersion=0\.10$/);
    const { optionalLabels } = await parseBunny(`${head}${kernel}`);
    assert.deepEqual(optionalLabels, ['com.urunc.unikernel.version', 'com.urunc.unikernel.cmdline']);
  });

  for (const [written, architecture] of [
    ['x86', 'amd64'],
    ['x86_64', 'amd64'],
    ['AMD64', 'amd64'],
    ['aarch64', 'arm64'],
    ['${TARGETARCH:-arm64}', 'arm64'],
  ] as const)
    it(`reads the architecture ${written}`, async () => {
      const text = platforms(`  framework: linux\n  monitor: qemu\n  architecture: ${written}\n`);
      const { platform, errors } = await parseBunny(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(platform, {
        platform: { os: 'linux', architecture },
        position: { file: 'bunnyfile', line: 5, column: 17 },
      });
    });

  it('replaces variables in paths, images, versions and architectures, and in nothing else', async () => {
    const text = `version: v0.1
platforms: {framework: linux, monitor: "$MONITOR", version: "\${V}", architecture: $TARGETARCH}
kernel: {from: "lib/kernel:\${V}", path: "/vmlinuz-$TARGETARCH"}
rootfs: {from: "os:\${V}", type: raw, include: ["a-$V:/b\\\\$V"]}
envs: [A=$V]
cmd: ["$V", '\${TARGETARCH}']
`;
    const buildArguments = new Map([
      ['V', '6.1'],
      ['MONITOR', 'qemu'],
    ]);
    const sources = { buildArguments, platform: { os: 'linux', architecture: 'arm64' } };
    assert.deepEqual(await formatBunny(text, sources), [
      'FROM os:6.1',
      'COPY [a-6.1, /b\\\\$V]',
      'COPY --from=lib/kernel:6.1 /vmlinuz-arm64 /.boot/kernel',
      'LABEL unikernelType=linux hypervisor=qemu binary=/.boot/kernel unikernelVersion=6.1 mountRootfs=true',
      "ENV A='$V'",
      'CMD [$V, \\\\${TARGETARCH}]',
    ]);
    const { warnings } = await parseBunny(text, sources);
    assert.deepEqual(warnings, []);
  });

  it('has cmd, entrypoint and envs as they are, and leaves out empty ones', async () => {
    const words = `envs:\n- A=b=c\n- EMPTY=\nentrypoint: ["/init", "a b"]\ncmd:\n- 'it''s'\n- 1.0\n- true\n`;
    const { stages } = await parseBunny(`${head}${kernel.replace('cmd: [/init]\n', '')}${words}`);
    const instructions = stages[0]?.instructions.slice(2) ?? [];
    assert.deepEqual(
      instructions.map((one) =>
        one.type === 'env'
          ? one.pairs.map(({ key, value }) => [key, value])
          : 'arguments' in one
            ? one.arguments
            : one.type,
      ),
      [
        [['A', 'b=c']],
        [['EMPTY', '']],
        { form: 'exec', words: ['/init', 'a b'] },
        { form: 'exec', words: ["it's", '1.0', 'true'] },
      ],
    );
    const nothing = kernel.replace('cmd: [/init]', 'cmd: []\nentrypoint: []\nenvs:');
    const without = await parseBunny(`${head}${nothing}`);
    assert.deepEqual(without.stages[0]?.instructions.length, 2);
  });

  it('splits cmdline as a shell does, and asks for cmd where there are quotes', async () => {
    const cmdline = (text: string) => `${head}${kernel.replace('cmd: [/init]', `cmdline: ${text}`)}`;
    assert.equal((await formatBunny(cmdline('/init  -v a'))).at(-1), 'CMD [/init, -v, a]');
    assert.deepEqual((await parseBunny(cmdline('/init -v a'))).warnings, []);
    const quoted = cmdline(`"/bin/x -g \\"daemon off;\\" 'b'"`);
    assert.equal((await formatBunny(quoted)).at(-1), 'CMD [/bin/x, -g, daemon off;, b]');
    assert.deepEqual(told((await parseBunny(quoted)).warnings), [
      `8:10 the quotes in "cmdline" are read as a shell reads them: "/bin/x -g \\"daemon off;\\" 'b'" → Write cmd: ["/bin/x", "-g", "daemon off;", "b"], which leaves no doubt.`,
    ]);
    const backticks = cmdline('"--hello=`Bunny`"');
    assert.equal((await formatBunny(backticks)).at(-1), 'CMD [--hello=`Bunny`]');
    assert.equal((await parseBunny(backticks)).warnings.length, 1);
    const { errors } = await parseBunny(cmdline(`"it's"`));
    assert.match(told(errors).join(), /^8:10 a quote in "it's" is never closed/);
  });

  const wrong: [name: string, text: string, expected: string[]][] = [
    [
      'an empty mapping',
      '{version: v0.1}',
      [
        '1:1 expected "platforms", got nothing → Write "framework: linux" and "monitor: qemu", each on a line of its own, indented below "platforms:".',
        '1:1 expected "kernel", got nothing → Write "from: local" and "path:" with the file, indented below "kernel:"; or an image in "from", and the path in it.',
      ],
    ],
    [
      'a list',
      '- version: v0.1',
      [
        '1:1 expected a mapping with "version", "platforms" and "kernel" → Begin with "version: v0.1" and "platforms:".',
      ],
    ],
    [
      'no version',
      `${head}${kernel}`.replace('version: v0.1\n', ''),
      ['1:1 expected "version", got nothing → Write "version: v0.1".'],
    ],
    [
      'an empty version',
      `${head}${kernel}`.replace('v0.1', '""'),
      ['1:10 expected "version", got nothing → Write "version: v0.1".'],
    ],
    [
      'a version that is none',
      `${head}${kernel}`.replace('v0.1', 'first'),
      ['1:10 expected a version such as v0.1, got "first"'],
    ],
    ...['v0.2', '1', 'v0.1.1'].map((version): [string, string, string[]] => [
      `the version ${version}`,
      `${head}${kernel}`.replace('v0.1', version),
      [
        `1:10 expected a bunnyfile of version v0.1 or earlier, got "${version}" → The version of the framework stands in "platforms".`,
      ],
    ]),
    [
      'a list of platforms',
      platforms('- framework: linux\n  monitor: qemu\n'),
      [
        '3:1 expected a mapping in "platforms", got a list → Write "framework: linux" and "monitor: qemu", each on a line of its own, indented below "platforms:". For several platforms, build the file with --platform linux/amd64,linux/arm64 and write "architecture: ${TARGETARCH}".',
      ],
    ],
    [
      'fc',
      platforms('  framework: linux\n  monitor: fc\n'),
      ['4:12 expected a monitor that urunc knows, got "fc" → Write "firecracker".'],
    ],
    [
      'neither framework nor monitor',
      platforms('  frameworks: linux\n  monitor:\n'),
      [
        '2:1 expected "platforms.framework", got nothing → Write for example "framework: unikraft".',
        '3:3 unknown key "frameworks" in "platforms" → Did you mean "framework"?',
        '4:3 expected "platforms.monitor", got nothing → Write for example "monitor: qemu".',
      ],
    ],
    [
      'an architecture that is none',
      platforms('  framework: linux\n  monitor: qemu\n  architecture: arm46\n'),
      ['5:17 expected an architecture, got "arm46" → Did you mean "arm64"?'],
    ],
    [
      'the name that architecture once had',
      platforms('  framework: linux\n  monitor: qemu\n  arch: x86\n'),
      ['5:3 expected no key "arch" in "platforms" → Write "architecture".'],
    ],
    [
      'an app',
      `${head}app:\n  name: block\n`,
      [
        '5:1 expected no key "app" → Nothing is compiled here: build the application before, and name its kernel in "kernel".',
      ],
    ],
    [
      'a kernel without from and path',
      `${head}kernel:\n  source: host\n`,
      [
        '5:1 expected "kernel.from", got nothing → Write "local", or the image that has the kernel.',
        '5:1 expected "kernel.path", got nothing → Write the path of the kernel, in the context or in the image.',
        '6:3 expected no key "source" in "kernel" → Write "from: local", or "from:" with the image.',
      ],
    ],
    [
      'a key that is given twice',
      `${head}${kernel}cmd: [b]\n`,
      ['9:1 the key "cmd" is given twice, first on line 8 → Remove one of the two.'],
    ],
    ['a mistyped key', `${head}${kernel}env: [A=b]\n`, ['9:1 unknown key "env" → Did you mean "envs"?']],
    [
      'an unknown key',
      `${head}${kernel}labels: {a: b}\n`,
      [
        '9:1 unknown key "labels" → The keys are version, platforms, kernel, rootfs, cmd, cmdline, entrypoint, envs.',
      ],
    ],
    [
      'a text for a list',
      `${head}${kernel}entrypoint: /init 'a b'\n`,
      [`9:13 expected a list in "entrypoint", got "/init 'a b'" → Write entrypoint: ["/init", "a b"]`],
    ],
    [
      'a list in a list',
      `${head}${kernel}entrypoint: [a, [b]]\n`,
      [
        '9:17 expected texts in "entrypoint", got a list → Put an item that holds ": " or begins with "[" or "{" into quotes.',
      ],
    ],
    [
      'envs as a mapping',
      `${head}${kernel}envs:\n  HOME: /x\n`,
      ['10:3 expected a list in "envs", got a mapping → Write "- HOME=/x".'],
    ],
    [
      'an environment variable without a value',
      `${head}${kernel}envs: [HOME]\n`,
      ['9:8 expected NAME=value in "envs", got "HOME" → Write "- NAME=value".'],
    ],
    [
      'a list for a text',
      `${head}kernel:\n  from: [local]\n  path: k\n`,
      ['6:9 expected a text in "kernel.from", got a list → Write "local", or the image that has the kernel.'],
    ],
    [
      'a path without from',
      rootfs('  path: r\n'),
      [
        '10:3 expected "local" or an image in "rootfs.from" beside "path", got nothing → Write "from: local" for a file of the context.',
      ],
    ],
    [
      'a path with scratch',
      rootfs('  from: scratch\n  path: r\n'),
      [
        '11:3 expected "local" or an image in "rootfs.from" beside "path", got "scratch" → Write "from: local" for a file of the context.',
      ],
    ],
    [
      'a path of type raw',
      rootfs('  from: x\n  path: r\n  type: raw\n'),
      [
        '11:3 expected no "rootfs.path" with "type: raw" → Write "type: initrd" or "type: block" for a file, or "from: scratch" and the folder in "include" for files that the container has.',
      ],
    ],
    [
      'local of type raw',
      rootfs('  from: local\n  type: raw\n'),
      [
        '10:3 expected no "rootfs.from" with "type: raw" → Write "type: initrd" or "type: block" for a file, or "from: scratch" and the folder in "include" for files that the container has.',
      ],
    ],
    [
      'local without a path',
      rootfs('  from: local\n'),
      [
        '10:3 expected "rootfs.path" with "from: local", got nothing → Name the initrd or the block image, or write "from: scratch" and the files in "include" to have one written.',
      ],
    ],
    [
      'include beside a path',
      rootfs('  from: local\n  path: r\n  include: [a]\n'),
      [
        '12:3 expected no "rootfs.include" beside "path" → A file that is there stays as it is: leave "path" out to have one written of the included files.',
      ],
    ],
    [
      'an initrd of nothing',
      rootfs('  type: initrd\n'),
      [
        '10:3 expected files for the initrd in "rootfs", got none → Name them in "include", or an image in "from"; a file that is there needs "from: local" and "path:".',
      ],
    ],
    [
      'a type that is none',
      rootfs('  type: cpio\n'),
      [
        '10:9 expected raw, initrd or block in "rootfs.type", got "cpio" → Write "raw" for files that the container has, "initrd" for a cpio archive, or "block" for a file system.',
      ],
    ],
    [
      'a block image for Unikraft',
      rootfs('  type: block\n  include: [a]\n').replace('linux', 'unikraft'),
      [
        '10:3 expected raw or initrd in "rootfs.type" with unikraft, got "block" → Write "initrd": urunc gives Unikraft no block device.',
      ],
    ],
    [
      'includes that can’t be made out',
      rootfs(
        '  include:\n  - ":a"\n  - a:b:c\n  - {from: local, source: a}\n  - {source: "", destination: b, path: c}\n  - [a]\n',
      ),
      [
        '11:5 expected a source before ":" in "rootfs.include", got ":a" → Write "- source:destination", or a mapping with "from", "source" and "destination" for files of an image.',
        '12:5 expected one ":" in "rootfs.include", got "a:b:c" → Write "- source:destination", or a mapping with "from", "source" and "destination" for files of an image.',
        '13:5 expected "rootfs.include.destination", got nothing → Write its path in the rootfs.',
        '14:14 expected "rootfs.include.source", got nothing → Write the path of what is copied.',
        '14:34 expected no key "path" in "rootfs.include" → Write "source".',
        '15:5 expected a text or a mapping in "rootfs.include", got a list → Write "- source:destination", or a mapping with "from", "source" and "destination" for files of an image.',
      ],
    ],
    [
      'an alias',
      `${head}${kernel}envs: [&a A=b, *a]\n`,
      ['9:16 expected a value, got the alias "*a" → Write out what it stands for.'],
    ],
    [
      'a quote that is never closed',
      'version: v0.1\nkernel: {from: "local, path: k}\n',
      ['3:1 not valid YAML: missing closing "quote → Close every quote and every bracket.'],
    ],
    [
      'keys that are not below each other',
      'version: v0.1\nplatforms:\n  framework: linux\n monitor: qemu\n',
      [
        '4:1 not valid YAML: all mapping items must start at the same column → Give all keys of one mapping the same number of spaces.',
      ],
    ],
    [
      'tabs',
      `version: v0.1\nplatforms:\n\tframework: linux\n`,
      ['3:1 not valid YAML: tabs are not allowed as indentation → Indent with spaces: YAML takes no tabs.'],
    ],
    [
      'a variable that is not set',
      `${head}kernel: {from: local, path: "k-$ARCH"}\n`,
      [
        '5:29 the variable "ARCH" is not set → Give it one with --build-arg ARCH=value (the input "build-args"), or write \\$ for a dollar sign.',
      ],
    ],
    [
      'a platform that is not named',
      `${head}kernel: {from: local, path: "k-$TARGETARCH"}\n`,
      [
        '5:29 expected a platform for the variable "TARGETARCH", got none → Name the platforms, with --platform or the input "platforms", or write a default such as ${TARGETARCH:-amd64}.',
      ],
    ],
  ];
  for (const [name, text, expected] of wrong)
    it(`says what is wrong with ${name}`, async () => {
      assert.deepEqual(told((await parseBunny(text)).errors), expected);
    });

  it('says that the architecture is another than the one that is built', async () => {
    const text = platforms('  framework: linux\n  monitor: qemu\n  architecture: x86\n');
    const platform = { os: 'linux', architecture: 'arm64' };
    assert.deepEqual(told((await parseBunny(text, { platform })).errors), [
      '5:17 expected an architecture for linux/arm64, which is built, got "x86" → Write "architecture: ${TARGETARCH}" in a file for several platforms, or leave it out.',
    ]);
  });

  it('says that there is no target', async () => {
    assert.deepEqual(told((await parseBunny(`${head}${kernel}`, { target: 'root' })).errors), [
      '- expected no target with a bunnyfile, which has no stages, got "root" → Leave --target (the input "target") out.',
    ]);
  });

  it('warns of build arguments that nothing takes, but not of those of every build', async () => {
    const buildArguments = new Map([
      ['VERSION', '1'],
      ['HTTP_PROXY', 'x'],
      ['TAG', '1'],
    ]);
    const text = `${head}kernel: {from: "k:$TAG", path: /k}\n`;
    assert.deepEqual(told((await parseBunny(text, { buildArguments })).warnings), [
      '- the build argument "VERSION" is not used → Write ${VERSION} where it is meant: in a path, an image, the version or the architecture.',
    ]);
  });

  it('warns of a guest without arguments, and of a cmdline that counts for nothing', async () => {
    const text = `${head}${kernel.replace('cmd: [/init]', 'cmdline: ""')}`;
    assert.match(
      told((await parseBunny(text)).warnings).join(),
      /^8:1 expected arguments for the guest in "cmd", got none/,
    );
    const both = await parseBunny(`${head}${kernel}cmdline: /other\n`);
    assert.deepEqual(told(both.warnings), [
      '9:1 what "cmdline" says is left out: "cmd" says it too → Remove "cmdline".',
    ]);
  });

  it('never throws, and never gives stages without a kernel', async () => {
    const word = fc.constantFrom(
      ...[
        'version: v0.1',
        'platforms:',
        'kernel:',
        'rootfs:',
        '  from: local',
        '  path: a',
        '  framework: linux',
      ],
      ...[
        '  monitor: qemu',
        '- a',
        '  - b:c',
        '  include:',
        'cmd: [',
        ']',
        '{',
        '}',
        '"',
        "'",
        '&a',
        '*a',
        '? ',
        ': ',
      ],
      ...[
        '!!x ',
        '|',
        '>',
        '---',
        '...',
        '\t',
        '$',
        '${',
        '\\',
        '#',
        '%',
        '@',
        '\u0000',
        '\u2028',
        '<<: x',
        'null',
        '~',
      ],
    );
    const separator = fc.constantFrom('\n', ' ', '', '\r\n', '\r');
    const text = fc.array(fc.tuple(word, separator), { maxLength: 40 }).map((parts) => parts.flat().join(''));
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const { stages, errors } = await parseBunny(content);
        assert.ok(stages.length > 0 || errors.length > 0);
        for (const { position } of errors)
          assert.ok(position !== undefined && position.line >= 1 && position.column >= 1);
      }),
      { numRuns: 1500 },
    );
  });
});
