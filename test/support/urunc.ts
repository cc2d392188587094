// urunc, where BIMA_TEST_URUNC names a folder with `urunc` and `containerd-shim-urunc-v2`.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './folder.ts';
import { extraPrefix, unlessMountingWith } from './tools.ts';
import type { UruncAnswer, UruncOrder, UruncRun } from './urunc-child.ts';

const programs = process.env.BIMA_TEST_URUNC ?? '';

/** For the `skip` of a suite. */
export const skipWithoutUrunc =
  programs === ''
    ? `${extraPrefix} a folder with urunc and containerd-shim-urunc-v2 in BIMA_TEST_URUNC`
    : unlessMountingWith('ctr', 'qemu-system-x86_64');

/** Such as `[0, 5, 0]`; nothing for a build without a version. */
export function uruncVersion(): readonly number[] {
  const printed = execFileSync(join(programs, 'urunc'), ['--version'], { encoding: 'utf8' });
  const [, ...numbers] = /(\d+)\.(\d+)\.(\d+)/.exec(printed) ?? [];
  return numbers.map(Number);
}

/** Runs the images one after the other in namespaces that are gone afterwards, with all that was started there. */
export function runUnderUrunc(test: TestContext, runs: readonly UruncRun[]): UruncAnswer[] {
  const folder = temporaryFolder(test);
  const namespaces = Object.fromEntries(
    ['mnt', 'net', 'pid'].map((name) => [name, readlinkSync(`/proc/self/ns/${name}`)]),
  );
  const order: UruncOrder = {
    namespaces,
    programs,
    folder,
    runs,
    ...(hasKvm() ? {} : { qemu: compileQemu(temporaryFolder(test)) }),
  };
  const unshare = ['--mount', '--pid', '--net', '--fork', '--mount-proc', '--kill-child'];
  const child = [process.execPath, join(import.meta.dirname, 'urunc-child.ts'), JSON.stringify(order)];
  const printed = execFileSync('unshare', [...unshare, ...child], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
    maxBuffer: 1e8,
  });
  return JSON.parse(printed) as UruncAnswer[];
}

/** Set to anything, BIMA_TEST_WITHOUT_KVM has QEMU emulate where KVM is there, too. */
function hasKvm(): boolean {
  if (process.env.BIMA_TEST_WITHOUT_KVM !== undefined) return false;
  try {
    closeSync(openSync('/dev/kvm', 'r+'));
    return true;
  } catch {
    return false;
  }
}

/** urunc asks for KVM, and starts QEMU where there is no shell: a static program takes its place, and asks for less. */
function compileQemu(folder: string): string {
  const source = join(folder, 'qemu.c');
  const program = join(folder, 'qemu');
  writeFileSync(
    source,
    `#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **given) {
  char **args = calloc(count + 8, sizeof *args);
  int next = 0;
  args[next++] = given[0];
  for (int at = 1; at < count; at++) {
    if (strcmp(given[at], "-enable-kvm") == 0) continue;
    if (strcmp(given[at], "-cpu") == 0) { at++; continue; }
    if (strcmp(given[at], "-L") == 0) { at++; continue; }
    args[next++] = given[at];
  }
  char *more[] = {"-cpu", "max", "-accel", "tcg", "-L", "/usr/lib/bima-test"};
  for (int at = 0; at < 6; at++) args[next++] = more[at];
  setenv("QEMU_MODULE_DIR", "/usr/lib/x86_64-linux-gnu/qemu", 1);
  execv("/usr/lib/bima-test/qemu", args);
  return 127;
}
`,
  );
  execFileSync('cc', ['-static', '-o', program, source]);
  return program;
}
