// What each command prints and leaves, from its arguments to its exit code: as text, as JSON, in files and streams.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import pkg from '../../package.json' with { type: 'json' };
import { commandHelp, generalHelp } from '../../src/cli/help.ts';
import { run } from '../../src/cli/run.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { readAll } from '../../src/core/oci/blob.ts';
import { startRegistry } from '../support/registry.ts';
import { scriptContainerd } from '../support/scripted-containerd.ts';
import { verifyLayout } from '../support/verify-layout.ts';
import { temporaryFolder } from '../support/folder.ts';

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bima(args: readonly string[], more: Partial<Terminal> = {}): Promise<Printed> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment: {},
    stdout: (line) => stdout.push(line),
    stderr: (line) => stderr.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
    ...more,
  });
  return { code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

async function must(args: readonly string[], more: Partial<Terminal> = {}): Promise<Printed> {
  const printed = await bima(args, more);
  assert.equal(printed.code, 0, printed.stderr);
  return printed;
}

const jsonOf = ({ stdout }: Printed) => JSON.parse(stdout) as Record<string, unknown>;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** The example, which gets no warning. */
function helloContext(test: TestContext): string {
  const folder = join(temporaryFolder(test), 'context');
  mkdirSync(folder);
  for (const name of ['hello-amd64', 'hello-arm64', 'Containerfile'])
    copyFileSync(join('examples/hello', name), join(folder, name));
  return folder;
}

const helloLabels = {
  'com.urunc.unikernel.binary': '/unikernel/hello',
  'com.urunc.unikernel.cmdline': 'hello from urunc',
  'com.urunc.unikernel.hypervisor': 'qemu',
  'com.urunc.unikernel.unikernelType': 'mirage',
  'com.urunc.unikernel.unikernelVersion': '1.0.0',
  'com.urunc.unikernel.version': '1.0.0',
};

/** A layout of the example under `a/b:1`; with its context. */
async function builtLayout(test: TestContext): Promise<{ context: string; layout: string; digest: string }> {
  const context = helloContext(test);
  const layout = join(dirname(context), 'layout');
  const { stdout } = await must(['build', '-o', 'oci', '--dest', layout, '-t', 'a/b:1', context]);
  return { context, layout, digest: stdout };
}

describe('bima', () => {
  it('prints help and its version', async () => {
    assert.deepEqual(await bima([]), { code: 0, stdout: generalHelp(pkg.version), stderr: '' });
    assert.deepEqual(await bima(['help', 'merge']), { code: 0, stdout: commandHelp('merge'), stderr: '' });
    assert.deepEqual(await bima(['-v']), { code: 0, stdout: `bima version ${pkg.version}`, stderr: '' });
  });

  it('exits with 2 for wrong words, and with 1 for what fails', async (test) => {
    const wrong = await bima(['biuld']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^bima: error: expected a command .*got "biuld"\n {2}Did you mean "build"\?/);
    const context = helloContext(test);
    const name = await bima(['build', '--tar', '-t', 'A/b', context]);
    assert.equal(name.code, 2);
    assert.match(name.stderr, /^bima: error: "A\/b" is not an image reference/);
    const missing = await bima(['build', '--tar', '-t', 'a', join(context, 'none')]);
    assert.equal(missing.code, 1);
  });

  it('says all that is wrong', async () => {
    const { code, stderr } = await bima(['build', '--tga', 'x', '--fiel', 'y', '.']);
    assert.equal(code, 2);
    assert.deepEqual(stderr.split('\n'), [
      'bima: error: bima build has no option --tga',
      '  Did you mean --tag? See "bima build --help".',
      'bima: error: bima build has no option --fiel',
      '  Did you mean --file? See "bima build --help".',
    ]);
  });

  it('says that it was interrupted, and no more', async (test) => {
    const { layout } = await builtLayout(test);
    const signal = AbortSignal.abort();
    const args = ['push', layout, '127.0.0.1:1/a/b:1'];
    const { code, stdout, stderr } = await bima(args, { signal });
    assert.deepEqual(
      [code, stdout, stderr.split('\n').at(-1)],
      [1, '', 'bima: the push was interrupted before any tag moved'],
    );
    const inspected = await bima(['inspect', '127.0.0.1:1/a/b:1'], { signal });
    assert.deepEqual(inspected, { code: 1, stdout: '', stderr: 'bima: interrupted' });
  });

  it('asks for a report of what nobody thought of', async () => {
    const stdout = () => {
      throw new TypeError('odd');
    };
    const { code, stderr } = await bima(['--version'], { stdout });
    assert.equal(code, 1);
    assert.match(stderr, /^bima: internal error, please report it:\nTypeError: odd\n {4}at /);
    const other = await bima(['--version'], {
      stdout: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw 'a text';
      },
    });
    assert.equal(other.stderr, 'bima: internal error, please report it:\na text');
  });
});

