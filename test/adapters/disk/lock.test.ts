import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLockName, withLock } from '../../../src/adapters/disk/lock.ts';
import { lifeOf, nameOwner } from '../../../src/adapters/filesystem/process-owner.ts';
import {
  isTemporaryName,
  sweep,
  temporaryName,
  withTemporaryFolder,
} from '../../../src/adapters/filesystem/temporary.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { unlessMountingWith } from '../../support/tools.ts';
import { assertWhole } from '../../support/whole-layout.ts';

const child = join(import.meta.dirname, 'publish-child.ts');

function start(destination: string, seed: string, tags: readonly string[], hang = ''): ChildProcess {
  const env = { ...process.env, HANG: hang };
  return spawn(process.execPath, [child, destination, seed, ...tags], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const ended = (one: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    one.on('close', resolve);
  });

const line = (one: ChildProcess) =>
  new Promise<void>((resolve) => {
    one.stdout?.once('data', () => {
      resolve();
    });
  });

describe('writers of one layout', () => {
  for (const state of ['that is not there yet', 'that is an empty folder'] as const) {
    it(`in six processes, of one ${state}, lose no name and leave nothing behind`, async (test) => {
      const destination = join(temporaryFolder(test), 'out');
      if (state === 'that is an empty folder') mkdirSync(destination);
      const seeds = ['0', '1', '2', '3', '4', '5'];
      // Each has a tag of its own, and one that all of them write.
      const codes = await Promise.all(
        seeds.map((seed) => ended(start(destination, seed, [`a/b:${seed}`, 'a/b:same', `a/c:${seed}`]))),
      );
      assert.deepEqual(codes, [0, 0, 0, 0, 0, 0]);
      const expected = ['a/b:same', ...seeds.flatMap((seed) => [`a/b:${seed}`, `a/c:${seed}`])];
      assert.deepEqual(assertWhole(destination), expected.sort());
      assert.deepEqual(readdirSync(destination).sort(), ['blobs', 'index.json', 'oci-layout']);
    });
  }

  it('do not wait for one that was killed, and remove what it left', async (test) => {
    const folder = temporaryFolder(test);
    const destination = join(folder, 'out');
    const building = start(destination, 'x', ['a/b:1'], 'build');
    await line(building);
    const locking = start(destination, 'x', ['a/b:1'], 'lock');
    await line(locking);
    for (const one of [building, locking]) one.kill('SIGKILL');
    await Promise.all([ended(building), ended(locking)]);
    assert.equal(readdirSync(folder).length, 2);
    assert.equal(readdirSync(destination).length, 1);

    const started = performance.now();
    assert.equal(await ended(start(destination, 'y', ['a/b:1'])), 0);
    assert.ok(performance.now() - started < 5000);
    assert.deepEqual(readdirSync(destination).sort(), ['blobs', 'index.json', 'oci-layout']);
    assert.equal(await ended(start(destination, 'z', ['a/b:1'])), 0);
    assert.deepEqual(readdirSync(folder), ['out']);
    assert.deepEqual(assertWhole(destination), ['a/b:1']);
  });

  it('wait for one that is stopped, and say so when that takes too long', async (test) => {
    const destination = temporaryFolder(test);
    const holder = start(destination, 'x', [], 'lock');
    test.after(() => holder.kill('SIGKILL'));
    await line(holder);
    await assert.rejects(
      withLock(destination, () => Promise.resolve(), { patience: 300 }),
      { code: 'OUTPUT_FAILED', message: /another process writes to/ },
    );
    await assert.rejects(
      withLock(destination, () => Promise.resolve(), { signal: AbortSignal.timeout(100) }),
      { name: /Abort|Timeout/ },
    );
    assert.equal(readdirSync(destination).length, 1);
  });
});

describe('a lock', () => {
  it('has one holder at a time', async (test) => {
    const folder = temporaryFolder(test);
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 12 }, () =>
        withLock(folder, async () => {
          most = Math.max(most, ++inside);
          await sleep(2);
          inside--;
        }),
      ),
    );
    assert.equal(most, 1);
    assert.deepEqual(readdirSync(folder), []);
  });

  const foreign = '.bima-lock-0123456789ab-1-1-0123456789ab';

  it('of another machine is respected for as long as it shows signs of life', async (test) => {
    const folder = temporaryFolder(test, { [foreign]: '' });
    let beats = 0;
    const beat = setInterval(() => {
      beats++;
      const time = new Date(beats * 1000);
      // Its clock needn't be right.
      if (beats <= 20) utimesSync(join(folder, foreign), time, time);
    }, 25);
    test.after(() => {
      clearInterval(beat);
    });
    await withLock(folder, () => Promise.resolve(), { silence: 250 });
    assert.ok(beats > 20, String(beats));
    assert.equal(existsSync(join(folder, foreign)), false);
  });

  it('gives what its body gives, in a folder that is made for it', async (test) => {
    const folder = join(temporaryFolder(test), 'a', 'b');
    const names: string[] = [];
    const result = await withLock(folder, () => {
      names.push(...readdirSync(folder));
      return Promise.resolve('result');
    });
    assert.equal(result, 'result');
    assert.equal(names.length, 1);
    const [name = ''] = names;
    assert.ok(isLockName(name) && isTemporaryName(name));
    assert.equal(isLockName(`x${name}`), false);
    assert.deepEqual(readdirSync(folder), []);
    await assert.rejects(
      withLock(folder, () => Promise.reject(new Error('a fault'))),
      /a fault/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it('shows signs of life for as long as it is held, and none afterwards', async (test) => {
    const folder = temporaryFolder(test);
    const touched = async (path: string, wait: number) => {
      utimesSync(path, 1, 1);
      for (let waited = 0; waited < wait && statSync(path).mtimeMs === 1000; waited += 10) await sleep(10);
      return statSync(path).mtimeMs !== 1000;
    };
    const path = await withLock(
      folder,
      async () => {
        const own = join(folder, readdirSync(folder)[0] ?? '');
        assert.ok(await touched(own, 2000));
        return own;
      },
      { silence: 400 },
    );
    writeFileSync(path, '');
    assert.equal(await touched(path, 150), false);
  });

  it('keeps no process from its end', () => {
    const module = join(import.meta.dirname, '../../../src/adapters/disk/lock.ts');
    const script = `import { withLock } from '${module}';
      void withLock(process.argv[1], () => new Promise(() => undefined));`;
    const folder = mkdtempSync(join(tmpdir(), 'bima-test-'));
    try {
      const options = { timeout: 20_000, stdio: 'ignore' } as const;
      execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script, folder], options);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of a process that is gone is taken at once', { skip: process.platform !== 'linux' }, async (test) => {
    const [place, , , random] = (await nameOwner()).split('-');
    const dead = `.bima-lock-${place}-4194300-1-${random}`;
    const folder = temporaryFolder(test, { [dead]: '', 'other-file': '' });
    await withLock(folder, () => Promise.resolve(), { patience: 0 });
    assert.deepEqual(readdirSync(folder), ['other-file']);
  });

  it(
    'of a process that runs is respected, however long it is silent',
    { skip: process.platform !== 'linux' },
    async (test) => {
      const name = `.bima-lock-${await nameOwner()}`;
      const folder = temporaryFolder(test, { [name]: '' });
      utimesSync(join(folder, name), 1, 1);
      await assert.rejects(
        withLock(folder, () => assert.fail('held'), { silence: 1, patience: 60 }),
        {
          code: 'OUTPUT_FAILED',
          message: `another process writes to "${folder}", and does not end`,
          hint: `End it, or remove the file "${name}" in that folder if there is none.`,
        },
      );
      assert.deepEqual(readdirSync(folder), [name]);
      await assert.rejects(
        withLock(folder, () => assert.fail('held'), { signal: AbortSignal.abort(new Error('enough')) }),
        /enough/,
      );
      const started = performance.now();
      const controller = new AbortController();
      setTimeout(() => {
        controller.abort();
      }, 20);
      await assert.rejects(
        withLock(folder, () => assert.fail('held'), { signal: controller.signal, patience: 5000 }),
        { name: 'AbortError' },
      );
      assert.ok(performance.now() - started < 4000);
    },
  );

  it('that is lost is no error once all is done', async (test) => {
    const folder = temporaryFolder(test);
    const result = await withLock(folder, () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      return Promise.resolve(5);
    });
    assert.equal(result, 5);
  });

  it('can not be had in a file', async (test) => {
    const folder = temporaryFolder(test, { file: '' });
    await assert.rejects(
      withLock(join(folder, 'file'), () => assert.fail('held')),
      { code: 'EEXIST' },
    );
  });

  it('that was lost is noticed before anything counts', async (test) => {
    const folder = temporaryFolder(test);
    await assert.rejects(
      withLock(folder, async (stillHeld) => {
        await stillHeld();
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
        await stillHeld();
      }),
      {
        code: 'OUTPUT_FAILED',
        message: `another process took over while "${folder}" was written to`,
        hint: 'Run it again: this one was stopped for too long.',
      },
    );
  });
});

