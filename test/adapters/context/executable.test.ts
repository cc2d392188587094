// Modes of files on a system without an executable bit.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readExecutable } from '../../../src/adapters/context/executable.ts';
import type { FoundFile, Match } from '../../../src/core/files/match.ts';
import { warnOfGuesses, withExecutableBinary } from '../../../src/usecases/plan/modes.ts';
import { createPlanFiles } from '../../../src/usecases/plan/files.ts';
import type { StageFiles } from '../../../src/usecases/plan/files.ts';
import type { CopySource } from '../../../src/core/containerfile/instruction.ts';
import { parseContainerfile } from '../../../src/core/containerfile/parser.ts';
import { streamOf } from '../../../src/core/oci/blob.ts';
import { temporaryFolder } from '../../support/folder.ts';

describe('readExecutable', () => {
  const contents: readonly [name: string, content: string, executable: boolean][] = [
    ['an ELF file', '\x7fELF\x02\x01', true],
    ['a PE file', 'MZ\x90\0', true],
    ['a script', '#!/bin/sh\n', true],
    ['a configuration', 'port 6379\n', false],
    ['a single byte', 'M', false],
    ['nothing', '', false],
  ];
  for (const [name, content, executable] of contents) {
    it(`guesses on Windows from what it begins with: ${name}`, (test) => {
      const root = temporaryFolder(test);
      writeFileSync(join(root, 'file'), content, 'latin1');
      // Node makes up bits for some names there.
      const found = readExecutable({ root }, 'file', { mode: 0o100777 }, 'win32');
      assert.deepEqual(found, { executable, isGuessed: true });
    });
  }

  it('believes the bit elsewhere', () => {
    assert.deepEqual(readExecutable({ root: '/' }, 'none', { mode: 0o100710 }, 'linux'), {
      executable: true,
    });
    assert.deepEqual(readExecutable({ root: '/' }, 'none', { mode: 0o100644 }, 'darwin'), {
      executable: false,
    });
  });
});

/** What the stages of a file bring from a context on Windows, in which names that end with "!" are programs. */
async function filesOf(...lines: readonly string[]): Promise<StageFiles> {
  const { stages, errors } = parseContainerfile(Buffer.from(lines.join('\n')), 'Containerfile', {});
  assert.deepEqual(errors, []);
  const match = (source: CopySource): Promise<readonly Match[]> => {
    const found: FoundFile = {
      type: 'file',
      name: source.path,
      size: 0,
      executable: source.path.endsWith('!'),
      isGuessed: true,
      open: () => streamOf(),
    };
    return Promise.resolve([{ source, found }]);
  };
  const bases = {
    byStage: new Map(),
    errors: [],
    warnings: [],
    open: () => assert.fail('no image is opened'),
  };
  return createPlanFiles(
    { stages, unbuilt: new Set() },
    { root: '/', match, leftOut: new Set<string>(), warnings: [] },
    bases,
  ).ofStage(stages.length - 1, 'for COPY');
}

const label = [{ key: 'com.urunc.unikernel.binary', value: '/unikernel/app' }];

/** Of each file in the layers, and in the rootfs. */
function modesOf({ layers, rootfs }: StageFiles): Record<string, string> {
  const modes = new Map<string, string>();
  for (const entry of layers.flatMap(({ entries }) => entries)) {
    if (entry.type !== 'file') continue;
    modes.set(entry.path, entry.mode.toString(8));
    assert.equal(rootfs.entries.get(entry.path), entry, 'the rootfs says the same');
  }
  return Object.fromEntries(modes);
}

describe('modes that are guessed', () => {
  it('are 0755 for programs and for the binary, and 0644 for other files', async () => {
    const files = await filesOf(
      'FROM scratch',
      'COPY app /unikernel/app',
      'COPY tool! /tool',
      'COPY conf /conf',
    );
    assert.deepEqual(modesOf(withExecutableBinary(files, label)), {
      'unikernel/app': '755',
      tool: '755',
      conf: '644',
    });
  });

  it('give way to --chmod', async () => {
    const files = await filesOf(
      'FROM scratch',
      'COPY --chmod=600 app /unikernel/app',
      'COPY --chmod=644 tool! /',
    );
    const named = withExecutableBinary(files, label);
    assert.deepEqual(modesOf(named), { 'unikernel/app': '600', 'tool!': '644' });
    assert.deepEqual(warnOfGuesses(named), []);
  });

  it('are still guesses when another stage takes the file over', async () => {
    const files = await filesOf(
      'FROM scratch AS one',
      'COPY app /a',
      'FROM scratch',
      'COPY --from=one /a /unikernel/app',
    );
    assert.deepEqual(modesOf(withExecutableBinary(files, label)), { 'unikernel/app': '755' });
  });

  it('are a warning for each COPY of a program, with its place', async () => {
    const files = await filesOf(
      'FROM scratch',
      'COPY app /unikernel/app',
      'COPY conf /conf',
      'COPY one! two! /bin/',
    );
    const warnings = warnOfGuesses(withExecutableBinary(files, label));
    assert.deepEqual(
      warnings.map(({ message, position }) => [
        /"[^"]*"(?: and \d+ more)?/.exec(message)?.[0],
        position?.line,
      ]),
      [
        ['"/unikernel/app"', 2],
        ['"/bin/one!" and 1 more', 4],
      ],
    );
    assert.match(warnings[0]?.hint ?? '', /--chmod=0755/);
  });
});
