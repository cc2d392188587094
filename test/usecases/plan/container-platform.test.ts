// The platform of an ordinary container image, in the order in which it is looked for.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findContainerPlatform } from '../../../src/usecases/plan/container-platform.ts';
import type { ContainerParts } from '../../../src/usecases/plan/container-platform.ts';
import type { NamedPlatforms } from '../../../src/usecases/plan/binary-platform.ts';
import { parsePlatform } from '../../../src/core/oci/platform.ts';
import { fileEntry, rootfsOf } from '../../support/file-entries.ts';
import { elf } from '../../support/headers.ts';

const start = { file: 'Containerfile', line: 1, column: 1 };
const rootfs = rootfsOf(fileEntry('init', elf(64, 'little', 62)), fileEntry('sh', '#!/bin/sh\n'));
const position = { ...start, line: 2 };
const base = { platform: { os: 'linux', architecture: 'aarch64', variant: 'v8' } } as ContainerParts['base'];
const stated = { platform: parsePlatform('linux/riscv64'), position };
const named = parsePlatform('linux/arm/v7');

function find({ base: of, command = {} }: Partial<ContainerParts>, platforms: Partial<NamedPlatforms> = {}) {
  return findContainerPlatform(
    rootfs,
    { base: of, command },
    { named: platforms.named, stated: platforms.stated },
    start,
  );
}

describe('the platform of a container image', () => {
  const init = { entrypoint: ['/init'], cmd: ['/none'] };
  const rows: [
    name: string,
    parts: Partial<ContainerParts>,
    platforms: Partial<NamedPlatforms>,
    is: string,
  ][] = [
    ['the one that is named', { base, command: init }, { named, stated }, 'linux/arm/v7'],
    ['the one in the file', { base, command: init }, { stated }, 'linux/riscv64'],
    ['that of the base, in its usual form', { base, command: init }, {}, 'linux/arm64'],
    ['that of the program of ENTRYPOINT', { command: init }, {}, 'linux/amd64'],
    ['that of the program of CMD', { command: { cmd: ['/init'] } }, {}, 'linux/amd64'],
  ];
  for (const [name, parts, platforms, is] of rows) {
    it(`is ${name}`, async () => {
      assert.deepEqual(await find(parts, platforms), {
        platform: parsePlatform(is),
        errors: [],
        warnings: [],
      });
    });
  }

  const unknown: [command: ContainerParts['command'], program: string][] = [
    [{}, ''],
    [{ entrypoint: ['/sh'], cmd: ['/init'] }, '/sh'],
    [{ entrypoint: [], cmd: ['/none'] }, '/none'],
  ];
  for (const [command, program] of unknown) {
    it(`is unknown for the program "${program}"`, async () => {
      assert.deepEqual(await find({ command }), {
        errors: [
          {
            code: 'ARCHITECTURE_UNKNOWN',
            message: `expected a base image, or a program whose header names its architecture, got "${program}"`,
            hint: 'Name the platform: with --platform linux/amd64, or the input "platforms" of the action.',
            position: start,
          },
        ],
        warnings: [],
      });
    });
  }

  it('is refused for another system', async () => {
    const windows = parsePlatform('windows/amd64');
    assert.deepEqual(await find({ command: init }, { named: windows }), {
      errors: [
        {
          code: 'ARCHITECTURE_MISMATCH',
          message: 'expected a platform of the operating system linux, got "windows/amd64"',
          hint: 'Layers for other systems have another form: only Linux can be built for.',
          position: start,
        },
      ],
      warnings: [],
    });
  });
});
