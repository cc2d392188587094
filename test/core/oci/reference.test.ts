import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BimaError } from '../../../src/core/errors.ts';
import { formatReference, parseReference, withDefaultTag } from '../../../src/core/oci/reference.ts';

const hex = 'a'.repeat(64);

describe('parseReference', () => {
  const cases: [text: string, full: string][] = [
    ['redis', 'docker.io/library/redis'],
    ['redis:7', 'docker.io/library/redis:7'],
    ['nubificus/image:tag', 'docker.io/nubificus/image:tag'],
    ['docker.io/redis', 'docker.io/library/redis'],
    ['index.docker.io/a/b', 'docker.io/a/b'],
    ['registry-1.docker.io/a/b', 'docker.io/a/b'],
    ['ghcr.io/owner/name:v1.2', 'ghcr.io/owner/name:v1.2'],
    ['localhost/name', 'localhost/name'],
    ['localhost:5000/name:tag', 'localhost:5000/name:tag'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c'],
    ['[::1]:5000/name:tag', '[::1]:5000/name:tag'],
    ['[fe80::1]/name', '[fe80::1]/name'],
    ['Registry.Example/name', 'Registry.Example/name'],
    [`name@sha256:${hex}`, `docker.io/library/name@sha256:${hex}`],
    [`a/b:tag@sha256:${hex}`, `docker.io/a/b:tag@sha256:${hex}`],
    ['a/b__c/d--e.f:_x.y-z', 'docker.io/a/b__c/d--e.f:_x.y-z'],
  ];
  for (const [text, full] of cases) {
    it(`reads ${text} as ${full}`, () => {
      assert.equal(formatReference(parseReference(text)), full);
    });
  }

  const refused: [name: string, text: string, message: RegExp][] = [
    ['nothing', '', /it is empty/],
    ['white space', 'a b', /white space/],
    ['a URL', 'https://ghcr.io/a/b', /is a URL/],
    ['an upper-case repository', 'ghcr.io/Owner/Name:V1', /lower-case/],
    ['an upper-case Docker Hub name', 'Nubificus/image:tag', /lower-case/],
    ['a parent path', 'ghcr.io/a/../b', /is not a repository name/],
    ['an empty part', 'ghcr.io/a//b', /is not a repository name/],
    ['a separator at the end', 'ghcr.io/a/b-', /is not a repository name/],
    ['three underscores', 'a___b', /is not a repository name/],
    ['a tag of 129 characters', `a:${'t'.repeat(129)}`, /is not a tag/],
    ['a tag that starts with a dash', 'a:-b', /is not a tag/],
    ['an empty tag', 'a/b:', /"" is not a tag/],
    ['a short digest', 'a@sha256:1234', /64 lower-case hexadecimal/],
    ['an upper-case digest', `a@sha256:${'A'.repeat(64)}`, /64 lower-case hexadecimal/],
    ['two digests', `a@sha256:${hex}@sha256:${hex}`, /more than one "@"/],
    ['a port that is no number', 'host.example:port/a', /is not a registry host/],
    ['a name over 255 characters', `ghcr.io/${'a/'.repeat(130)}b`, /over 255 characters/],
  ];
  for (const [name, text, message] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseReference(text), { name: 'BimaError', code: 'REFERENCE_INVALID', message });
    });
  }

  it('shows the lower-case form of an upper-case repository, and leaves the tag alone', () => {
    assert.throws(() => parseReference('ghcr.io/Owner/Name:V1'), { hint: 'Write ghcr.io/owner/name:V1' });
    assert.throws(() => parseReference('App:1'), { hint: 'Write app:1' });
    assert.throws(() => parseReference('docker.io/App:V1'), { hint: 'Write docker.io/app:V1' });
  });

  it('throws nothing but its own error, and formats what it accepts into something that reads the same', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', 'Z', '0', '.', '_', '-', '/', ':', '@', '[', ']', 'sha256:', hex),
        }),
        (text) => {
          let reference;
          try {
            reference = parseReference(text);
          } catch (error) {
            assert.ok(error instanceof BimaError);
            return;
          }
          assert.deepEqual(parseReference(formatReference(reference)), reference);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('withDefaultTag', () => {
  it('adds latest to a bare name alone', () => {
    assert.equal(formatReference(withDefaultTag(parseReference('a/b'))), 'docker.io/a/b:latest');
    assert.equal(formatReference(withDefaultTag(parseReference('a/b:c'))), 'docker.io/a/b:c');
    assert.equal(
      formatReference(withDefaultTag(parseReference(`a/b@sha256:${hex}`))),
      `docker.io/a/b@sha256:${hex}`,
    );
  });
});
