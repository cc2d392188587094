// Notes of Solo5, read here and by Solo5's own `solo5-elftool`. Optional: BIMA_TEST_SOLO5_ELFTOOL names the program, which
// is one file of Solo5's sources (elftool/elftool.c).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { examineBinary } from '../../src/core/unikernel/examine-binary.ts';
import { streamOf } from '../../src/core/oci/blob.ts';
import { assemble } from '../support/assembled.ts';
import type { Assembled } from '../support/assembled.ts';
import { temporaryFolder } from '../support/folder.ts';
import { chanceOf } from '../support/seeded.ts';
import { extraPrefix, unlessInstalled } from '../support/tools.ts';

const program = process.env.BIMA_TEST_SOLO5_ELFTOOL;
const skip =
  program === undefined
    ? `${extraPrefix} solo5-elftool in BIMA_TEST_SOLO5_ELFTOOL`
    : unlessInstalled('x86_64-linux-gnu-as');

interface Answer {
  /** Undefined where it is refused. */
  readonly abi: { readonly target: string; readonly version: number } | undefined;
  readonly devices: readonly { readonly type: string; readonly name: string }[] | undefined;
}

const types: Readonly<Record<string, string>> = { NET_BASIC: 'net', BLOCK_BASIC: 'block' };

function ask(folder: string, bytes: Uint8Array): Answer {
  const path = join(folder, 'unikernel');
  writeFileSync(path, bytes);
  const query = (command: string): unknown => {
    const { status, stdout } = spawnSync(program ?? '', [command, path], { encoding: 'latin1' });
    // It writes the bytes of names as they are, and a comma before an entry that it leaves out.
    const text = stdout.replaceAll(/[^\n -~]|\\/g, '?').replace(/,(\s*\])/, '$1');
    return status === 0 ? JSON.parse(text) : undefined;
  };
  const abi = query('query-abi') as Answer['abi'];
  const manifest = query('query-manifest') as
    { readonly devices: readonly { readonly type: string; readonly name: string }[] } | undefined;
  return {
    abi: abi === undefined ? undefined : { target: abi.target, version: abi.version },
    devices: manifest?.devices.map(({ type, name }) => ({ type: types[type] ?? type, name })),
  };
}

async function read(bytes: Uint8Array): Promise<Answer & { readonly isFoundByTender: boolean }> {
  const { solo5 } = await examineBinary({ size: bytes.length, open: () => streamOf(bytes) });
  const { target, abiVersion: version, devices, isFoundByTender = false } = solo5 ?? {};
  const isWhole = target !== undefined && version !== undefined;
  return { abi: isWhole ? { target, version } : undefined, devices, isFoundByTender };
}

function kernel(test: TestContext, symbols: Readonly<Record<string, number>>, script: Assembled['script']) {
  return assemble(test, { source: 'solo5', script: script ?? 'solo5', symbols });
}

describe('solo5-elftool', { skip }, () => {
  for (const target of [1, 2, 3, 4, 5, 6])
    for (const abi of [1, 2])
      for (const count of [0, 1, 2, 3])
        it(`reads the same: target ${target}, ABI ${abi}, ${count} devices`, async (test) => {
          const bytes = kernel(test, { target, abi, count }, 'solo5');
          const { isFoundByTender, ...answer } = await read(bytes);
          assert.deepEqual(answer, ask(temporaryFolder(test), bytes));
          assert.equal(isFoundByTender, true);
        });

  it('finds nothing where a tender finds nothing', async (test) => {
    const bytes = kernel(test, { target: 1, abi: 2, count: 1 }, 'solo5-one-segment');
    const theirs = ask(temporaryFolder(test), bytes);
    assert.ok(theirs.abi === undefined || theirs.devices === undefined);
    assert.equal((await read(bytes)).isFoundByTender, false);
  });

  it('and what is read here agree on damaged manifests', async (test) => {
    const folder = temporaryFolder(test);
    const chance = chanceOf('solo5-elftool');
    const original = kernel(test, { target: 1, abi: 2, count: 3 }, 'solo5');
    const start = original.indexOf('MFT1', 'latin1') - 8;
    const entries = [0, 1, 2, 3].map((at) => start + 32 + at * 104);
    const fields = [start, start + 4, start + 8, start + 24, start + 28];
    const places = [...fields, ...entries.flatMap((at) => [at, at + 67, at + 68, at + 71, at + 96])];
    const seen = { refused: 0, read: 0 };
    for (let round = 0; round < 400; round += 1) {
      const bytes = Buffer.from(original);
      for (let left = chance.int(1, 2); left > 0; left -= 1) {
        const at = chance.isLuck(0.7) ? chance.pick(places) : chance.int(start, start + 440);
        bytes[at] = chance.pick([0, 1, 2, 4, 64, 65, 0x7f, chance.int(0, 255)]);
      }
      const [ours, theirs] = [await read(bytes), ask(folder, bytes)];
      // It takes what it would never write: devices of no type, names of other characters, and more reserved entries,
      // which it leaves out.
      const isOdd = ({ type, name }: { type: string; name: string }) =>
        !['net', 'block'].includes(type) || !/^[A-Za-z0-9]+$/.test(name);
      if (theirs.devices?.some(isOdd) === true || (theirs.devices?.length ?? 3) < 3) continue;
      const what = `round ${round}: ${JSON.stringify({ ours, theirs })}`;
      assert.deepEqual(ours.isFoundByTender ? ours.devices : undefined, theirs.devices, what);
      seen[theirs.devices === undefined ? 'refused' : 'read'] += 1;
    }
    assert.ok(seen.refused > 50 && seen.read > 50, JSON.stringify(seen));
  });
});