describe('bima build', () => {
  it('prints the digest, or all of it as JSON', async (test) => {
    const { context, layout, digest } = await builtLayout(test);
    assert.match(digest, digestPattern);
    const [image] = verifyLayout(layout);
    assert.equal(image?.entry.digest, digest);
    const printed = await must(['build', '-o', 'oci', '--dest', layout, '-t', 'a/b:1', '--json', context]);
    const { config, layers, ...rest } = jsonOf(printed);
    assert.deepEqual(rest, {
      digest,
      platform: 'linux/amd64',
      labels: helloLabels,
      tags: ['docker.io/a/b:1'],
      layout,
    });
    assert.match(String(config), digestPattern);
    for (const layer of layers as Record<string, unknown>[]) {
      for (const key of ['mediaType', 'digest', 'size', 'diffId']) assert.ok(key in layer, key);
      assert.match(String(layer.diffId), digestPattern);
      assert.notEqual(layer.diffId, layer.digest);
    }
    assert.equal((layers as unknown[]).length, 2);
  });

  it('describes an index by its images', async (test) => {
    const context = helloContext(test);
    const files = ['iid', 'digest', 'metadata'].map((name) =>
      join(context, '..', `${basename(context)}.${name}`),
    );
    const [iid = '', digestFile = '', metadata = ''] = files;
    const printed = await must([
      ...['build', '--tar', '--dest', join(context, 'x.tar'), '-t', 'a:1', '--json', context],
      ...['--platform', 'linux/amd64,linux/arm64'],
      ...['--iidfile', iid, '--digestfile', digestFile, '--metadata-file', metadata],
    ]);
    const { digest, platforms, tags, archive, ...rest } = jsonOf(printed);
    assert.deepEqual(rest, {});
    assert.deepEqual([tags, archive], [['docker.io/library/a:1'], join(context, 'x.tar')]);
    assert.deepEqual(
      (platforms as Record<string, unknown>[]).map(({ platform }) => platform),
      ['linux/amd64', 'linux/arm64'],
    );
    // An index has no config: its own digest is the ID.
    assert.equal(readFileSync(iid, 'utf8'), digest);
    assert.equal(readFileSync(digestFile, 'utf8'), digest);
    const known = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, unknown>;
    assert.equal(known['containerimage.digest'], digest);
    assert.ok(readFileSync(metadata, 'utf8').endsWith('}\n'));
  });

  it('writes its result into files, and leaves none of an earlier run', async (test) => {
    const context = helloContext(test);
    const folder = temporaryFolder(test, { iid: 'old', digest: 'old', metadata: 'old' });
    const at = (name: string) => join(folder, name);
    const files = ['--iidfile', at('iid'), '--digestfile', at('digest'), '--metadata-file', at('metadata')];
    const options = ['build', '--tar', '--dest', at('a.tar'), '-t', 'a:1', '--json', ...files];
    const { config, digest } = jsonOf(await must([...options, context]));
    assert.equal(readFileSync(at('iid'), 'utf8'), config);
    assert.equal(readFileSync(at('digest'), 'utf8'), digest);
    writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY none /\n');
    assert.equal((await bima([...options, context])).code, 1);
    assert.deepEqual(readdirSync(folder), ['a.tar']);
    for (const [option, path] of [
      ['iidfile', ''],
      ['digestfile', '-'],
      ['metadata-file', ''],
    ] as const) {
      const { code, stderr } = await bima(['build', '--tar', '-t', 'a', `--${option}=${path}`, context]);
      assert.deepEqual(
        [code, stderr],
        [2, `bima: error: expected the path of a file for --${option}, got "${path}"`],
      );
    }
  });

  it('writes an archive to standard output, and what is to be said elsewhere', async (test) => {
    const context = helloContext(test);
    let bytes: Uint8Array = new Uint8Array();
    const stdoutBytes: Terminal['stdoutBytes'] = async (stream) => {
      bytes = await readAll(stream);
    };
    const args = ['build', '--tar', '--dest', '-', '-t', 'a/b:1', context];
    const { stdout, stderr } = await must(args, { stdoutBytes });
    assert.equal(stdout, '');
    assert.match(stderr.split('\n').at(-1) ?? '', digestPattern);
    assert.match(stderr, /^wrote the archive to standard output$/m);
    const archive = join(context, '..', 'a.tar');
    writeFileSync(archive, bytes);
    const inspected = JSON.parse((await must(['inspect', '--json', archive])).stdout) as {
      descriptor: { digest: string };
    }[];
    assert.equal(inspected[0]?.descriptor.digest, stderr.split('\n').at(-1));
    const quiet = await must([...args, '--quiet', '--json'], { stdoutBytes });
    assert.equal((JSON.parse(quiet.stderr) as { archive: string }).archive, '-');
  });

  it('pushes, and says what had to be sent', async (test) => {
    await using registry = await startRegistry();
    const context = helloContext(test);
    const names = [`${registry.host}/a/b:1`, `${registry.host}/a/b:2`];
    const args = ['build', '--push', ...names.flatMap((name) => ['-t', name]), '--json', context];
    const first = jsonOf(await must(args));
    assert.deepEqual(first.tags, names);
    const [pushed, ...others] = first.pushed as {
      repository: string;
      references: { reference: string }[];
      blobs: { digest: string; size: number; stored: string }[];
    }[];
    assert.ok(pushed);
    assert.deepEqual(others, []);
    assert.equal(pushed.repository, `${registry.host}/a/b`);
    assert.equal(pushed.references.length, 2);
    assert.equal(pushed.blobs.length, 3);
    for (const blob of pushed.blobs) {
      assert.deepEqual(Object.keys(blob), ['digest', 'size', 'stored']);
      assert.match(blob.digest, digestPattern);
      assert.ok(blob.size > 0);
    }
    const { stderr } = await must([...args.filter((arg) => arg !== '--json')]);
    assert.match(stderr, /a\/b/);
    registry.assertRules();
  });

  it('checks alone with --check', async (test) => {
    const context = helloContext(test);
    assert.deepEqual(await bima(['build', '--check', context]), {
      code: 0,
      stdout: '',
      stderr: '0 errors, 0 warnings',
    });
    assert.deepEqual(readdirSync(context).sort(), ['Containerfile', 'hello-amd64', 'hello-arm64']);
  });

  it('says where else an image can go when there is no containerd that it was told of', async (test) => {
    if (process.platform !== 'linux') return;
    const context = helloContext(test);
    const address = join(temporaryFolder(test), 'none.sock');
    const program = process.execPath;
    const args = ['build', '-t', 'a', '-a', address, '--ctr', program, context];
    const implied = await bima(args);
    assert.equal(implied.code, 1);
    assert.match(
      implied.stderr,
      /containerd does not run[^]*Without --output the image goes into containerd\./,
    );
    for (const given of [['--load'], ['-o', 'ctr']]) {
      const asked = await bima([...args, ...given]);
      assert.equal(asked.code, 1);
      assert.match(asked.stderr, /containerd does not run/);
      assert.doesNotMatch(asked.stderr, /Without --output/);
    }
  });

  it('takes attestations along, as files and in the image', async (test) => {
    const context = helloContext(test);
    const folder = temporaryFolder(test);
    const [sbom, provenance] = [join(folder, 's.json'), join(folder, 'p.json')];
    const layout = join(folder, 'layout');
    const args = [
      'build',
      '-o',
      'oci',
      '--dest',
      layout,
      '-t',
      'a:1',
      '--sbom',
      sbom,
      '--provenance',
      provenance,
    ];
    const { stderr } = await must([...args, context]);
    assert.match(stderr, new RegExp(`^wrote the bill of materials ${sbom}$`, 'm'));
    assert.match(stderr, new RegExp(`^wrote the provenance ${provenance}$`, 'm'));
    assert.match(stderr, new RegExp(`^wrote the layout ${layout}$`, 'm'));
    const spdx = JSON.parse(readFileSync(sbom, 'utf8')) as { spdxVersion: string };
    assert.equal(spdx.spdxVersion, 'SPDX-2.3');
    const statement = JSON.parse(readFileSync(provenance, 'utf8')) as {
      predicate: { runDetails: { builder: { version: Record<string, string> } } };
    };
    const { bima: version, node } = statement.predicate.runDetails.builder.version;
    assert.deepEqual([version, node], [pkg.version, process.versions.node]);
  });
});

