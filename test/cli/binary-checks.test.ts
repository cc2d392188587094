// What the command line does with what a unikernel's binary says of itself.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { assemble, solo5 } from '../support/assembled.ts';
import { temporaryFolder } from '../support/folder.ts';
import { unlessInstalled } from '../support/tools.ts';

const skip = unlessInstalled('x86_64-linux-gnu-as');

async function bima(...words: readonly string[]) {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const code = await run(words, {
    environment: {},
    stdout: (line) => stdout.push(line),
    stderr: (line) => stderr.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
  });
  return { code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

/** Labels by their short names; the first is on line 3. */
function contextOf(
  test: TestContext,
  kernel: Uint8Array,
  labels: Readonly<Record<string, string>>,
  from = 'scratch',
): string {
  const lines = Object.entries({ binary: '/kernel', cmdline: 'a', ...labels });
  const text = lines.map(([name, value]) => `LABEL com.urunc.unikernel.${name}="${value}"\n`);
  const containerfile = `FROM ${from}\nCOPY kernel /kernel\n${text.join('')}`;
  return temporaryFolder(test, { kernel, Containerfile: containerfile });
}

const mirage = { unikernelType: 'mirage', hypervisor: 'hvt', version: '4.5.0' };
const kraft = { unikernelType: 'unikraft', hypervisor: 'firecracker' };

async function build(context: string, ...options: readonly string[]) {
  const archive = join(context, '..', `${context.split(/[/\\]/).at(-1) ?? ''}.tar`);
  const built = await bima('build', '--tar', '--dest', archive, '-t', 'r.io/a:1', ...options, context);
  return { ...built, archive };
}

describe('a binary and its labels', { skip }, () => {
  it('contradict each other at the line of the label, and are built all the same', async (test) => {
    const context = contextOf(test, solo5(test), { ...mirage, hypervisor: 'qemu' });
    const { code, stderr } = await build(context);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Containerfile:6:7: warning: will not boot: .*Solo5's hvt, got "qemu"/);
  });

  it('contradict each other, and fail the build with --fail-on warning', async (test) => {
    const context = contextOf(test, solo5(test), { ...mirage, hypervisor: 'qemu' });
    const { code, stderr } = await build(context, '--fail-on', 'warning');
    assert.equal(code, 1);
    assert.match(stderr, /Containerfile:6:7: error: will not boot/);
    assert.equal((await bima('lint', context)).code, 0);
    assert.equal((await bima('lint', '--fail-on', 'warning', context)).code, 1);
  });

  it('agree, and nothing is said with --fail-on warning', async (test) => {
    const context = contextOf(test, solo5(test), { ...mirage, solo5NetDev: 'uplink' });
    const { code, stderr } = await bima('lint', '--fail-on', 'warning', context);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /filled/);
  });

  it('refuses another word for --fail-on', async (test) => {
    const { code, stderr } = await bima('lint', '--fail-on', 'never', temporaryFolder(test));
    assert.equal(code, 2);
    assert.match(stderr, /expected --fail-on error or --fail-on warning, got "never"/);
  });
});

/** Bytes that this process has read so far, from whatever. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

describe('a large binary', { skip }, () => {
  it(
    'is not read as a whole',
    { skip: !existsSync('/proc/self/io') && 'needs /proc/self/io' },
    async (test) => {
      const kernel = assemble(test, { source: 'unikraft' });
      const tables = Number(kernel.readBigUInt64LE(40));
      const hole = 64 * 1024 * 1024;
      const bytes = Buffer.concat([kernel.subarray(0, tables), Buffer.alloc(hole), kernel.subarray(tables)]);
      bytes.writeBigUInt64LE(BigInt(tables + hole), 40);
      const context = contextOf(test, bytes, { ...kraft, version: '0.17.1' });
      const before = bytesRead();
      const { stdout } = await bima('lint', context);
      const read = bytesRead() - before;
      assert.match(stdout, /expected the version "0.17.0"/);
      assert.ok(read < hole / 8, `${read} bytes were read`);
    },
  );
});

describe('labels that are missing', { skip }, () => {
  it("gets a Solo5 device's name from the binary, and says so", async (test) => {
    const { stderr, archive } = await build(contextOf(test, solo5(test), mirage));
    assert.match(stderr, /filled "com.urunc.unikernel.solo5NetDev" with "uplink" from the binary "\/kernel"/);
    assert.doesNotMatch(stderr, /will not boot/);
    assert.match((await bima('inspect', archive)).stdout, /com.urunc.unikernel.solo5NetDev=uplink/);
  });

  it("gets Unikraft's version from the binary, under both names", async (test) => {
    const context = contextOf(test, assemble(test, { source: 'unikraft' }), kraft);
    const { code, stderr, archive } = await build(context);
    assert.equal(code, 0, stderr);
    const { stdout } = await bima('inspect', archive);
    assert.match(stdout, /com.urunc.unikernel.unikernelVersion=0\.17\.0/);
    assert.match(stdout, /com.urunc.unikernel.version=0\.17\.0/);
  });

  it('stay missing with --no-fill', async (test) => {
    const context = contextOf(test, assemble(test, { source: 'unikraft' }), kraft);
    const { code, stderr } = await build(context, '--no-fill');
    assert.equal(code, 1);
    assert.match(stderr, /missing label "com.urunc.unikernel.version"/);
  });

  it('never replace one that is there', async (test) => {
    const context = contextOf(test, assemble(test, { source: 'unikraft' }), { ...kraft, version: '0.16.2' });
    const { stderr, archive } = await build(context);
    assert.doesNotMatch(stderr, /filled/);
    assert.match(stderr, /expected the version "0.17.0" of Unikraft .*got "0.16.2"/);
    assert.match((await bima('inspect', archive)).stdout, /unikernelVersion=0\.16\.2/);
  });
});

describe('bima inspect of a unikernel', { skip }, () => {
  it('shows target, devices and monitors of a file', async (test) => {
    const folder = temporaryFolder(test, { kernel: solo5(test) });
    const { stdout } = await bima('inspect', join(folder, 'kernel'));
    assert.match(stdout, /solo5 +hvt, ABI version 2/);
    assert.match(stdout, /devices +net uplink/);
    assert.match(stdout, /hvt: yes/);
    assert.match(stdout, /qemu: no: it is linked for Solo5's hvt/);
  });

  it('shows the same of an image, also as JSON', async (test) => {
    const { archive } = await build(contextOf(test, assemble(test, { source: 'unikraft' }), kraft));
    const { stdout } = await bima('inspect', archive);
    assert.match(stdout, /binary +\/kernel\n {2}format +ELF64 x86-64/);
    assert.match(stdout, /libraries +libvfscore 0\.17\.0/);
    const [image] = JSON.parse((await bima('inspect', '--json', archive)).stdout) as [
      { binary: { path: string; monitors: { monitor: string; verdict: { can: string } }[] } },
    ];
    assert.equal(image.binary.path, '/kernel');
    const able = image.binary.monitors.filter(({ verdict }) => verdict.can === 'yes');
    assert.deepEqual(
      able.map(({ monitor }) => monitor),
      ['firecracker'],
    );
  });
});

describe('bima lint of an image', { skip }, () => {
  it('says what a build would say', async (test) => {
    const { archive } = await build(contextOf(test, solo5(test), { ...mirage, hypervisor: 'qemu' }));
    const { code, stdout } = await bima('lint', archive);
    assert.equal(code, 0);
    assert.match(stdout, /warning: will not boot: .*Solo5's hvt, got "qemu"/);
    assert.equal((await bima('lint', '--fail-on', 'warning', archive)).code, 1);
  });

  it('says nothing of one that is right', async (test) => {
    const { archive } = await build(contextOf(test, solo5(test), mirage));
    const { code, stdout } = await bima('lint', '--fail-on', 'warning', archive);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
  });
});
