import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localName, parseImageName } from '../../../src/core/oci/image-name.ts';
import { formatReference } from '../../../src/core/oci/reference.ts';

describe('localName', () => {
  const rows: [text: string, name: string | undefined][] = [
    ['oci:a/b:1', 'a/b:1'],
    ['oci-archive:a.tar', 'a.tar'],
    ['docker-archive:a.tar:name:tag', 'a.tar:name:tag'],
    ['dir:a', 'a'],
    ['oci-layout://a/b@sha256:1', 'a/b@sha256:1'],
    ['oci:a\nb', 'a\nb'],
    ['oci:', undefined],
    ['oci-layout:a', undefined],
    ['xoci:a', undefined],
    ['docker://a/b', undefined],
    ['a/b:1', undefined],
  ];
  for (const [text, name] of rows)
    it(`finds ${name === undefined ? 'no path' : JSON.stringify(name)} in ${JSON.stringify(text)}`, () => {
      assert.equal(localName(text), name);
    });
});

describe('parseImageName', () => {
  for (const text of ['docker://a/b:1', 'docker-image://a/b:1', 'a/b:1'])
    it(`reads ${text}`, () => {
      assert.equal(formatReference(parseImageName(text)), 'docker.io/a/b:1');
    });

  for (const text of ['xdocker://a/b', 'https://a/b', 'oci:a/b:1:2'])
    it(`refuses ${text}`, () => {
      assert.throws(() => parseImageName(text), { code: 'REFERENCE_INVALID' });
    });
});
