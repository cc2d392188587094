// Modes of a context without executable bits: what is guessed, and what is said of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { warnOfGuesses, withExecutableBinary } from '../../../src/usecases/plan/modes.ts';
import type { LayerPlan, StageFiles } from '../../../src/usecases/plan/files.ts';
import type { Entry } from '../../../src/core/files/entry.ts';
import { fileEntry, rootfsOf } from '../../support/file-entries.ts';

const at = (line: number) => ({ file: 'Containerfile', line, column: 1 });

function filesOf(...layers: readonly (readonly Entry[])[]): StageFiles {
  const plans = layers.map((entries, index): LayerPlan => {
    const position = at(index + 1);
    return { instruction: { type: 'copy', sources: [], destination: '/', position }, entries };
  });
  return { rootfs: rootfsOf(...layers.flat()), hasBase: false, layers: plans, errors: [], warnings: [] };
}

const binary = (value: string) => [{ key: 'com.urunc.unikernel.binary', value }];

describe('the binary among files whose modes are guessed', () => {
  const app = fileEntry('app', 'x', { isGuessed: true });
  const other = fileEntry('other', 'x', { isGuessed: true });

  it('is executable in the rootfs and in each layer, and nothing else is', () => {
    const files = filesOf([app, other], [other, app]);
    const changed = withExecutableBinary(files, binary('/app'));
    const executable = { ...app, mode: 0o755 };
    assert.deepEqual(changed, {
      ...files,
      rootfs: rootfsOf(executable, other),
      layers: [
        { ...files.layers[0], entries: [executable, other] },
        { ...files.layers[1], entries: [other, executable] },
      ],
    });
    assert.equal(files.rootfs.entries.get('app'), app);
  });

  it('is left as it is where its mode is known, or no label names it', () => {
    for (const isGuessed of [undefined, false]) {
      const known = filesOf([fileEntry('app', 'x', isGuessed === undefined ? {} : { isGuessed })]);
      assert.equal(withExecutableBinary(known, binary('/app')), known);
    }
    const files = filesOf([app]);
    assert.equal(withExecutableBinary(files, []), files);
    assert.equal(withExecutableBinary(files, binary('/none')), files);
  });
});

describe('the warning of guessed modes', () => {
  const program = (path: string) => fileEntry(path, 'x', { isGuessed: true, mode: 0o755 });

  it('comes for each COPY that brings such files, with their number', () => {
    const files = filesOf(
      [program('a')],
      [fileEntry('plain', 'x', { isGuessed: true }), fileEntry('set', 'x', { mode: 0o755 })],
      [program('b'), program('c'), program('d')],
      [{ type: 'directory', path: 'folder', mode: 0o755, uid: 0, gid: 0 }],
    );
    const hint = 'Write COPY --chmod=0755 for programs: then the image is the same on every system.';
    const message = (what: string) =>
      `${what} gets the mode 0755 by what it is: Windows has no executable bit`;
    assert.deepEqual(warnOfGuesses(files), [
      { code: 'CONTEXT_PATH', message: message('"/a"'), hint, position: at(1) },
      { code: 'CONTEXT_PATH', message: message('"/b" and 2 more'), hint, position: at(3) },
    ]);
  });
});