describe('bima push', () => {
  it('needs an image and a name', async () => {
    for (const args of [[], ['x']]) {
      const { code, stderr } = await bima(['push', ...args]);
      assert.deepEqual(
        [code, stderr.split('\n')],
        [
          2,
          [
            `bima: error: "bima push" requires a layout or an archive and at least 1 reference, got ${args.length} arguments`,
            '  See "bima push --help".',
          ],
        ],
      );
    }
  });

  it('prints the digest, or what was sent as JSON, and writes it into a file', async (test) => {
    await using registry = await startRegistry();
    const { layout, digest } = await builtLayout(test);
    const name = `${registry.host}/x/y`;
    const file = join(dirname(layout), 'digest');
    const printed = await must(['push', '--digestfile', file, layout, name]);
    assert.equal(printed.stdout, digest);
    assert.equal(readFileSync(file, 'utf8'), digest);
    const again = jsonOf(await must(['push', '--json', layout, name, `${name}:2`]));
    const { pushed, ...rest } = again;
    assert.deepEqual(rest, { digest, tags: [`${name}:latest`, `${name}:2`] });
    assert.equal((pushed as unknown[]).length, 1);
    registry.assertRules();
  });

  it('chooses the image that is named', async (test) => {
    await using registry = await startRegistry();
    const { context, layout, digest } = await builtLayout(test);
    const containerfile = readFileSync(join(context, 'Containerfile'), 'utf8');
    writeFileSync(join(context, 'Containerfile'), containerfile.replace('hello from urunc', 'goodbye'));
    const other = await must(['build', '-o', 'oci', '--dest', layout, '-t', 'a/b:2', context]);
    assert.notEqual(other.stdout, digest);
    const several = await bima(['push', layout, `${registry.host}/x/y:1`]);
    assert.equal(several.code, 2);
    assert.match(several.stderr, /Name the one that is meant with --image\./);
    for (const [image, expected] of [
      ['a/b:1', digest],
      ['a/b:2', other.stdout],
      [digest, digest],
    ] as const) {
      const args = ['push', '--image', image, layout, `${registry.host}/x/y:1`];
      assert.equal((await must(args)).stdout, expected);
    }
  });
});

