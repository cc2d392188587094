// What an image has of its base, whatever the base's config is.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readInherited, readValues } from '../../../src/core/oci/inherited.ts';
import type { InheritedValues } from '../../../src/core/oci/inherited.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';

const read = (document: unknown, layers = 0) =>
  readInherited(Buffer.from(JSON.stringify(document)), layers, 'a config');

describe('readInherited', () => {
  const entries = [
    { created_by: 'a' },
    { created_by: 'b', empty_layer: true },
    { created_by: 'c', empty_layer: false },
  ];
  const placeholder = { comment: 'from the base image' };

  it('keeps the config, the history and the author', () => {
    assert.deepEqual(read({ config: { Any: 1 }, history: entries, author: 'somebody' }, 2), {
      config: { Any: 1 },
      history: entries,
      author: 'somebody',
    });
  });

  for (const [name, history, layers, expected] of [
    ['of more layers', entries, 1, [placeholder]],
    ['of fewer layers', entries, 3, [placeholder, placeholder, placeholder]],
    ['that is missing', undefined, 2, [placeholder, placeholder]],
    ['that is no list', { length: 1 }, 1, [placeholder]],
    ['with what is no entry', [...entries, null, 'text', []], 2, entries],
    ['of no layers', [{ empty_layer: true }], 0, [{ empty_layer: true }]],
  ] as const)
    it(`has an entry for each layer with a history ${name}`, () => {
      assert.deepEqual(read({ history }, layers), { config: {}, history: expected });
    });

  for (const document of [{ config: [] }, { config: null, author: '' }, { config: 'x', author: 5 }])
    it(`takes nothing from ${JSON.stringify(document)}`, () => {
      assert.deepEqual(read(document), { config: {}, history: [] });
    });

  it('says which document is none', () => {
    assert.throws(() => read([]), { code: 'LAYOUT_INVALID', message: 'a config is not a JSON object' });
  });
});

describe('readValues', () => {
  const rows: [name: string, config: JsonObject, values: Partial<InheritedValues>][] = [
    ['nothing', {}, {}],
    [
      'every field',
      {
        ...{ Entrypoint: ['a'], Cmd: ['b'], Labels: { c: 'd' }, Env: ['E=f=g', 'H='], WorkingDir: '/i' },
        ...{ User: 'j', Shell: ['k'], OnBuild: ['l'] },
      },
      {
        ...{ entrypoint: ['a'], cmd: ['b'], labels: { c: 'd' }, env: { E: 'f=g', H: '' }, workingDir: '/i' },
        ...{ user: 'j', shell: ['k'], onBuild: ['l'] },
      },
    ],
    [
      'empty fields',
      { Entrypoint: [], Cmd: [], Shell: [], WorkingDir: '', User: '', Env: [], OnBuild: [] },
      {},
    ],
    [
      'fields of a wrong type',
      {
        ...{ Entrypoint: 'a', Cmd: [1], Labels: { c: 1 }, Env: 'E=f', WorkingDir: 1, User: {}, Shell: {} },
        OnBuild: 'x',
      },
      {},
    ],
    ['fields that are null', { Entrypoint: null, Cmd: null, Labels: null, Env: null, Shell: null }, {}],
    ['variables without a name or a value', { Env: ['=a', 'B', 'C=d'] }, { env: { C: 'd' } }],
  ];
  for (const [name, config, values] of rows)
    it(`reads ${name}`, () => {
      assert.deepEqual(readValues({ config, history: [] }), { labels: {}, env: {}, onBuild: [], ...values });
    });
});
