import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { chooseForPlatform } from '../../../src/core/unikernel/base-platform.ts';

interface Case {
  readonly name: string;
  readonly entries: string;
  readonly named?: string;
  readonly target?: string;
  readonly hypervisor?: string;
  /** The position of the entry, or why there is none. */
  readonly expected: number | 'several' | 'none';
}

const unikraft = 'qemu/x86_64 fc/x86_64 xen/x86_64 qemu/arm64';

const cases: readonly Case[] = [
  {
    name: 'the platform that is built',
    entries: 'linux/amd64 linux/arm64',
    target: 'linux/arm64',
    expected: 1,
  },
  { name: 'the only entry', entries: 'linux/arm64', expected: 0 },
  { name: 'several architectures', entries: 'linux/amd64 linux/arm64', expected: 'several' },
  { name: 'another architecture', entries: 'linux/amd64', target: 'linux/arm64', expected: 'none' },
  { name: 'unikraft.org on qemu', entries: unikraft, target: 'linux/amd64', hypervisor: 'qemu', expected: 0 },
  {
    name: 'unikraft.org on qemu for arm64',
    entries: unikraft,
    target: 'linux/arm64',
    hypervisor: 'qemu',
    expected: 3,
  },
  { name: 'firecracker, which is called fc', entries: unikraft, hypervisor: 'firecracker', expected: 1 },
  {
    name: 'firecracker, which has no arm64',
    entries: unikraft,
    target: 'linux/arm64',
    hypervisor: 'firecracker',
    expected: 'none',
  },
  { name: 'qemu without an architecture', entries: unikraft, hypervisor: 'qemu', expected: 'several' },
  { name: 'a hypervisor that is not there', entries: unikraft, hypervisor: 'hvt', expected: 'none' },
  { name: 'no hypervisor', entries: unikraft, target: 'linux/amd64', expected: 'none' },
  { name: 'linux before a hypervisor', entries: 'qemu/amd64 linux/amd64', hypervisor: 'qemu', expected: 1 },
  {
    name: 'a hypervisor where linux has another architecture',
    entries: 'linux/arm64 qemu/amd64',
    target: 'linux/amd64',
    hypervisor: 'qemu',
    expected: 1,
  },
  {
    name: 'the name in FROM',
    entries: unikraft,
    named: 'xen/amd64',
    target: 'linux/arm64',
    hypervisor: 'qemu',
    expected: 2,
  },
  {
    name: 'another system in FROM',
    entries: 'linux/amd64 freebsd/amd64',
    named: 'freebsd/amd64',
    expected: 1,
  },
  { name: 'a name that is not there', entries: 'linux/amd64', named: 'freebsd/amd64', expected: 'none' },
  {
    name: 'the first of two for one platform',
    entries: 'qemu/x86_64 qemu/amd64',
    hypervisor: 'qemu',
    expected: 0,
  },
  { name: 'the variant', entries: 'linux/arm/v6 linux/arm/v7', target: 'linux/arm/v7', expected: 1 },
  { name: 'a variant that nobody asked for', entries: 'linux/arm/v7', target: 'linux/arm', expected: 0 },
  {
    name: 'the entry without a variant',
    entries: 'linux/arm/v6 linux/arm',
    target: 'linux/arm',
    expected: 1,
  },
  { name: 'arm64, which is v8', entries: 'linux/arm64/v8', target: 'linux/arm64', expected: 0 },
  { name: 'a variant that is not there', entries: 'linux/arm/v6', target: 'linux/arm/v7', expected: 'none' },
  { name: 'nothing', entries: '', target: 'linux/amd64', expected: 'none' },
];

/** As an index has it: nobody gave it its normal form. */
function read(text: string): { os: string; architecture: string; variant?: string } {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

describe('chooseForPlatform', () => {
  for (const { name, entries, named, target, hypervisor, expected } of cases) {
    it(`takes ${name}`, () => {
      const list = entries
        .split(' ')
        .filter((text) => text !== '')
        .map((text) => ({ platform: read(text) }));
      const choice = chooseForPlatform(list, {
        ...(named === undefined ? {} : { named: parsePlatform(named) }),
        ...(target === undefined ? {} : { target: parsePlatform(target) }),
        ...(hypervisor === undefined ? {} : { hypervisor }),
      });
      assert.equal(choice.type === 'chosen' ? list.indexOf(choice.entry) : choice.type, expected);
    });
  }

  it('leaves out entries that name no platform', () => {
    assert.equal(chooseForPlatform([{}, {}], { target: parsePlatform('linux/amd64') }).type, 'none');
  });
});