describe('bima merge', () => {
  it('needs something to merge', async () => {
    assert.deepEqual(await bima(['merge', '--tar', '-t', 'a']), {
      code: 2,
      stdout: '',
      stderr:
        'bima: error: "bima merge" requires at least 1 layout or archive, got none\n  See "bima merge --help".',
    });
  });

  it('writes its digest into a file, and its archive into a stream', async (test) => {
    const { layout } = await builtLayout(test);
    const file = join(dirname(layout), 'digest');
    const metadata = join(dirname(layout), 'metadata');
    const archive = join(dirname(layout), 'm.tar');
    const files = ['--digestfile', file, '--metadata-file', metadata];
    const { digest, ...rest } = jsonOf(
      await must(['merge', '--tar', '--dest', archive, '-t', 'a/c:1', '--json', ...files, layout]),
    );
    assert.deepEqual(rest, { tags: ['docker.io/a/c:1'], archive });
    assert.equal(readFileSync(file, 'utf8'), digest);
    assert.equal(
      (JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, unknown>)['containerimage.digest'],
      digest,
    );
    const stdoutBytes: Terminal['stdoutBytes'] = async (stream) => {
      await readAll(stream);
    };
    const streamed = await must(['merge', '--tar', '--dest', '-', '-t', 'a/c:1', layout], { stdoutBytes });
    assert.equal(streamed.stdout, '');
    assert.equal(streamed.stderr.split('\n').at(-1), digest);
  });
});

