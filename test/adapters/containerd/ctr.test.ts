// The program and the socket, with programs that the tests write themselves.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createClient } from '../../../src/adapters/containerd/ctr.ts';
import type { Client } from '../../../src/adapters/containerd/ctr.ts';
import { findProgram } from '../../../src/adapters/containerd/program.ts';
import { checkSocket, isAnswering, socketPath } from '../../../src/adapters/containerd/socket.ts';
import type { BimaError } from '../../../src/core/errors.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { temporaryFolder } from '../../support/folder.ts';

const skip = process.platform === 'win32' ? 'containerd is used on Linux' : false;

const noProc = process.platform === 'linux' ? false : 'there is no /proc';

function writeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

function clientOf(
  test: TestContext,
  script: string,
  leading: readonly string[] = [],
): { client: Client; folder: string } {
  const folder = join(temporaryFolder(test), 'with "quotes" and space');
  mkdirSync(folder);
  writeProgram(join(folder, 'ctr'), script);
  const client = createClient({
    program: { path: join(folder, 'ctr'), leading },
    address: '/run/a b.sock',
    namespace: 'n',
    environment: { PATH: process.env.PATH, OUT: join(folder, 'out'), CONTAINERD_SNAPSHOTTER: 'other' },
  });
  return { client, folder };
}

describe('the program', { skip }, () => {
  const cases: [
    name: string,
    installed: string[],
    explicit: string | undefined,
    expected: string | undefined,
  ][] = [
    ['ctr on the PATH', ['two/ctr'], undefined, 'two/ctr'],
    ['the first of two', ['one/ctr', 'two/ctr'], undefined, 'one/ctr'],
    ['ctr before k3s', ['one/k3s', 'two/ctr'], undefined, 'two/ctr'],
    ['k3s where there is no ctr', ['two/k3s'], undefined, 'two/k3s ctr'],
    ['a path', ['two/ctr', 'else/where'], 'else/where', 'else/where'],
    ['the path of k3s', ['else/k3s'], 'else/k3s', 'else/k3s ctr'],
    ['another name on the PATH', ['one/ctr', 'two/my-ctr'], 'my-ctr', 'two/my-ctr'],
    ['none', [], undefined, undefined],
    ['none but a folder of that name', ['one/ctr/x'], undefined, undefined],
    ['a path that does not exist', ['one/ctr'], 'else/where', undefined],
  ];
  for (const [name, installed, explicit, expected] of cases) {
    it(`is found: ${name}`, async (test) => {
      const folder = temporaryFolder(test);
      for (const path of installed) {
        mkdirSync(join(folder, path, '..'), { recursive: true });
        writeProgram(join(folder, path), 'exit 0');
      }
      const PATH = [join(folder, 'one'), '', join(folder, 'two')].join(':');
      const found = findProgram({ PATH }, explicit?.includes('/') ? join(folder, explicit) : explicit);
      if (expected === undefined) {
        const { message, hint = '' } = await found.then(
          () => assert.fail('found'),
          (error: unknown) => error as BimaError,
        );
        const what = explicit === undefined ? "containerd's client ctr is not on the PATH" : 'no program "';
        assert.ok(message.startsWith(what), message);
        assert.match(hint, /name the path of ctr or k3s with --ctr or the variable BIMA_CTR/);
        await assert.rejects(found, { code: 'CONTAINERD_MISSING' });
      } else {
        const { path, leading } = await found;
        assert.equal([path, ...leading].join(' '), join(folder, expected));
      }
    });
  }

  it('gets its arguments as they are, and none of the variables that ctr reads', async (test) => {
    const { client } = clientOf(
      test,
      'for arg; do echo "<$arg>"; done; env | grep CONTAINERD; echo failed >&2; exit 3',
    );
    const { code, stdout, stderr } = await client.query('a b', '$HOME', '"', '');
    const args = ['--address', '/run/a b.sock', '--namespace', 'n', 'a b', '$HOME', '"', ''];
    assert.equal(stdout, args.map((arg) => `<${arg}>\n`).join(''));
    assert.deepEqual([code, stderr], [3, 'failed\n']);
  });

  it('that can not be run is an error with a remedy', async (test) => {
    const { client, folder } = clientOf(test, '');
    writeFileSync(join(folder, 'ctr'), '#!/nowhere/sh\n');
    const expected = {
      code: 'CONTAINERD_MISSING',
      message: `can't run "${join(folder, 'ctr')}"`,
      hint: 'Name the path of a ctr that this user may run, with --ctr or the variable BIMA_CTR.',
    };
    await assert.rejects(client.query('version'), expected);
    await assert.rejects(client.feed([], streamOf(Buffer.from('x'))), (error: Error) => {
      assert.ok(error.cause instanceof Error);
      assert.deepEqual({ code: expected.code, message: error.message, hint: expected.hint }, expected);
      return true;
    });
  });

  it('may be a subcommand of another', async (test) => {
    const { client } = clientOf(test, 'cat >/dev/null; echo "$*"', ['ctr', '--x']);
    const line = 'ctr --x --address /run/a b.sock --namespace n images ls\n';
    assert.equal((await client.feed(['images', 'ls'], streamOf())).stdout, line);
    const { client: asked } = clientOf(test, 'echo "$*"', ['ctr', '--x']);
    assert.equal((await asked.query('images', 'ls')).stdout, line);
  });

  it('is heard up to a limit, a little over a megabyte', async (test) => {
    const { client } = clientOf(test, 'cat >/dev/null; head -c 3000000 /dev/zero | tr "\\0" y; echo end >&2');
    const { stdout, stderr } = await client.feed([], streamOf());
    assert.ok(stdout.length >= 1024 * 1024 && stdout.length < 1_500_000, `${stdout.length}`);
    assert.match(stdout, /^y+$/);
    assert.equal(stderr, 'end\n');
  });
});

