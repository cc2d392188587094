// Images that are built again and compared: from a registry, a layout and an archive, with and without a record.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { referrersTag } from '../../src/core/oci/referrers.ts';
import { parseDigest } from '../../src/core/oci/digest.ts';
import { startBaseRegistry } from '../support/base-registry.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startRegistry } from '../support/registry.ts';
import { sampleContainerfile, sampleContext } from '../support/sample.ts';

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly lines: string;
}

async function bima(args: readonly string[], environment: Record<string, string> = {}): Promise<Printed> {
  const [out, lines]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment,
    stdout: (line) => out.push(line),
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), lines: lines.join('\n') };
}

async function build(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const { code, out, lines } = await bima(['build', ...args], environment);
  assert.equal(code, 0, lines);
  return out;
}

async function expectReproduced(...args: readonly string[]): Promise<Printed> {
  const printed = await bima(['verify', ...args]);
  assert.match(printed.out, /^REPRODUCED sha256:/, printed.out + printed.lines);
  assert.equal(printed.code, 0);
  return printed;
}

async function expectDifference(line: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, out, lines } = await bima(['verify', ...args]);
  const [title = '', difference = ''] = out.split('\n');
  assert.match(title, /^NOT REPRODUCED sha256:/, lines);
  assert.match(difference, line);
  assert.equal(code, 3);
}

/** Two platforms, an ARG, a folder and a file that only one platform gets. */
function richContext(test: TestContext): string {
  const context = sampleContext(test);
  copyFileSync(join(context, 'test-redis.hvt'), join(context, 'test-redis.hvt-amd64'));
  copyFileSync(
    join(import.meta.dirname, '../../examples/hello/hello-arm64'),
    join(context, 'test-redis.hvt-arm64'),
  );
  mkdirSync(join(context, 'data'));
  writeFileSync(join(context, 'data/a'), 'one');
  writeFileSync(join(context, 'data/b'), 'two');
  const text = sampleContainerfile
    .replace('FROM scratch\n', 'FROM scratch\nARG TARGETARCH\nARG EXTRA=none\nARG API_TOKEN\n')
    .replace('COPY test-redis.hvt ', 'COPY test-redis.hvt-$TARGETARCH ');
  writeFileSync(join(context, 'Containerfile'), `${text}COPY data /data\nLABEL extra=$EXTRA\n`);
  return context;
}

const options = [
  '--platform=linux/amd64,linux/arm64',
  '--build-arg=EXTRA=more',
  '--label=org.example=1',
  '--annotation=index:i=1',
  '--annotation=manifest[linux/arm64]:m=2',
  '--annotation=manifest-descriptor:d=3',
  '--compression=gzip:5',
  '--no-fill',
];