describe('bima relabel', () => {
  const cases: readonly [
    name: string,
    args: (layout: string, archive: string) => string[],
    stderr: string,
  ][] = [
    [
      'no image',
      () => [],
      '"bima relabel" requires an image and at least 1 label, got none\n  See "bima relabel --help".',
    ],
    [
      'no label',
      (layout) => [layout],
      '"bima relabel" requires at least 1 label, got none\n  Write for example com.urunc.unikernel.hypervisor=qemu behind the image, or --remove with a label.',
    ],
    ['a label that is none', (layout) => [layout, 'x'], 'expected a label KEY=VALUE, got "x"'],
    [
      'a label that is both',
      (layout) => [layout, 'b=1', 'a=1', '--remove', 'c', '--remove', 'a'],
      'expected "a" to be set or removed, got both',
    ],
    [
      'a digest alone',
      () => [`127.0.0.1:1/a/b@sha256:${'0'.repeat(64)}`, 'a=1'],
      `expected --tag for the new image, got none, and no tag beside sha256:${'0'.repeat(64)}\n  A digest always stands for the same image: name a tag that stands for the new one.`,
    ],
    [
      'containerd',
      (layout) => [layout, 'a=1', '-o', 'ctr'],
      'expected --output tar, oci or registry, got "ctr"',
    ],
    [
      'an archive without a place for the new one',
      (_, archive) => [archive, 'a=1'],
      'expected --dest with --tar for the new archive, got neither\n  An archive is never changed where it is.',
    ],
    [
      'a place without an output',
      (layout) => [layout, 'a=1', '--dest', 'x'],
      'expected --output with --dest, got --dest alone',
    ],
  ];
  for (const [name, args, stderr] of cases) {
    it(`refuses ${name}`, async (test) => {
      const { layout } = await builtLayout(test);
      const archive = join(dirname(layout), 'a.tar');
      await must(['merge', '--tar', '--dest', archive, '-t', 'a:1', layout]);
      const before = readFileSync(join(layout, 'index.json'), 'utf8');
      assert.deepEqual(await bima(['relabel', ...args(layout, archive)]), {
        code: 2,
        stdout: '',
        stderr: `bima: error: ${stderr}`,
      });
      assert.equal(readFileSync(join(layout, 'index.json'), 'utf8'), before);
    });
  }

  it('prints the new digest, or both and each image as JSON', async (test) => {
    const { layout, digest } = await builtLayout(test);
    const label = 'com.urunc.unikernel.cmdline';
    const { stdout, stderr } = await must(['relabel', layout, `${label}=other`]);
    assert.match(stdout, digestPattern);
    assert.notEqual(stdout, digest);
    assert.match(stderr, new RegExp(`^wrote the layout ${layout}$`, 'm'));
    const archive = join(dirname(layout), 'new.tar');
    const args = ['relabel', '--tar', '--dest', archive, '-t', 'a/c:3', '--json', layout, '--remove', label];
    const { images, ...rest } = jsonOf(await must(args));
    const [first, ...others] = images as Record<string, unknown>[];
    assert.deepEqual(others, []);
    assert.deepEqual(rest, { digest: first?.digest, previous: stdout, tags: ['docker.io/a/c:3'], archive });
    assert.deepEqual([first?.platform, first?.previous], ['linux/amd64', stdout]);
    const { [label]: removed, ...left } = helloLabels;
    assert.equal(removed, 'hello from urunc');
    assert.deepEqual(first?.labels, left);
  });

  it('writes an archive into a stream, and says that signatures stay behind', async (test) => {
    await using registry = await startRegistry();
    const { layout, digest } = await builtLayout(test);
    const name = `${registry.host}/x/y:1`;
    await must(['push', layout, name]);
    const stdoutBytes: Terminal['stdoutBytes'] = async (stream) => {
      await readAll(stream);
    };
    const label = 'com.urunc.unikernel.cmdline=other';
    const streamed = await must(['relabel', '--tar', '--dest', '-', name, label], { stdoutBytes });
    assert.equal(streamed.stdout, '');
    assert.match(streamed.stderr.split('\n').at(-1) ?? '', digestPattern);
    const stays = `signatures and attestations stay with ${digest}: make them anew for the new image`;
    assert.ok(streamed.stderr.split('\n').includes(stays));
    const same = await must(['relabel', name, 'com.urunc.unikernel.hypervisor=qemu']);
    assert.equal(same.stdout, digest);
    assert.doesNotMatch(same.stderr, /signatures and attestations stay/);
    const moved = await must(['relabel', '--json', name, label]);
    assert.deepEqual(jsonOf(moved).tags, [name]);
    assert.ok('pushed' in jsonOf(moved));
  });
});