describe('the owner of a file', () => {
  it('is running, gone, or of another machine', async () => {
    const own = await nameOwner();
    assert.equal(await lifeOf(`.x.bima-${own}`), process.platform === 'linux' ? 'running' : 'unknown');
    assert.equal(await lifeOf(own.replace(/^[0-9a-f]{12}/, '0123456789ab')), 'unknown');
    assert.equal(await lifeOf('.x.bima-AbC123'), undefined);
    assert.equal(await lifeOf('.bima-123e4567-e89b-12d3-a456-426614174000'), undefined);
    const one = spawn(process.execPath, ['-e', '']);
    const { pid } = one;
    await ended(one);
    const parts = own.split('-');
    assert.equal(await lifeOf([parts[0], pid, ...parts.slice(2)].join('-')), 'gone');
  });

  it('is gone when another process has its number', { skip: process.platform !== 'linux' }, async () => {
    const [place, pid, started, random] = (await nameOwner()).split('-');
    assert.equal(await lifeOf([place, pid, Number(started) - 1, random].join('-')), 'gone');
  });

  it('is named where there is no /proc, as on macOS and Windows', { skip: unlessMountingWith() }, () => {
    const module = join(import.meta.dirname, '../../../src/adapters/filesystem/process-owner.ts');
    const script = `import { lifeOf, nameOwner } from '${module}'; console.log(await lifeOf(await nameOwner()));`;
    const shell = 'mount -t tmpfs none /proc && exec "$0" --input-type=module -e "$1"';
    const printed = execFileSync('unshare', ['-m', 'sh', '-c', shell, process.execPath, script], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    assert.equal(printed, 'unknown\n');
  });

  it(
    'is gone when it has ended, and nobody has waited for it',
    { skip: process.platform !== 'linux' },
    async () => {
      // The shell's child ends; the shell becomes a program that waits for nobody.
      const one = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30']);
      try {
        const pid = await new Promise<string>((resolve) => {
          one.stdout.once('data', (text: Buffer) => {
            resolve(text.toString().trim());
          });
        });
        for (
          let count = 0;
          count < 100 && !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
          count++
        )
          await sleep(10);
        const started = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19];
        const [place, , , random] = (await nameOwner()).split('-');
        assert.equal(await lifeOf([place, pid, started, random].join('-')), 'gone');
      } finally {
        one.kill('SIGKILL');
      }
    },
  );
});

