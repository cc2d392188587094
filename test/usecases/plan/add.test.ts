// What ADD makes of archives and of URLs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, symlinkSync, truncateSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { encodeHeader, endOfTar } from '../../../src/core/files/tar-header.ts';
import { examine } from '../../../src/usecases/plan/plan.ts';
import type { PlanFindings } from '../../../src/usecases/plan/plan.ts';
import { baseLayout } from '../../support/base-image.ts';
import { buildContext, localImages } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { listTar } from '../../support/list-tar.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-arm64'));
const labels = [
  'COPY app /unikernel/app',
  'LABEL com.urunc.unikernel.binary=/unikernel/app com.urunc.unikernel.unikernelType=unikraft',
  'LABEL com.urunc.unikernel.hypervisor=qemu com.urunc.unikernel.version=1 com.urunc.unikernel.cmdline=x',
];

/** A tar as GNU's makes it, of a folder with one of each. */
function sampleTar(test: TestContext, ...flags: string[]): Buffer {
  const folder = temporaryFolder(test, { 'd/file': 'content', 'd/program': 'x', other: 'y' });
  symlinkSync('../other', join(folder, 'd/link'));
  symlinkSync('/etc/passwd', join(folder, 'absolute'));
  execFileSync('ln', ['d/file', 'hard'], { cwd: folder });
  execFileSync('chmod', ['4750', 'd/program'], { cwd: folder });
  execFileSync('chmod', ['1777', 'd'], { cwd: folder });
  const owner = ['--owner=:12', '--group=:34', '--sort=name', '--mtime=2001-02-03'];
  return execFileSync('tar', ['-c', ...owner, ...flags, '-C', folder, '.']);
}

const unpacked = [
  'x/ 755 0:0',
  'x/absolute -> /etc/passwd 777 12:34',
  'x/d/ 1777 12:34',
  'x/d/file 644 12:34',
  'x/d/link -> ../other 777 12:34',
  'x/d/program 4750 12:34',
  'x/hard 644 12:34',
  'x/other 644 12:34',
];

interface Added {
  readonly lines: readonly string[];
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly privateHosts?: readonly string[];
}

function contextOf(test: TestContext, { lines, files = {} }: Added): string {
  const from = lines[0]?.startsWith('FROM') === true ? [] : ['FROM scratch'];
  return temporaryFolder(test, {
    app: hello,
    ...files,
    Containerfile: [...from, ...lines, ...labels].join('\n'),
  });
}

async function added(test: TestContext, scene: Added) {
  const context = contextOf(test, scene);
  const built = await buildContext(test, context, { images: localImages(test, context, scene.privateHosts) });
  return { ...built, layers: built.image.tars.map((tar) => listTar(tar)) };
}

async function lookAt(test: TestContext, scene: Added): Promise<PlanFindings> {
  const context = contextOf(test, scene);
  const images = localImages(test, context, scene.privateHosts);
  return examine({ context, labels: [], strict: true, images });
}

/** Holds on the disk only the blocks that aren't zeros. */
function writeSparse(path: string, bytes: Buffer): void {
  truncateSync(path, bytes.length);
  const file = openSync(path, 'r+');
  for (let at = 0; at < bytes.length; at += 4096) {
    const block = bytes.subarray(at, at + 4096);
    if (block.some((byte) => byte !== 0)) writeSync(file, block, 0, block.length, at);
  }
  closeSync(file);
}

/** The first header of a tar with some bytes written over it, and its checksum. */
function changed(tar: Buffer, change: (block: Buffer) => void): Buffer {
  const block = Buffer.from(tar.subarray(0, 512));
  change(block);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([block, tar.subarray(512)]);
}

function latin1Name(): Buffer {
  return changed(tarOf(file('caf_')), (block) => block.writeUInt8(0xe9, 3));
}

/** A sparse file of nine gigabytes, without a byte of its own. */
function sparseBomb(): Buffer {
  return changed(tarOf(file('x')).subarray(0, -512), (block) => {
    block.write('ustar  \0', 257, 'latin1');
    block.write('S', 156);
    block.fill(0, 345, 512);
    block.write('00000000000\0', 124);
    block.write((9 * 2 ** 30).toString(8).padStart(11, '0'), 483);
  });
}