describe('bima verify', () => {
  it('needs to know what for', async (test) => {
    const { layout } = await builtLayout(test);
    for (const args of [[], ['--source=']]) {
      const { code, stderr } = await bima(['verify', ...args, layout]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^bima: error: expected --source, --repo or --key, got none of them\n {2}To see who signed the image, .*--source\.$/,
      );
    }
  });

  const rebuilds = [
    'file',
    'platform',
    'build-arg',
    'build-context',
    'target',
    'label',
    'annotation',
    'compression',
  ];
  for (const name of rebuilds) {
    it(`takes --${name} for a rebuild alone`, async (test) => {
      const { layout } = await builtLayout(test);
      assert.deepEqual(await bima(['verify', '--repo', 'o/n', `--${name}=x=y`, layout]), {
        code: 2,
        stdout: '',
        stderr: `bima: error: expected --source with --${name}, got none\n  It is for the rebuild: name the build context, or leave it out.`,
      });
    });
  }

  it('says by its exit code that there is no such image', async (test) => {
    const { context, layout } = await builtLayout(test);
    for (const name of ['./none', 'none.tar', 'none.tgz', 'none/']) {
      assert.deepEqual(await bima(['verify', '--source', context, name]), {
        code: 4,
        stdout: '',
        stderr: `bima: error: "${name}" does not exist`,
      });
    }
    const other = await bima(['verify', '--source', context, '--image', 'a/b:2', layout]);
    assert.equal(other.code, 4);
    await using registry = await startRegistry();
    const missing = await bima(['verify', '--source', context, `${registry.host}/x/y:1`]);
    assert.equal(missing.code, 4);
  });

  it('says by its exit code whether it is reproduced, and what differs first', async (test) => {
    const { context, layout, digest } = await builtLayout(test);
    const args = ['verify', '--source', context, layout];
    const same = await bima(args);
    assert.deepEqual([same.code, same.stdout], [0, `REPRODUCED ${digest}`]);
    assert.deepEqual(jsonOf(await must([...args, '--json'])), {
      reproduced: true,
      digest,
      rebuild: digest,
      sameContent: true,
      differences: [],
      record: null,
    });
    const path = join(context, 'Containerfile');
    writeFileSync(path, readFileSync(path, 'utf8').replace('hello from urunc', 'goodbye'));
    const changed = await bima(args);
    assert.equal(changed.code, 3);
    const [title, difference] = changed.stdout.split('\n');
    assert.equal(title, `NOT REPRODUCED ${digest}`);
    assert.ok(difference !== undefined && difference !== '');
    const known = JSON.parse((await bima([...args, '--json'])).stdout) as Record<string, unknown>;
    assert.deepEqual([known.reproduced, known.digest], [false, digest]);
    assert.notEqual(known.rebuild, digest);
    writeFileSync(path, 'FROM scratch\nCOPY none /\n');
    const impossible = await bima(args);
    assert.equal(impossible.code, 5);
    assert.match(impossible.stderr, /error: "none" is not in the context/);
  });

  it('says by its exit code that nobody has signed it', async (test) => {
    const { layout, digest } = await builtLayout(test);
    const { publicKey } = generateKeyPairSync('ed25519');
    const file = join(dirname(layout), 'key.pem');
    writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }));
    const { code, stdout, stderr } = await bima(['verify', '--key', file, layout]);
    assert.deepEqual([code, stdout], [6, `NOT VERIFIED ${digest}`]);
    assert.match(stderr, /^bima: error: expected a signature of sha256:/);
    const known = await bima(['verify', '--key', file, '--json', layout]);
    assert.equal(known.code, 6);
    const { digest: image, verified, signatures, refused } = jsonOf(known);
    assert.deepEqual([image, verified, signatures, refused], [digest, false, [], []]);
  });
});

