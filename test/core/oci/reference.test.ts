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
    ['registry-1.docker.io/redis', 'docker.io/library/redis'],
    ['a.example/b', 'a.example/b'],
    ['a-b.c-d.example:80/b', 'a-b.c-d.example:80/b'],
    ['A1.example/b', 'A1.example/b'],
    ['a.b-c.1/b', 'a.b-c.1/b'],
    ['x.y.z:1', 'docker.io/library/x.y.z:1'],
    ['a:Z', 'docker.io/library/a:Z'],
    ['0/1.2_3', 'docker.io/0/1.2_3'],
    ['ab.cd/ef-gh.ij/kl_mn', 'ab.cd/ef-gh.ij/kl_mn'],
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

  const parts =
    'Its parts have lower-case letters and digits, with single ".", "_", "__" or "-" between them.';
  const hints: [text: string, hint: string | undefined][] = [
    ['', undefined],
    ['a b', undefined],
    ['https://ghcr.io/a/b', 'Write it without the scheme: ghcr.io/a/b'],
    ['docker://a/b://c', 'Write it without the scheme: a/b://c'],
    [`a@sha256:${hex}@sha256:${hex}`, undefined],
    ['a@sha256:1234', undefined],
    [
      'a:-b',
      'A tag has up to 128 letters, digits, "_", "." and "-", and starts with a letter, a digit or "_".',
    ],
    ['host.example:port/a', undefined],
    ['ghcr.io/a//b', parts],
    ['ghcr.io/A//B', parts],
    [`ghcr.io/${'a/'.repeat(130)}b`, undefined],
  ];
  for (const [text, hint] of hints)
    it(`says of ${JSON.stringify(text.slice(0, 30))} what to write: ${hint ?? 'nothing'}`, () => {
      assert.throws(() => parseReference(text), { code: 'REFERENCE_INVALID', hint });
    });

  const wrong: [name: string, texts: string[]][] = [
    [
      'a host',
      ['-a.example/b', 'a-.example/b', 'a..example/b', '.example/b', 'a.example:/b', 'a.example:5x/b'],
    ],
    ['an address', ['[::1/b', '[]/b', '[g::1]/b', 'x[::1]/b', '[::1]x/b', '[::1]:/b']],
    [
      'a repository',
      ['a.-b', '-a', 'a-', '.a', 'a.', 'a/', '/a', 'a..b', 'a_-b', 'a/_b', 'a/b_', 'ä', 'a+b', 'a/b+'],
    ],
    ['a tag', ['a:.b', 'a:b+', 'a:+b', 'a:b:', 'a::b']],
    ['a digest', [`@sha256:${hex}`, 'a@', `a@sha256:${hex}0`, `a@xsha256:${hex}`]],
  ];
  for (const [name, texts] of wrong)
    for (const text of texts)
      it(`refuses ${JSON.stringify(text)} for ${name}`, () => {
        assert.throws(() => parseReference(text), { code: 'REFERENCE_INVALID' });
      });

  it('takes a name of 255 characters, and a tag of 128', () => {
    const name = `ghcr.io/${'a'.repeat(247)}`;
    const tag = 't'.repeat(128);
    assert.equal(name.length, 255);
    assert.equal(formatReference(parseReference(`${name}:${tag}`)), `${name}:${tag}`);
    assert.throws(() => parseReference(`${name}a`), { message: /over 255 characters/ });
  });

  it('has a tag and a digest only where they are', () => {
    assert.deepEqual(parseReference('a'), { registry: 'docker.io', repository: 'library/a' });
    assert.deepEqual(parseReference('a:b'), { registry: 'docker.io', repository: 'library/a', tag: 'b' });
  });

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