function tarOf(...entries: Parameters<typeof encodeHeader>[0][]): Buffer {
  return Buffer.concat([...entries.map((entry) => encodeHeader(entry, 0)), endOfTar]);
}

const file = (path: string) => ({ type: 'file', path, mode: 0o600, uid: 1, gid: 2, size: 0 }) as const;
const directory = (path: string) => ({ type: 'directory', path, mode: 0o700, uid: 1, gid: 2 }) as const;
const link = (path: string, target: string) =>
  ({ type: 'symlink', path, target, mode: 0o777, uid: 1, gid: 2 }) as const;

describe('ADD of an archive', () => {
  type Form = [name: string, flags: readonly string[], pack: (tar: Buffer) => Buffer];
  const forms: Form[] = [
    ['GNU tar', ['--format=gnu'], (tar) => tar],
    ['pax', ['--format=pax'], (tar) => tar],
    ['ustar', ['--format=ustar'], (tar) => tar],
    ['a tar of before POSIX', ['--format=v7'], (tar) => tar],
    ['gzip', [], (tar) => gzipSync(tar)],
    [
      'gzip in two members',
      [],
      (tar) => Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]),
    ],
  ];
  if ('zstdCompressSync' in zlib) forms.push(['zstd', [], (tar) => zlib.zstdCompressSync(tar)]);
  for (const [name, flags, pack] of forms) {
    it(`keeps modes, owners and links: ${name}`, async (test) => {
      const tar = pack(sampleTar(test, ...flags));
      const { layers, image, warnings } = await added(test, {
        lines: ['ADD a.bin /x'],
        files: { 'a.bin': tar },
      });
      assert.deepEqual(layers[0], unpacked);
      assert.deepEqual(warnings, []);
      const text = execFileSync('tar', ['-xOf', '-', 'x/hard', 'x/d/file'], {
        input: image.tars[0],
      }).toString();
      assert.equal(text, 'contentcontent');
      const dates = execFileSync('tar', ['--utc', '-tvf', '-'], { input: image.tars[0] }).toString();
      assert.doesNotMatch(dates, /2001/);
    });
  }

  it('gives the same image each time', async (test) => {
    const scene = { lines: ['ADD a.tgz /'], files: { 'a.tgz': gzipSync(sampleTar(test)) } };
    const [one, other] = [await added(test, scene), await added(test, scene)];
    assert.equal(one.image.entry.digest, other.image.entry.digest);
  });

  const copied: [name: string, bytes: Buffer][] = [
    ['a compressed file that is no tar', gzipSync('hello'.repeat(1000))],
    ['what only begins like gzip', Buffer.from('1f8b0800', 'hex')],
    ['what only begins like zstd', Buffer.from('28b52ffd00', 'hex')],
    ['an empty file', Buffer.alloc(0)],
    ['an empty tar', Buffer.from(endOfTar)],
    ['what has the magic of a tar alone', Buffer.from(`${'\0'.repeat(257)}ustar${'\0'.repeat(300)}`)],
  ];
  for (const [name, bytes] of copied) {
    it(`copies it as it is: ${name}`, async (test) => {
      const { layers, image } = await added(test, {
        lines: ['ADD a.tar.gz /x/'],
        files: { 'a.tar.gz': bytes },
      });
      assert.deepEqual(layers[0], ['x/ 755 0:0', 'x/a.tar.gz 644 0:0']);
      assert.deepEqual(execFileSync('tar', ['-xOf', '-', 'x/a.tar.gz'], { input: image.tars[0] }), bytes);
    });
  }

  const sparse: [name: string, flags: readonly string[]][] = [
    ["GNU's own form", ['--format=gnu']],
    ...['0.0', '0.1', '1.0'].map((version): [string, string[]] => [
      `pax ${version}`,
      ['--format=pax', `--sparse-version=${version}`],
    ]),
  ];
  for (const [name, flags] of sparse) {
    it(`fills in what a sparse file leaves out: ${name}`, async (test) => {
      const folder = temporaryFolder(test, { before: 'b', 'long/name': '', after: 'a' });
      const expected = Buffer.alloc(9_000_001);
      // More parts than a header has room for, one of them at the end, and one file without any.
      for (let part = 0; part < 30; part++)
        expected.write(`part ${part}`, part * 300_000 + (part % 3) * 4000);
      writeSparse(join(folder, 'long/name'), expected);
      truncateSync(join(folder, 'after'), 0);
      truncateSync(join(folder, 'after'), 1_000_000);
      const tar = execFileSync('tar', ['-cS', ...flags, '-C', folder, 'before', 'long/name', 'after'], {
        maxBuffer: 1e8,
      });
      assert.ok(tar.length < 3_000_000, 'the sample is sparse');
      const { image } = await added(test, { lines: ['ADD a.tar /x/'], files: { 'a.tar': tar } });
      const read = (path: string) =>
        execFileSync('tar', ['-xOf', '-', path], { input: image.tars[0], maxBuffer: 1e8 });
      assert.ok(read('x/long/name').equals(expected));
      assert.ok(read('x/after').equals(Buffer.alloc(1_000_000)));
      assert.equal(read('x/before').toString(), 'b');
    });
  }

  it('copies a tar as it is with --unpack=false, and with COPY', async (test) => {
    const lines = ['ADD --unpack=false a.tar /x', 'COPY a.tar /y'];
    const { layers } = await added(test, { lines, files: { 'a.tar': sampleTar(test) } });
    assert.deepEqual(layers.slice(0, 2), [['x 644 0:0'], ['y 644 0:0']]);
  });

  it('unpacks some of several sources, each over the one before', async (test) => {
    const files = {
      'a.tar': tarOf(file('same'), file('dir')),
      'b.tar': tarOf(directory('dir'), file('dir/x'), link('same', 'dir')),
      c: 'c',
    };
    const { layers } = await added(test, { lines: ['ADD a.tar b.tar c /'], files });
    assert.deepEqual(layers[0], ['c 644 0:0', 'dir/ 700 1:2', 'dir/x 600 1:2', 'same -> dir 777 1:2']);
  });

  it('replaces what is there, and goes through links that stay', async (test) => {
    const context = contextOf(test, {
      lines: ['FROM oci:base', 'ADD a.tar /', 'COPY --from=oci:base lib/keep /kept'],
      files: { 'a.tar': tarOf(file('bin/new'), file('etc'), directory('lib')) },
    });
    const layer = [
      { path: 'usr/bin/old', content: 'x' },
      { path: 'bin', target: 'usr/bin' },
      { path: 'etc/deep/file', content: 'x' },
      { path: 'lib/keep', content: 'x' },
    ];
    await baseLayout(join(context, 'base'), [{ layers: [layer], architecture: 'arm64' }], ['base']);
    const { image } = await buildContext(test, context);
    const own = listTar(image.tars[1] ?? Buffer.alloc(0)).filter((line) => !line.startsWith('usr/ '));
    assert.deepEqual(own, ['etc 600 1:2', 'lib/ 700 1:2', 'usr/bin/ 755 0:0', 'usr/bin/new 600 1:2']);
  });

  it('lets nothing out of the destination', async (test) => {
    const tar = tarOf(
      link('a', '../../../outside'),
      file('a/b'),
      file('../../c'),
      link('d', '/outside'),
      file('d/e'),
    );
    const { layers } = await added(test, { lines: ['ADD a.tar /x/y'], files: { 'a.tar': tar } });
    assert.deepEqual(
      layers[0]?.filter((line) => !line.includes('->')),
      [
        'x/ 755 0:0',
        'x/y/ 755 0:0',
        'x/y/c 600 1:2',
        'x/y/outside/ 755 0:0',
        'x/y/outside/b 600 1:2',
        'x/y/outside/e 600 1:2',
      ],
    );
  });

  it('leaves devices out, and says so', async (test) => {
    const block = Buffer.from(tarOf(file('dev/null')));
    block.write('3', 156);
    block.write('        ', 148);
    const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const tar = Buffer.concat([block.subarray(0, 512), tarOf(file('x'))]);
    const { layers, warnings } = await added(test, { lines: ['ADD a.tar /'], files: { 'a.tar': tar } });
    assert.deepEqual(layers[0], ['x 600 1:2']);
    assert.match(warnings[0]?.message ?? '', /"dev\/null"/);
    assert.deepEqual(warnings[0]?.position?.line, 2);
  });

  it('gives all of it the owner of --chown, and says that its modes are its own', async (test) => {
    const lines = ['ADD --chown=7:8 a.tar /x', 'ADD --chmod=750 a.tar /y'];
    const { layers, warnings } = await added(test, { lines, files: { 'a.tar': tarOf(file('f')) } });
    assert.deepEqual(layers.slice(0, 2), [
      ['x/ 755 7:8', 'x/f 600 7:8'],
      ['y/ 755 0:0', 'y/f 600 1:2'],
    ]);
    assert.deepEqual(
      warnings.map(({ position, message }) => [position?.line, message.includes('--chmod')]),
      [[3, true]],
    );
  });

  const refused: [name: string, bytes: Buffer, code: string, says: RegExp][] = [
    ['bzip2', Buffer.from('BZh91AY'), 'CONTAINERFILE_UNSUPPORTED', /bzip2 -dc/],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'CONTAINERFILE_UNSUPPORTED', /xz -dc/],
    ['a name of a whiteout', tarOf(file('.wh.x')), 'CONTEXT_PATH', /\.wh\./],
    ['a name that is not UTF-8', latin1Name(), 'CONTEXT_PATH', /not UTF-8.*Rename/],
    ['far too many bytes', sparseBomb(), 'LAYOUT_INVALID', /at most 8589934592 bytes.*--unpack=false/],
    ['a tar that is cut off', tarOf(file('x')).subarray(0, 800), 'LAYOUT_INVALID', /ends too early/],
    [
      'gzip that is cut off',
      gzipSync(
        Buffer.concat([
          tarOf(file('x')),
          Buffer.from(Array.from({ length: 90_000 }, (_, at) => (at * at) % 251)),
        ]),
      ).subarray(0, 600),
      'LAYOUT_INVALID',
      /damaged/,
    ],
    ['links in a circle', tarOf(link('a', 'b'), link('b', 'a'), file('a/x')), 'CONTEXT_PATH', /circle/],
    ['a file as a folder', tarOf(file('a'), file('a/x')), 'CONTEXT_PATH', /no folder/],
  ];
  for (const [name, bytes, code, says] of refused) {
    it(`is refused at its place: ${name}`, async (test) => {
      const { errors } = await lookAt(test, { lines: ['ADD a /x/'], files: { a: bytes } });
      const [error] = errors;
      assert.deepEqual([error?.code, error?.position?.line, error?.position?.column], [code, 2, 5]);
      assert.match(`${error?.message ?? ''} ${error?.hint ?? ''}`, says);
    });
  }

  it('takes no long time for folders and files in turn', async (test) => {
    const names = Array.from({ length: 3000 }, (_, at) => `d/f${at}`);
    const turns = Array.from({ length: 3000 }, () => [file('t'), directory('t'), file('t/x')]).flat();
    const tar = tarOf(...names.map(file), ...turns);
    const before = performance.now();
    await lookAt(test, { lines: ['ADD a.tar /'], files: { 'a.tar': tar } });
    assert.ok(performance.now() - before < 10_000);
  });
});