describe('bima inspect', () => {
  it('lists images as text and as JSON, and says so where there is none', async (test) => {
    const { layout, digest } = await builtLayout(test);
    const { stdout } = await must(['inspect', layout]);
    assert.match(stdout, new RegExp(`^digest +${digest}$`, 'm'));
    assert.match(stdout, /^name +docker\.io\/a\/b:1$/m);
    const [image, ...others] = JSON.parse((await must(['inspect', '--json', layout])).stdout) as {
      names: string[];
    }[];
    assert.deepEqual([image?.names, others], [['docker.io/a/b:1'], []]);
    const index = join(layout, 'index.json');
    writeFileSync(index, JSON.stringify({ ...JSON.parse(readFileSync(index, 'utf8')), manifests: [] }));
    assert.deepEqual(await bima(['inspect', layout]), {
      code: 0,
      stdout: '',
      stderr: `bima: "${layout}" holds no image`,
    });
  });

  for (const name of ['./none', '/nowhere/x', '~/x', 'none.tar', 'none.tgz', 'none.gz', 'none/']) {
    it(`looks for no "${name}" in a registry`, async () => {
      assert.deepEqual(await bima(['inspect', name]), {
        code: 1,
        stdout: '',
        stderr: `bima: error: "${name}" does not exist`,
      });
      const relabel = await bima(['relabel', name, 'a=b']);
      assert.deepEqual([relabel.code, relabel.stderr], [1, `bima: error: "${name}" does not exist`]);
    });
  }

  it('looks into a kernel', async () => {
    const { stdout } = await must(['inspect', 'examples/hello/hello-amd64']);
    assert.match(stdout, /^binary +examples\/hello\/hello-amd64\n {2}format /);
    const known = jsonOf(await must(['inspect', '--json', 'examples/hello/hello-arm64']));
    assert.deepEqual([known.path, known.architecture], ['examples/hello/hello-arm64', 'arm64']);
  });

  it('says that it looks for what is no file in a registry', async (test) => {
    await using registry = await startRegistry();
    const { layout, digest } = await builtLayout(test);
    const name = `${registry.host}/x/y:1`;
    await must(['push', layout, name]);
    const printed = await must(['inspect', name]);
    assert.equal(printed.stderr, '');
    assert.match(printed.stdout, new RegExp(digest));
  });
});

describe('bima lint', () => {
  it('counts what is wrong, and fails for it', async (test) => {
    const context = helloContext(test);
    assert.deepEqual(await bima(['lint', context]), { code: 0, stdout: '', stderr: '0 errors, 0 warnings' });
    const path = join(context, 'Containerfile');
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, `${whole}LABEL com.urunc.unikernel.cmdlin=x\n`);
    const warned = await bima(['lint', context]);
    assert.deepEqual([warned.code, warned.stderr], [0, '0 errors, 1 warning']);
    assert.match(warned.stdout, /Containerfile:\d+:\d+: warning: /);
    assert.equal((await bima(['lint', '--fail-on', 'warning', context])).code, 1);
    const [problem] = JSON.parse((await bima(['lint', '--json', context])).stdout) as Record<
      string,
      unknown
    >[];
    assert.equal(problem?.severity, 'warning');
    writeFileSync(path, `${whole}COPY none /\nCOPY neither /\n`);
    const failed = await bima(['lint', context]);
    assert.deepEqual([failed.code, failed.stderr], [1, '2 errors, 0 warnings']);
    assert.match(failed.stdout, /: error: "none"[^]*: error: "neither"/);
    const problems = JSON.parse((await bima(['lint', '--json', context])).stdout) as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      problems.map(({ severity, code }) => [severity, code]),
      [
        ['error', 'CONTEXT_PATH'],
        ['error', 'CONTEXT_PATH'],
      ],
    );
  });

  it('takes one thing', async () => {
    const { code, stderr } = await bima(['lint', 'a', 'b']);
    assert.deepEqual(
      [code, stderr],
      [2, 'bima: error: "bima lint" takes at most 1 argument (the build context or an image), got 2'],
    );
  });

  it('looks at an image that is there', async (test) => {
    const { layout } = await builtLayout(test);
    const printed = await bima(['lint', layout]);
    assert.deepEqual([printed.code, printed.stderr], [0, '0 errors, 0 warnings']);
    await using registry = await startRegistry();
    const name = `${registry.host}/x/y:1`;
    await must(['push', layout, name]);
    assert.deepEqual(await bima(['lint', name]), { code: 0, stdout: '', stderr: '0 errors, 0 warnings' });
  });
});

describe('bima completion', () => {
  it('knows three shells', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout } = await must(['completion', shell]);
      assert.match(stdout, new RegExp(`${shell} completion of bima`));
    }
    assert.deepEqual(await bima(['completion', 'zhs']), {
      code: 2,
      stdout: '',
      stderr: 'bima: error: expected one of bash, zsh, fish, got "zhs"\n  Did you mean "zsh"?',
    });
    const other = await bima(['completion', 'powershell']);
    assert.equal(other.stderr, 'bima: error: expected one of bash, zsh, fish, got "powershell"');
    const none = await bima(['completion']);
    assert.match(none.stderr, /requires exactly 1 argument \(one of bash, zsh, fish\), got 0/);
  });
});

