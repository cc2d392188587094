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

describe('what is said of an unknown input', () => {
  const names = ['context', 'oci-layout', 'reuse'];
  const said = (environment: Readonly<Record<string, string | undefined>>) =>
    unknownInputs(environment, names).map(({ message, hint = '' }) => [message, hint]);

  const foreign: readonly [name: string, hint: string][] = [
    ['no-cache', 'Set reuse: false.'],
    ['pull', 'Tags of base images are looked up on each build anyway.'],
    ['outputs', 'Set oci-layout, tar, push or load.'],
    ['attests', 'Set sbom and provenance, and attest to sign them.'],
    ['cache-from', 'Layers are taken over from the image that is at the tag.'],
    ['cache-to', 'Layers are taken over from the image that is at the tag.'],
    ['secrets', 'No program runs during a build, so none could use a secret.'],
    ['secret-files', 'No program runs during a build, so none could use a secret.'],
    ['ssh', 'No program runs during a build, so none could use a key.'],
    ['builder', 'There is no builder to choose.'],
    ['containerfiles', 'Set file.'],
    ['dockerfiles', 'Set file.'],
    ['archs', 'Set platforms, as in linux/amd64,linux/arm64.'],
    ['platform', 'Set platforms.'],
    ['arch', 'Set platforms, as in linux/arm64.'],
  ];
  for (const [name, hint] of foreign) {
    it(`is for ${name}: ${hint}`, () => {
      assert.deepEqual(unknownInputs({ [`INPUT_${name.toUpperCase()}`]: 'x' }, names), [
        { code: 'INPUT_INVALID', message: `the action has no input "${name}": it had no effect`, hint },
      ]);
    });
  }

  it('is which one is meant, whatever stands for its dashes', () => {
    const message = 'the action has no input "oci_layot": it had no effect';
    assert.deepEqual(said({ INPUT_OCI_LAYOT: 'x' }), [[message, 'Did you mean "oci-layout"?']]);
    // All of them, as a name may have more than one.
    assert.deepEqual(
      unknownInputs({ INPUT_A_B_C: 'x' }, ['a-b-c']).map(({ hint }) => hint),
      ['Did you mean "a-b-c"?'],
    );
  });

  it('is nothing of what is no input, of a known one, or of one without a value', () => {
    for (const name of [
      'contxt',
      'INPUT_',
      'XINPUT_CONTXT',
      'INPUTCONTXT',
      'INPUT_CONTEXT',
      'INPUT_TOSTRING',
    ])
      assert.deepEqual(said({ [name]: 'x' }), [], name);
    assert.deepEqual(said({ INPUT_CONTXT: '', INPUT_PULL: undefined }), []);
    assert.deepEqual(said({}), []);
  });
});