describe('a stream for the program', { skip }, () => {
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(megabyte);
  }

  it('arrives whole', async (test) => {
    const { client, folder } = clientOf(test, 'cat >"$OUT"; echo done');
    const { code, stdout } = await client.feed([], streamOf(megabyte, megabyte));
    assert.deepEqual([code, stdout], [0, 'done\n']);
    assert.equal(readFileSync(join(folder, 'out')).length, 2 * megabyte.length);
  });

  it(
    'goes to a process group of its own, which a terminal does not interrupt',
    { skip: noProc },
    async (test) => {
      const { client } = clientOf(
        test,
        'cat >/dev/null; read -r pid name state parent group rest </proc/$$/stat; echo "$pid $group"',
      );
      const { stdout } = await client.feed([], streamOf(megabyte));
      const [pid, group] = stdout.trim().split(' ');
      assert.equal(group, pid);
    },
  );

  it('ends with a program that fails before it has read everything', async (test) => {
    const { client } = clientOf(
      test,
      'head -c 100 >/dev/null; echo why >&2; env | grep CONTAINERD >&2; exit 1',
    );
    const { code, stderr } = await client.feed([], endless());
    assert.deepEqual([code, stderr], [1, 'why\n']);
  });

  it('ends with a program that ends while nothing more arrives', async (test) => {
    const { client } = clientOf(test, 'exit 1');
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      await new Promise(() => undefined);
    }
    const { code } = await client.feed([], stuck());
    assert.equal(code, 1);
  });

  it('that fails is cut off, and its own error counts', async (test) => {
    const { client, folder } = clientOf(test, 'cat >"$OUT"; echo cut >&2; exit 1');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(megabyte);
      throw new RangeError('damaged');
    }
    await assert.rejects(client.feed([], failing()), { name: 'RangeError', message: 'damaged' });
    assert.ok(readFileSync(join(folder, 'out')).length <= megabyte.length);
  });

  it('may fail with anything', async (test) => {
    const { client } = clientOf(test, 'cat >/dev/null; exit 0');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(megabyte);
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw 'a text';
    }
    await assert.rejects(client.feed([], failing()), { name: 'Error', message: 'a text' });
  });

  it('that is not interrupted ends as it would without a signal', async (test) => {
    const { client } = clientOf(test, 'cat >/dev/null; exit 4');
    const { signal } = new AbortController();
    assert.equal((await client.feed([], streamOf(megabyte), signal)).code, 4);
  });

  it('that is interrupted is cut off, and the program ends by itself', async (test) => {
    const { client, folder } = clientOf(
      test,
      `head -c 2000000 >/dev/null; cat >/dev/null; echo ended >"$OUT"; exit 1`,
    );
    const interrupt = new AbortController();
    async function* interrupted(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; ; sent += 1) {
        yield await Promise.resolve(megabyte);
        if (sent === 3) interrupt.abort();
      }
    }
    await assert.rejects(client.feed([], interrupted(), interrupt.signal), { name: 'AbortError' });
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'ended\n');
  });
});

