// Images of ours, booted by the runtime that they are for: containerd starts urunc, urunc starts QEMU, and the guest prints
// its arguments. Everything is in mount, PID and network namespaces of its own. BIMA_TEST_URUNC names urunc's programs;
// how to build them is urunc's affair.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mustRunBima } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { runUnderUrunc, skipWithoutUrunc, uruncVersion } from '../support/urunc.ts';

const hello = resolve(import.meta.dirname, '../../examples/hello');
const image = 'example.com/hello:1';

/** What it prints after its greeting. Of Unikraft's arguments, urunc makes the program's name, its own settings, the rest. */
const printed = {
  mirage: / +hello from urunc$/,
  unikraft: / hello .*-- +from urunc$/,
  linux: / .*hello from urunc$/,
} as const;

/** An archive with the unikernel that prints its arguments. */
async function archiveOf(
  test: TestContext,
  options: {
    readonly type: keyof typeof printed;
    readonly platforms?: string;
    readonly lines?: readonly string[];
  },
): Promise<string> {
  const context = temporaryFolder(test, { 'etc/motd': 'x' });
  for (const architecture of ['amd64', 'arm64']) {
    copyFileSync(join(hello, `hello-${architecture}`), join(context, `hello-${architecture}`));
  }
  const labels = {
    binary: '/unikernel/hello',
    cmdline: 'hello from urunc',
    hypervisor: 'qemu',
    unikernelType: options.type,
    version: '0.17.0',
  };
  const lines = [
    'FROM scratch',
    'COPY --chmod=0755 hello-${TARGETARCH:-amd64} /unikernel/hello',
    ...(options.lines ?? []),
    ...Object.entries(labels).map(([key, value]) => `LABEL com.urunc.unikernel.${key}="${value}"`),
  ];
  writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
  const archive = join(context, 'image.tar');
  const platforms = options.platforms === undefined ? [] : ['--platform', options.platforms];
  await mustRunBima(['build', '--tar', '-t', image, '--dest', archive, ...platforms, context]);
  return archive;
}

describe('an image under urunc', { skip: skipWithoutUrunc, timeout: 600_000 }, () => {
  const version = skipWithoutUrunc === false ? uruncVersion() : [];
  const isAtLeast = (minor: number) =>
    version.length === 0 || (version[0] ?? 0) > 0 || (version[1] ?? 0) >= minor;

  const rows: [name: string, since: number, options: Parameters<typeof archiveOf>[1]][] = [
    ['mirage', 5, { type: 'mirage' }],
    ['unikraft', 5, { type: 'unikraft' }],
    ['unikraft, in an index of two platforms', 5, { type: 'unikraft', platforms: 'linux/amd64,linux/arm64' }],
    [
      'unikraft with an initrd',
      5,
      {
        type: 'unikraft',
        lines: ['COPY --rootfs=initrd etc /initrd.cpio', 'LABEL com.urunc.unikernel.initrd=/initrd.cpio'],
      },
    ],
    [
      'linux, with its rootfs over 9p',
      6,
      {
        type: 'linux',
        lines: [
          'COPY etc /etc',
          'LABEL com.urunc.unikernel.mountRootfs=true',
          'CMD ["hello", "from", "urunc"]',
        ],
      },
    ],
  ];
  for (const [name, since, options] of rows) {
    const skip = !isAtLeast(since) && `urunc runs it from v0.${since} on`;
    it(`boots, and the guest prints its arguments: ${name}`, { skip }, async (test) => {
      const run = { archive: await archiveOf(test, options), image, expected: 'from urunc' };
      const [answer] = runUnderUrunc(test, [run]);
      const [, serial = ''] = (answer?.printed ?? '').split('hello from a unikernel:');
      assert.match(serial, printed[options.type], `${answer?.printed}\n${answer?.log}`);
      console.log(`${answer?.tries} ${answer?.tries === 1 ? 'try' : 'tries'}: ${JSON.stringify(serial)}`);
    });
  }

  it('is refused where the namespaces are those of everyone', () => {
    const child = resolve(import.meta.dirname, '../support/urunc-child.ts');
    const order = JSON.stringify({ namespaces: {}, programs: '', folder: '/nowhere', runs: [] });
    const { status, stderr } = spawnSync(process.execPath, [child, order], { encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(stderr, /refused/);
  });
});