/** Answers every request with these bytes, or leads elsewhere. */
async function serve(test: TestContext, bytes: Buffer | string, headers: Record<string, string> = {}) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead('location' in headers ? 302 : 200, headers).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const privateHosts = ['127.0.0.1'];

describe('ADD of a URL', () => {
  const checksum = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

  it('brings the file as Docker does, once for two lines', async (test) => {
    const { url, requests } = await serve(test, 'content');
    const flag = `--checksum=${checksum('content')}`;
    const lines = [
      `ADD ${flag} ${url}/a/f%20g?x=1 /x/`,
      `ADD ${flag} --chmod=755 --chown=1:2 ${url}/a/f%20g?x=1 /y`,
    ];
    const { layers, image, warnings } = await added(test, { lines, privateHosts });
    assert.deepEqual(layers.slice(0, 2), [['x/ 755 0:0', 'x/f g 600 0:0'], ['y 755 1:2']]);
    assert.equal(execFileSync('tar', ['-xOf', '-', 'y'], { input: image.tars[1] }).toString(), 'content');
    assert.deepEqual(requests, ['/a/f%20g?x=1']);
    assert.deepEqual(warnings, []);
  });

  it('warns without a checksum, and unpacks only when it is told to', async (test) => {
    const { url } = await serve(test, gzipSync(tarOf(file('f'))));
    const lines = [`ADD ${url}/a.tgz /x/`, `ADD --unpack ${url}/a.tgz /y/`];
    const { layers, warnings } = await added(test, { lines, privateHosts });
    assert.deepEqual(layers.slice(0, 2), [
      ['x/ 755 0:0', 'x/a.tgz 600 0:0'],
      ['y/ 755 0:0', 'y/f 600 1:2'],
    ]);
    assert.deepEqual(
      warnings.map(({ position }) => position?.line),
      [2, 3],
    );
  });

  it('refuses another file than that of the checksum', async (test) => {
    const { url } = await serve(test, 'other');
    const { errors } = await lookAt(test, {
      lines: [`ADD --checksum=${checksum('content')} ${url}/f /x`],
      privateHosts,
    });
    assert.deepEqual(
      errors.map(({ code, position }) => [code, position?.line]),
      [['DIGEST_MISMATCH', 2]],
    );
  });

  it('asks no host of the own network that nobody has allowed', async (test) => {
    const { url, requests } = await serve(test, 'secret');
    const port = new URL(url).port;
    const hosts = [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
      '2130706433',
      '127.1',
      '169.254.169.254',
      '10.0.0.1',
      '[fd00:ec2::254]',
      '168.63.129.16',
    ];
    const lines = hosts.map((host, at) => `ADD http://${host}:${port}/f /x${at}`);
    const { errors } = await lookAt(test, { lines });
    assert.deepEqual(
      errors.map(({ code, position }) => [code, position?.line]),
      hosts.map((_, at) => ['NOT_AVAILABLE', at + 2]),
    );
    assert.deepEqual(requests, []);
  });

  it('follows redirects, but not to such a host', async (test) => {
    const end = await serve(test, 'content');
    const start = await serve(test, '', { location: `${end.url}/g` });
    const { layers } = await added(test, { lines: [`ADD ${start.url}/f /x/`], privateHosts });
    assert.deepEqual(layers[0], ['x/ 755 0:0', 'x/f 600 0:0']);
    const away = await serve(test, '', { location: end.url.replace('127.0.0.1', '127.0.0.2') });
    const { errors } = await lookAt(test, { lines: [`ADD ${away.url}/f /x`], privateHosts });
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['NOT_AVAILABLE'],
    );
    const circle = await serve(test, '', { location: '/again' });
    const { errors: others } = await lookAt(test, { lines: [`ADD ${circle.url}/f /x`], privateHosts });
    assert.match(others[0]?.message ?? '', /at most 10 redirects/);
    assert.equal(circle.requests.length, 11);
  });

  it('tries again where the connection was closed, and says at its place what went wrong in the end', async (test) => {
    let count = 0;
    const server = createServer((request, response) => {
      if (++count === 1) request.socket.destroy();
      else response.end('content');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { layers } = await added(test, { lines: [`ADD ${url}/f /x/`], privateHosts });
    assert.deepEqual(layers[0], ['x/ 755 0:0', 'x/f 600 0:0']);
    assert.equal(count, 2);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const { errors } = await lookAt(test, { lines: [`ADD ${url}/f?secret /x/`], privateHosts });
    assert.deepEqual(
      errors.map(({ code, position }) => [code, position?.line]),
      [['DOWNLOAD_FAILED', 2]],
    );
    assert.match(errors[0]?.message ?? '', /^"http:[^ ?]*\/f" can't be downloaded: .*ECONNREFUSED/);
    assert.doesNotMatch(errors[0]?.message ?? '', /secret/);
  });
});