describe('bima verify', () => {
  it('reproduces an image of the sample from a layout and an archive, without a record', async (test) => {
    const context = sampleContext(test);
    const [layout, archive] = [join(context, '../layout'), join(context, '../image.tar')];
    await build(['-o', 'oci', '--dest', layout, '-t', 'a/b:1', context]);
    await build(['--tar', '--dest', archive, '-t', 'a/b:1', '--compression', 'none', context], {
      SOURCE_DATE_EPOCH: '1700000000',
    });
    await expectReproduced('--source', context, layout);
    await expectReproduced('--source', context, `oci:${layout}:1`);
    // The date and the compression are those of the image.
    const { lines } = await expectReproduced('--source', context, archive);
    assert.match(lines, /no record of the build is there/);
  });

  it('reproduces an index in a registry with nothing but its source, from the record', async (test) => {
    await using registry = await startRegistry({ referrers: true });
    const context = richContext(test);
    const name = `${registry.host}/a/b:1`;
    const provenance = join(context, '../provenance.json');
    await build(['--push', '-t', name, '--provenance', provenance, ...options, context], {
      SOURCE_DATE_EPOCH: '1700000000',
    });
    const requests = registry.requests.length;
    const { lines } = await expectReproduced('--source', context, name);
    assert.match(lines, /recorded: build argument EXTRA="more"/);
    assert.match(lines, /recorded: label org\.example="1"/);
    assert.match(lines, /which nobody has signed/);
    const asked = registry.requests.slice(requests).filter(({ path }) => path.includes('/blobs/'));
    const named = layersOf(registry.store.repository('a/b').manifests.values());
    const layers = asked.filter(({ path }) => named.has(path.split('/').at(-1) ?? ''));
    assert.deepEqual(layers, [], 'no layer is fetched');
    registry.assertRules();
  });

  it('finds the record by the fallback tag where there is no referrers API', async (test) => {
    await using registry = await startRegistry({ referrers: false });
    const context = richContext(test);
    const name = `${registry.host}/a/b:1`;
    const digest = await build([
      ...['--push', '-t', name, '--provenance', join(context, '../p.json')],
      ...[...options, context],
    ]);
    assert.ok(registry.store.repository('a/b').tags.has(referrersTag(parseDigest(digest))));
    await expectReproduced('--source', context, name);
    // One of its platforms alone, by its digest and by its name.
    const index = JSON.parse(
      String(registry.store.repository('a/b').manifests.get(parseDigest(digest))?.bytes),
    ) as {
      manifests: { digest: string }[];
    };
    for (const { digest: one } of index.manifests)
      await expectReproduced('--source', context, `${registry.host}/a/b@${one}`);
    await expectReproduced('--platform=linux/arm64', '--source', context, name);
    registry.assertRules();
  });

  it('takes what the options say without a record, and says what differs without them', async (test) => {
    const context = richContext(test);
    const archive = join(context, '../image.tar');
    await build(['--tar', '--dest', archive, '-t', 'a/b:1', ...options, context]);
    await expectReproduced(...options, '--source', context, archive);
    await expectDifference(
      /^linux\/amd64: label "extra": the image has "more", the rebuild has "none"$/,
      ...['--source', context, archive],
    );
    const others = options.filter((one) => !one.startsWith('--annotation=index'));
    await expectDifference(
      /^annotation "i": the image has "1", the rebuild has none$/,
      ...[...others, '--source', context, archive],
    );
  });

  it('says which byte of which file of which layer differs', async (test) => {
    const context = richContext(test);
    const archive = join(context, '../image.tar');
    const args = ['--tar', '--dest', archive, '-t', 'a/b:1', '--provenance', join(context, '../p.json')];
    await build([...args, ...options, context]);
    const verify = ['--source', context, archive];
    writeFileSync(join(context, 'data/b'), 'twi');
    await expectDifference(
      /^linux\/amd64: layer 3 of 4 \(COPY data \/data\): file "\/data\/b", byte 2: the image has 0x6f, the rebuild has 0x69$/,
      ...verify,
    );
    const { out } = await bima(['verify', '--json', ...verify]);
    const { reproduced, sameContent, differences, record } = JSON.parse(out) as {
      reproduced: boolean;
      sameContent: boolean;
      differences: { kind: string; what: string; image: string; rebuild: string }[];
      record: { builder: string };
    };
    assert.deepEqual([reproduced, sameContent], [false, false]);
    assert.deepEqual(
      differences.map(({ kind, what, image }) => [kind, what.slice(0, 11), image]),
      [
        ['file', 'linux/amd64', '0x6f'],
        ['file', 'linux/arm64', '0x6f'],
      ],
    );
    assert.match(record.builder, /verify\.md#command-line$/);
    writeFileSync(join(context, 'data/b'), 'two');
    writeFileSync(join(context, 'data/c'), '');
    await expectDifference(/file "\/data\/c": the image has none, the rebuild has it$/, ...verify);
    rmSync(join(context, 'data/c'));
    await expectReproduced(...verify);
    appendFileSync(join(context, 'Containerfile'), '# nothing else\n');
    const { lines } = await expectReproduced(...verify);
    assert.match(lines, /the Containerfile is another one/);
  });

  it('tells the same content in another compression, and reads no layer for that', async (test) => {
    await using registry = await startRegistry();
    const context = sampleContext(test);
    const name = `${registry.host}/a/b:1`;
    await build(['--push', '-t', name, '--compression=gzip:9', context]);
    await expectReproduced('--source', context, name);
    const before = registry.count('GET', /blobs/);
    await expectDifference(
      /^layer 1 of 3 \(COPY test-redis\.hvt .*\): same content, other compression: the image has gzip:9\/bima-2 \(sha256:\w+\), the rebuild has gzip:1\/bima-2 /,
      ...['--compression=gzip:1', '--source', context, name],
    );
    // Its config, twice: as traces and in the comparison.
    assert.ok(registry.count('GET', /blobs/) - before <= 2);
    const { out } = await bima(['verify', '--json', '--compression=gzip:1', '--source', context, name]);
    assert.equal((JSON.parse(out) as { sameContent: boolean }).sameContent, true);
  });

  it('builds on the base of that day, whatever its tag stands for now', async (test) => {
    await using base = await startBaseRegistry(test);
    const { registry, context } = base;
    base.writeContainerfile(
      ...[
        `FROM ${registry.host}/lib/base:1`,
        'COPY kernel /kernel',
        'LABEL com.urunc.unikernel.binary=/kernel',
      ],
      ...['LABEL com.urunc.unikernel.unikernelType=linux', 'LABEL com.urunc.unikernel.hypervisor=qemu'],
      ...['LABEL com.urunc.unikernel.version=1', 'CMD ["x"]'],
    );
    const name = `${registry.host}/a/b:1`;
    const args = ['--push', '-t', name, '--no-strict', context];
    await build([...args, '--provenance', join(base.folder, 'p.json')]);
    const old = registry.store.repository('lib/base').tags.get('1') ?? '';
    // The tag moves to an image that is built on the old one.
    await build(['--push', '-t', `${registry.host}/lib/base:1`, '--no-strict', context]);
    assert.notEqual(registry.store.repository('lib/base').tags.get('1'), old);
    const downloads = base.downloads();
    await expectReproduced('--source', context, name);
    assert.equal(base.downloads(), downloads, 'no layer of the base is fetched');
    // What was recorded has gone: the image can't be rebuilt.
    registry.store.repository('lib/base').manifests.delete(parseDigest(old));
    const { code, lines } = await bima(['verify', '--source', context, name]);
    assert.equal(code, 5, lines);
    assert.match(lines, new RegExp(`lib/base.*${old}" does not exist`));
  });

  it('has an exit code for each end', async (test) => {
    await using registry = await startRegistry();
    const context = richContext(test);
    const [archive, record] = [join(context, '../image.tar'), join(context, '../p.json')];
    const secret = 'hunter2hunter2';
    const args = ['--tar', '--dest', archive, '-t', 'a/b:1', '--provenance', record];
    await build([...args, ...options, `--build-arg=API_TOKEN=${secret}`, context]);
    const elsewhere = temporaryFolder(test);
    const verify = ['verify', '--source', context];
    const ends: readonly (readonly [number, RegExp, readonly string[]])[] = [
      [2, /expected --source/, ['verify', archive]],
      [2, /requires exactly 1 argument/, verify],
      [2, /is not an image reference/, [...verify, 'A b']],
      [4, /"\.\/nothing\.tar" does not exist/, [...verify, './nothing.tar']],
      [4, /does not exist/, [...verify, `oci:${elsewhere}/none:1`]],
      [4, /expected the image "other"/, [...verify, '--image=other', archive]],
      [4, /does not exist/, [...verify, `${registry.host}/a/b:1`]],
      [1, /can't be reached|refused|ECONNREFUSED/i, [...verify, '127.0.0.1:1/a/b:1']],
      [5, /"API_TOKEN" was given, and its value is not recorded/, [...verify, archive]],
      [5, /does not exist/, ['verify', '--build-arg=API_TOKEN=', '--source', `${elsewhere}/none`, archive]],
      [5, /Containerfile/, ['verify', '--build-arg=API_TOKEN=', '--source', elsewhere, archive]],
      [0, /^/, [...verify, '--build-arg=API_TOKEN=', archive]],
    ];
    for (const [code, text, words] of ends) {
      const printed = await bima(words);
      assert.equal(printed.code, code, `${words.join(' ')}\n${printed.lines}`);
      assert.match(printed.lines, text);
    }
    const bytes = readFileSync(archive);
    assert.ok(!bytes.includes(secret), 'the secret is nowhere in the archive');
    assert.ok(!readFileSync(record, 'utf8').includes(secret));
  });

  it('reproduces the image of a bunnyfile', async (test) => {
    const context = sampleContext(test);
    rmSync(join(context, 'Containerfile'));
    const text = [
      ...['#syntax=harbor.nbfc.io/nubificus/bunny:latest', 'version: v0.1', 'platforms:'],
      ...['  framework: rumprun', '  monitor: hvt', '  architecture: x86'],
      ...['kernel:', '  from: local', '  path: test-redis.hvt', 'cmdline: hello'],
    ];
    writeFileSync(join(context, 'bunnyfile'), text.join('\n'));
    const args = ['-f', join(context, 'bunnyfile'), context];
    const [recorded, plain] = [join(context, '../recorded'), join(context, '../plain')];
    await build(['-o', 'oci', '--dest', recorded, '--provenance', join(context, '../p.json'), ...args]);
    await build(['-o', 'oci', '--dest', plain, ...args]);
    await expectReproduced('--source', context, recorded);
    await expectReproduced('--source', context, '-f', join(context, 'bunnyfile'), plain);
    writeFileSync(join(context, 'bunnyfile'), text.join('\n').replace('hello', 'other'));
    await expectDifference(/"other"/, '--source', context, recorded);
  });

  it('replaces nothing but a file with a statement', async (test) => {
    const context = sampleContext(test);
    const place = join(context, '../place');
    mkdirSync(place);
    const { code, lines } = await bima([
      'build',
      '-o',
      'oci',
      '--dest',
      join(context, '../l'),
      '--sbom',
      place,
      context,
    ]);
    assert.equal(code, 1);
    assert.match(lines, /got the folder/);
    const empty = await bima([
      'build',
      '-o',
      'oci',
      '--dest',
      join(context, '../l'),
      '--provenance=',
      context,
    ]);
    assert.equal(empty.code, 2);
    assert.match(empty.lines, /expected the path of a file for --provenance, got ""/);
    // The words of BuildKit.
    const max = await bima([
      'build',
      '-o',
      'oci',
      '--dest',
      join(context, '../l'),
      '--provenance=mode=max',
      context,
    ]);
    assert.equal(max.code, 2);
    assert.match(max.lines, /got "mode=max"/);
    await build([
      '-o',
      'oci',
      '--dest',
      join(context, '../l'),
      '--provenance=false',
      '--sbom=false',
      context,
    ]);
    assert.deepEqual(readdirSync(join(context, '../l/blobs/sha256')).length, 5);
    assert.ok(!existsSync('false'));
  });

  it('asks for a Containerfile and contexts that were elsewhere', async (test) => {
    const context = sampleContext(test);
    const [file, extra] = [join(context, '../Outside'), join(context, '../extra')];
    mkdirSync(extra);
    writeFileSync(join(extra, 'x'), 'x');
    writeFileSync(file, `${sampleContainerfile}COPY --from=extra x /x\n`);
    rmSync(join(context, 'Containerfile'));
    const layout = join(context, '../layout');
    const build1 = ['-o', 'oci', '--dest', layout, '-f', file, '--build-context', `extra=${extra}`];
    await build([...build1, '--provenance', join(context, '../p.json'), context]);
    const verify = ['verify', '--source', context, layout];
    const first = await bima(verify);
    assert.match(first.lines, /the Containerfile, sha256:\w+, was outside of the build context/);
    const second = await bima([...verify, '-f', file]);
    assert.match(second.lines, /the build context "extra" was a folder or an image on disk/);
    assert.deepEqual([first.code, second.code], [5, 5]);
    await expectReproduced(...verify.slice(1), '-f', file, `--build-context=extra=${extra}`);
  });

  it('leaves out of the context what the build had written there', async (test) => {
    const context = sampleContext(test);
    writeFileSync(join(context, 'Containerfile'), `${sampleContainerfile}COPY . /all/\n`);
    const archive = join(context, 'image.tar');
    const args = ['--tar', '--dest', archive, '-t', 'a/b:1', '--provenance', join(context, 'p.json')];
    await build([...args, '--sbom', join(context, 's.json'), context]);
    await expectReproduced('--source', context, archive);
    // Anybody's file is part of it.
    writeFileSync(join(context, 'more'), '');
    await expectDifference(/file "\/all\/more"/, '--source', context, archive);
    assert.equal(dirname(archive), context);
  });
});

/** The digests of all layers below the manifests. */
function layersOf(manifests: Iterable<{ readonly bytes: Uint8Array }>): ReadonlySet<string> {
  const layers = new Set<string>();
  for (const { bytes } of manifests) {
    const document = JSON.parse(String(bytes)) as { artifactType?: string; layers?: { digest: string }[] };
    if (document.artifactType !== undefined) continue;
    for (const { digest } of document.layers ?? []) layers.add(digest);
  }
  return layers;
}
