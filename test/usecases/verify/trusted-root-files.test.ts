// Files with trusted roots: what counts as one, and what is taken of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTrustedRoots, publishedRoots } from '../../../src/usecases/verify/trusted-roots.ts';

const full = {
  mediaType: 'm',
  tlogs: [1],
  certificateAuthorities: [2],
  ctlogs: [3],
  timestampAuthorities: [4],
};
const read = (text: string) => parseTrustedRoots(Buffer.from(text), 'the file');

describe('a file with trusted roots', () => {
  it('gives the parts of a root, and no others', () => {
    assert.deepEqual(read(JSON.stringify({ ...full, other: 5 })), [full]);
    assert.deepEqual(read(JSON.stringify({ mediaType: 'x', trustedRoot: full, signingConfig: {} })), [full]);
  });

  it('gives empty lists for what a root lacks', () => {
    const empty = { tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
    assert.deepEqual(read('{"tlogs":[1]}'), [{ ...empty, mediaType: undefined, tlogs: [1] }]);
    assert.deepEqual(read('{"certificateAuthorities":[2]}'), [
      { ...empty, mediaType: undefined, certificateAuthorities: [2] },
    ]);
  });

  it('may have one on each line, with blanks around and between', () => {
    const line = JSON.stringify(full);
    assert.deepEqual(read(`\n ${line} \n\n\t${line}\r\n`), [full, full]);
    assert.deepEqual(read(`${line}\n`), [full]);
    // One root on several lines is one root, also where a line looks like one.
    const nested = `{"tlogs":[\n{"a":1}\n,\n{"b":2}\n]}`;
    assert.equal(read(nested).length, 1);
  });

  const wrong: [name: string, text: string][] = [
    ['no list of authorities', '{"certificateAuthorities":{}}'],
    ['no list of logs', '{"tlogs":"x"}'],
    ['nothing of a root', '{"ctlogs":[]}'],
    ['a root that is no object', '{"trustedRoot":[]}'],
  ];
  for (const [name, text] of wrong)
    it(`is refused with ${name}`, () => {
      assert.throws(() => read(text), {
        code: 'TRUST_CONFIGURATION_INVALID',
        message: 'the file: expected a trusted root of a sigstore, got something else',
        hint: 'Make one with `gh attestation trusted-root` or `cosign trusted-root create`.',
      });
    });

  it('is refused where one of its lines is wrong', () => {
    assert.throws(() => read(`${JSON.stringify(full)}\n{}`), { code: 'TRUST_CONFIGURATION_INVALID' });
    assert.throws(() => read(`${JSON.stringify(full)}\nx`), { code: 'TRUST_CONFIGURATION_INVALID' });
  });
});

describe('the roots for a certificate', () => {
  it('are not looked for where it can not be read', async () => {
    const roots = publishedRoots({}, () => assert.fail('it was asked for'));
    await assert.rejects(roots(Buffer.from('no certificate')), {
      code: 'SIGNATURE_INVALID',
      message: 'the certificate can not be read',
    });
  });
});
