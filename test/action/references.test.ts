import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAnnotation, selectAnnotations } from '../../src/oci/annotations.ts';
import { readPairs, readWords } from '../../src/action/input-values.ts';
import { defaultImage, isGithubCom, resolveReferences } from '../../src/action/references.ts';
import type { NamingInputs } from '../../src/action/references.ts';
import { formatReference } from '../../src/oci/reference.ts';

const defaults = { image: () => 'ghcr.io/owner/repo', tags: () => ['main'] };

function resolve(inputs: NamingInputs): string[] {
  return resolveReferences(inputs, defaults).map(formatReference);
}

describe('resolveReferences', () => {
  const cases: [name: string, inputs: NamingInputs, references: string[]][] = [
    ['nothing at all', { tags: [] }, ['ghcr.io/owner/repo:main']],
    ['bare tags', { tags: ['v1', 'Latest'] }, ['ghcr.io/owner/repo:v1', 'ghcr.io/owner/repo:Latest']],
    ['an image and bare tags', { tags: ['v1'], image: 'quay.io/Own/App' }, ['quay.io/own/app:v1']],
    ['an image alone', { tags: [], image: 'own/app' }, ['docker.io/own/app:main']],
    ['a full reference', { tags: ['quay.io/a/b:1'], image: 'x/y' }, ['quay.io/a/b:1']],
    ['a reference without a tag', { tags: ['quay.io/a/b'] }, ['quay.io/a/b:latest']],
    ['a name with a tag of Docker Hub', { tags: ['redis:7'] }, ['docker.io/library/redis:7']],
    ['capitals', { tags: ['ghcr.io/Own/App:V1'] }, ['ghcr.io/own/app:V1']],
    ['a port', { tags: ['localhost:5000/App:V1'] }, ['localhost:5000/app:V1']],
    ['the same twice', { tags: ['v1', 'ghcr.io/Owner/Repo:v1'] }, ['ghcr.io/owner/repo:v1']],
    [
      'a registry and an image without one',
      { tags: ['1'], image: 'own/app', registry: 'quay.io' },
      ['quay.io/own/app:1'],
    ],
    ['a registry with a path', { tags: ['1'], image: 'app', registry: 'quay.io/own' }, ['quay.io/own/app:1']],
    [
      'a registry and an image with one',
      { tags: ['1'], image: 'ghcr.io/a/b', registry: 'quay.io' },
      ['ghcr.io/a/b:1'],
    ],
    ['a registry and a full tag', { tags: ['a/b:1'], registry: 'quay.io' }, ['docker.io/a/b:1']],
  ];
  for (const [name, inputs, references] of cases) {
    it(`takes ${name}`, () => {
      assert.deepEqual(resolve(inputs), references);
    });
  }

  const wrong: [name: string, inputs: NamingInputs, code: string][] = [
    ['a digest', { tags: [`a/b@sha256:${'0'.repeat(64)}`] }, 'REFERENCE_INVALID'],
    ['a bare tag that is too long', { tags: ['x'.repeat(129)] }, 'REFERENCE_INVALID'],
    ['a bare tag with a bad character', { tags: ['v1+2'] }, 'REFERENCE_INVALID'],
    ['an image with a tag', { tags: ['1'], image: 'a/b:2' }, 'INPUT_INVALID'],
    ['a URL', { tags: ['https://ghcr.io/a/b:1'] }, 'REFERENCE_INVALID'],
  ];
  for (const [name, inputs, code] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(() => resolve(inputs), { code });
    });
  }

  it('asks for no default that it does not need', () => {
    const never = () => assert.fail('asked');
    resolveReferences({ tags: ['a/b:1'] }, { image: never, tags: never });
  });
});

describe('the default image', () => {
  const servers: [name: string, environment: Record<string, string>, image: string, isGithub: boolean][] = [
    ['github.com', { GITHUB_SERVER_URL: 'https://github.com' }, 'ghcr.io/own/app', true],
    ['no server', {}, 'ghcr.io/own/app', true],
    ['GHES', { GITHUB_SERVER_URL: 'https://git.example' }, 'containers.git.example/own/app', false],
    [
      'Gitea',
      { GITHUB_SERVER_URL: 'https://git.example:3000', GITEA_ACTIONS: 'true' },
      'git.example:3000/own/app',
      false,
    ],
  ];
  for (const [name, environment, image, isGithub] of servers) {
    it(`is where ${name} has its packages`, () => {
      assert.equal(defaultImage({ ...environment, GITHUB_REPOSITORY: 'Own/App' }), image);
      assert.equal(isGithubCom(environment), isGithub);
    });
  }
});

interface MetadataFixture {
  readonly rules: readonly string[];
  readonly outputs: {
    readonly version: string;
    readonly tags: string;
    readonly labels: string;
    readonly annotations: string;
  };
  /** The list in the action's own JSON output. */
  readonly expectedTags: readonly string[];
}

/** What docker/metadata-action 6 printed for these rules and the events beside them. */
const metadata = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/metadata-action.json'), 'utf8'),
) as Record<string, MetadataFixture>;

describe("docker/metadata-action's outputs", () => {
  it('are there for ten rules', () => {
    assert.ok(Object.keys(metadata).length >= 10);
  });

  for (const [name, { rules, outputs, expectedTags }] of Object.entries(metadata)) {
    it(`name the image as they are: ${name} (${rules.join(', ')})`, () => {
      const tags = readWords(() => outputs.tags, 'tags');
      const image = 'ghcr.io/owner/repo';
      const full = expectedTags.map((tag) => (tag.includes('/') ? tag : `${image}:${tag}`));
      assert.deepEqual(resolve({ tags, image }), full);
      assert.equal(resolveReferences({ tags, image }, defaults)[0]?.tag, outputs.version);
    });

    it(`give its labels and annotations as they are: ${name}`, () => {
      const labels = readPairs(() => outputs.labels, 'labels');
      const description = 'Redis as a unikernel, "small" & quick: 100% = all';
      const descriptionKey = 'org.opencontainers.image.description';
      assert.equal(labels.length, outputs.labels.split('\n').length);
      assert.equal(labels.find(({ key }) => key === descriptionKey)?.value, description);
      const annotations = outputs.annotations.split('\n').flatMap((text) => parseAnnotation(text, 'here'));
      for (const level of ['manifest', 'index', 'manifest-descriptor'] as const) {
        const selected = selectAnnotations(annotations, level);
        assert.equal(selected[descriptionKey], description);
        assert.equal(Object.keys(selected).length, outputs.annotations.split('\n').length / 3);
      }
    });
  }
});
