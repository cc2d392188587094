// The files of --sbom and --provenance: which words name one, and what may not be replaced.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';
import { attestationFiles, checkAttestationFiles } from '../../src/cli/build-attestations.ts';
import { temporaryFolder } from '../support/folder.ts';
import { sampleContext } from '../support/sample.ts';
import { runBima } from '../support/signed-image.ts';

const windows = process.platform === 'win32';

function optionsOf(...args: readonly string[]) {
  const invocation = parseArguments(['build', ...args, '.'], {});
  assert.ok(invocation.type === 'command');
  return invocation.options;
}

describe('the file of a statement', () => {
  const rows: readonly (readonly [args: readonly string[], files: object])[] = [
    [[], {}],
    [['--sbom', 's.json'], { sbom: 's.json' }],
    [['--provenance', 'p.json', '--sbom', 's.json'], { sbom: 's.json', provenance: 'p.json' }],
    [['--provenance=false', '--sbom=FALSE'], {}],
    [['--sbom', 'false', '--sbom', 's.json'], { sbom: 's.json' }],
    [['--sbom', 'not-false.json'], { sbom: 'not-false.json' }],
    [['--sbom', './true'], { sbom: './true' }],
    [['--sbom', 'my-mode=max'], { sbom: 'my-mode=max' }],
  ];
  for (const [args, files] of rows) {
    it(`is ${JSON.stringify(files)} for ${JSON.stringify(args)}`, () => {
      assert.deepEqual(attestationFiles(optionsOf(...args)), files);
    });
  }

  for (const name of ['sbom', 'provenance']) {
    for (const word of ['', '-', 'true', 'True', 'mode=max', 'generator=x', 'type=spdx']) {
      it(`is no "${word}" of --${name}`, () => {
        assert.throws(() => attestationFiles(optionsOf(`--${name}=${word}`)), {
          code: 'INPUT_INVALID',
          message: `expected the path of a file for --${name}, got "${word}"`,
          hint: new RegExp(`--${name} ${name}\\.json`),
        });
      });
    }
  }

  it('is checked before anything is built', async (test) => {
    const folder = temporaryFolder(test);
    mkdirSync(join(folder, 'place'));
    writeFileSync(join(folder, 'file'), '');
    await checkAttestationFiles(optionsOf('--sbom', join(folder, 's.json')));
    assert.ok(!existsSync(join(folder, 's.json')));
    for (const path of [join(folder, 'place'), join(folder, 'file/p.json')]) {
      const both = optionsOf('--sbom', join(folder, 's.json'), '--provenance', path);
      await assert.rejects(checkAttestationFiles(both), { code: 'OUTPUT_FAILED' });
    }
  });

  it('is no FIFO, which stays one', { skip: windows }, async (test) => {
    const pipe = join(temporaryFolder(test), 'pipe');
    execFileSync('mkfifo', [pipe]);
    await assert.rejects(checkAttestationFiles(optionsOf('--provenance', pipe)), {
      code: 'OUTPUT_FAILED',
      message: `expected a file, got a FIFO at "${pipe}"`,
    });
    assert.ok(lstatSync(pipe).isFIFO());
  });

  it('is what a link leads to, and each is written where it belongs', { skip: windows }, async (test) => {
    const context = sampleContext(test);
    const at = (name: string) => join(context, '..', name);
    writeFileSync(at('real.json'), 'old');
    symlinkSync('real.json', at('link.json'));
    const args = ['build', '-o', 'oci', '--dest', at('layout'), '--sbom', at('link.json')];
    const { code, lines } = await runBima([...args, '--provenance', at('p.json'), context]);
    assert.equal(code, 0, lines);
    assert.ok(lstatSync(at('link.json')).isSymbolicLink());
    assert.match(readFileSync(at('real.json'), 'utf8'), /SPDX-2\.3/);
    assert.match(readFileSync(at('p.json'), 'utf8'), /slsa\.dev\/provenance/);
    assert.match(lines, /wrote the bill of materials .*link\.json/);
    assert.match(lines, /wrote the provenance .*p\.json/);
  });
});