describe('what killed processes left', () => {
  it('is removed by the next one, and nothing else is', async (test) => {
    const [place, , , random] = (await nameOwner()).split('-');
    const dead = `.app.tar.bima-${place}-4194300-1-${random}`;
    const foreign = '.app.tar.bima-0123456789ab-1-1-0123456789ab';
    const old = '.old.tar.bima-0123456789ab-1-1-0123456789ab';
    const folder = temporaryFolder(test, {
      [`${dead}/app.tar`]: 'half a layer',
      [`${foreign}/app.tar`]: 'of a container that may run',
      [`${old}/app.tar`]: 'of a container long ago',
      '.config.bima-settings/precious': 'x',
      'app.tar': 'whole',
    });
    utimesSync(join(folder, old), new Date(0), new Date(0));
    utimesSync(join(folder, '.config.bima-settings'), new Date(0), new Date(0));
    const own = await temporaryName();
    writeFileSync(join(folder, own), '');
    await sweep(folder);
    assert.deepEqual(readdirSync(folder).sort(), [foreign, own, '.config.bima-settings', 'app.tar'].sort());
    assert.ok(isTemporaryName(own) && isTemporaryName(foreign));
  });

  it('may have a long name', async (test) => {
    const path = join(temporaryFolder(test), 'ä'.repeat(120));
    assert.equal(await withTemporaryFolder(path, (inner) => Promise.resolve(existsSync(inner))), true);
  });
});