describe('the socket', { skip }, () => {
  it('may be given as a URL', () => {
    assert.equal(socketPath('unix:///run/containerd/containerd.sock'), '/run/containerd/containerd.sock');
    assert.equal(socketPath('/run/x.sock'), '/run/x.sock');
    assert.equal(socketPath('/run/unix://x'), '/run/unix://x');
  });

  async function listen(test: TestContext): Promise<string> {
    const path = join(temporaryFolder(test), 's');
    const server = createServer().listen(path);
    test.after(() => server.close());
    await once(server, 'listening');
    return path;
  }

  it('is fine when something listens', async (test) => {
    const path = await listen(test);
    await checkSocket(path);
    assert.equal(await isAnswering(path), true);
  });

  /** What the hint offers depends on what this machine has. */
  const start =
    /^Start it \(systemctl start containerd\), or name (?:the address of its socket|another address \((\S+, )*\S+ exists\)); to a container, mount the socket\.$/;

  it('is missing', async () => {
    const path = '/nowhere/s';
    await assert.rejects(checkSocket(path), (error: Error) => {
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOENT');
      return true;
    });
    await assert.rejects(checkSocket(path), {
      code: 'CONTAINERD_UNREACHABLE',
      message: `containerd does not run: no socket at "${path}"`,
      hint: start,
    });
    assert.equal(await isAnswering(path), false);
  });

  it('is a file where nothing listens', async (test) => {
    const path = join(temporaryFolder(test, { s: '' }), 's');
    await assert.rejects(checkSocket(path), {
      code: 'CONTAINERD_UNREACHABLE',
      message: `containerd does not run: nothing answers at the socket "${path}"`,
      hint: start,
    });
    assert.equal(await isAnswering(path), false);
  });

  it('is none of the addresses that the hint offers, which exist', async () => {
    const known = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'];
    for (const path of ['/nowhere/s', ...known]) {
      const error = await checkSocket(path).then(
        () => undefined,
        (cause: unknown) => cause as BimaError,
      );
      const offered = /another address \((.*) exists\)/.exec(error?.hint ?? '')?.[1]?.split(', ') ?? [];
      if (error?.code !== 'CONTAINERD_UNREACHABLE') continue;
      assert.ok(!offered.includes(path));
      assert.ok(offered.every((each) => existsSync(each)));
      for (const each of known) if (each !== path) assert.equal(offered.includes(each), existsSync(each));
    }
  });

  it('is there, and not for this user', async (test) => {
    const path = await listen(test);
    chmodSync(path, 0);
    const isRoot = process.geteuid?.() === 0;
    // Root may use every socket.
    if (isRoot) {
      chmodSync(join(path, '..'), 0o755);
      process.seteuid?.(65534);
    }
    const denied = checkSocket(path).finally(() => {
      if (isRoot) process.seteuid?.(0);
    });
    await assert.rejects(denied, {
      code: 'CONTAINERD_DENIED',
      message: `no permission to use containerd's socket "${path}"`,
      hint: /^Run it as root \(sudo\), or give the socket to a group of this user: "gid" in \[grpc\]/,
    });
  });
});
