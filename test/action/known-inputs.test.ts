import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { cleanupInputNames, inputNames } from '../../src/action/input-names.ts';
import { unknownInputs } from '../../src/action/known-inputs.ts';

describe('the names of the inputs', () => {
  for (const [file, names] of Object.entries({
    'action.yml': inputNames,
    'cleanup/action.yml': cleanupInputNames,
  })) {
    it(`are those of ${file}`, () => {
      const { inputs } = parse(readFileSync(file, 'utf8')) as { inputs: Record<string, unknown> };
      assert.deepEqual(names, Object.keys(inputs));
    });
  }
});

describe('unknownInputs', () => {
  const cases: [variable: string, hint: RegExp][] = [
    ['INPUT_CONTXT', /^Did you mean "context"\?$/],
    ['INPUT_OCI_LAYOUT', /^Did you mean "oci-layout"\?$/],
    ['INPUT_NO-CACHE', /^Set reuse: false\.$/],
    ['INPUT_CACHE-FROM', /taken over from the image/],
    ['INPUT_PLATFORM', /^Set platforms\.$/],
    ['INPUT_SECRETS', /No program runs/],
  ];
  for (const [variable, hint] of cases) {
    it(`says what helps for ${variable}`, () => {
      const [problem, ...others] = unknownInputs({ [variable]: 'x' }, inputNames);
      assert.deepEqual(others, []);
      assert.match(problem?.hint ?? '', hint);
      assert.match(problem?.message ?? '', /the action has no input ".*": it had no effect/);
    });
  }

  it('says nothing of what is known, empty or somebody else', () => {
    assert.deepEqual(
      unknownInputs({ INPUT_CONTEXT: '.', 'INPUT_OCI-LAYOUT': 'x', INPUT_CONTXT: '', PATH: 'x' }, inputNames),
      [],
    );
    assert.deepEqual(unknownInputs({ INPUT_SOMETHING_QUITE_DIFFERENT: 'x' }, inputNames), []);
  });
});