describe('bima load', { skip: process.platform !== 'linux' && 'containerd is used on Linux' }, () => {
  /** A ctr that says yes to all that changes something, and knows no image. */
  const answers = (digest: string, names: readonly string[]) => ({
    'images ls --quiet': '',
    ...Object.fromEntries(
      names.map((name) => [
        `images check name==\\"${name}\\"`,
        `REF TYPE DIGEST STATUS SIZE UNPACKED\n${name} application/vnd.oci.image.manifest.v1+json ${digest} complete (3/3) 1 KiB/1 KiB true\n`,
      ]),
    ),
  });

  it('prints the digests, or all of it as JSON', async (test) => {
    const { layout, digest } = await builtLayout(test);
    const name = 'docker.io/a/b:1';
    const { address, program, environment } = await scriptContainerd(test, answers(digest, [name]));
    const args = ['load', '-a', address, '--ctr', program, '--namespace', 'k8s.io', layout];
    const printed = await bima(args, { environment });
    assert.deepEqual([printed.code, printed.stdout], [0, digest], printed.stderr);
    const known = JSON.parse((await must([...args, '--json'], { environment })).stdout) as unknown;
    assert.deepEqual(known, [
      {
        digest,
        tags: [name],
        containerd: { namespace: 'k8s.io', address, isNew: false, isUnpacked: true },
      },
    ]);
  });

  it('takes another name, and a snapshotter', async (test) => {
    const { layout, digest } = await builtLayout(test);
    const name = 'docker.io/x/y:3';
    const asked = answers(digest, []);
    const row = `REF TYPE DIGEST STATUS SIZE UNPACKED\n${name} application/vnd.oci.image.manifest.v1+json ${digest} complete (3/3) 1 KiB/1 KiB true\n`;
    const { address, program, environment } = await scriptContainerd(test, {
      ...asked,
      [`images check --snapshotter native name==\\"${name}\\"`]: row,
    });
    const args = [
      'load',
      '--json',
      '-a',
      address,
      '--ctr',
      program,
      '--snapshotter',
      'native',
      '-t',
      'x/y:3',
    ];
    const known = JSON.parse((await must([...args, layout], { environment })).stdout) as {
      tags: string[];
      containerd: object;
    }[];
    assert.deepEqual(known[0]?.tags, [name]);
    assert.deepEqual(known[0].containerd, {
      namespace: 'default',
      address,
      snapshotter: 'native',
      isNew: false,
      isUnpacked: true,
    });
  });

  it('is what a build does with its image', async (test) => {
    const { context, digest } = await builtLayout(test);
    const name = 'docker.io/a/b:1';
    const { address, program, environment } = await scriptContainerd(test, answers(digest, [name]));
    const args = [
      'build',
      '-a',
      address,
      '--ctr',
      program,
      '--snapshotter=',
      '-t',
      'a/b:1',
      '--json',
      context,
    ];
    const known = jsonOf(await must(args, { environment }));
    assert.deepEqual(known.containerd, { namespace: 'default', address, isNew: false, isUnpacked: true });
    assert.deepEqual(known.tags, [name]);
  });
});

describe('what is said of a name that is no file', () => {
  it('names an archive that may have been meant', async (test) => {
    const folder = temporaryFolder(test, { 'redis_latest.oci.tar': '', 'a_1.oci.tar/x': '' });
    mkdirSync(join(folder, 'sub'));
    const before = process.cwd();
    process.chdir(folder);
    try {
      const refused = AbortSignal.abort();
      const said = async (name: string) =>
        (await bima(['inspect', name], { signal: refused })).stderr.split('\n')[0];
      assert.equal(
        await said('redis'),
        'there is no file "redis" ("redis_latest.oci.tar" is one, maybe of this image): looking for library/redis in the registry docker.io',
      );
      assert.equal(
        await said('a:1'),
        'there is no file "a:1": looking for library/a in the registry docker.io',
      );
      assert.equal(
        await said('o/redis'),
        'there is no file "o/redis" ("redis_latest.oci.tar" is one, maybe of this image): looking for o/redis in the registry docker.io',
      );
      assert.equal(await said('docker.io/o/a:1'), 'bima: interrupted');
      assert.equal(await said('docker://o/a:1'), 'bima: interrupted');
    } finally {
      process.chdir(before);
    }
    assert.ok(existsSync('package.json'));
  });
});
