// The inputs that say whether an image is signed, and with what.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSigning } from '../../src/action/signing-inputs.ts';
import { caught } from '../support/caught.ts';

type Given = Readonly<Record<string, string>>;

function read(given: Given) {
  return readSigning((name) => given[name] ?? '');
}

describe('the inputs of a signature', () => {
  const rows: readonly [given: Given, signing: ReturnType<typeof readSigning>][] = [
    [{}, undefined],
    [{ attest: 'false' }, undefined],
    [{ attest: 'FALSE', 'attest-key-password': 'p' }, undefined],
    [{ attest: 'true' }, { mode: 'true' }],
    [
      { attest: 'auto', 'attest-key': 'k' },
      { mode: 'auto', key: 'k' },
    ],
    [
      { attest: 'true', 'attest-key': 'k', 'attest-key-password': 'p' },
      { mode: 'true', key: 'k', passphrase: 'p' },
    ],
    [
      { attest: 'true', 'attest-trust-config': 't.json' },
      { mode: 'true', trustPath: 't.json' },
    ],
  ];
  for (const [given, signing] of rows) {
    it(`are ${JSON.stringify(signing)} for ${JSON.stringify(given)}`, () => {
      assert.deepEqual(read(given), signing);
    });
  }

  const alone: readonly [given: Given, name: string][] = [
    [{ 'attest-key': 'k' }, 'attest-key'],
    [{ attest: 'false', 'attest-trust-config': 't' }, 'attest-trust-config'],
    [{ 'attest-key': 'k', 'attest-trust-config': 't' }, 'attest-key'],
  ];
  for (const [given, name] of alone) {
    it(`need attest beside ${Object.keys(given).join(' and ')}`, async () => {
      assert.deepEqual(await caught(() => read(given)), [
        {
          code: 'INPUT_INVALID',
          message: `expected the input "attest" beside "${name}", got none`,
          hint: 'Write attest: true to sign, or attest: auto to sign where the run can.',
        },
      ]);
    });
  }
});
