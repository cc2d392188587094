import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAnnotation, selectAnnotations } from '../../src/core/oci/annotations.ts';
import { readPairs, readWords } from '../../src/action/input-values.ts';
import { runUrl } from '../../src/action/page-urls.ts';
import {
  defaultImage,
  isGithubCom,
  isPackageRegistry,
  resolveReferences,
} from '../../src/action/image-names.ts';
import type { NamingInputs } from '../../src/action/image-names.ts';
import { formatReference } from '../../src/core/oci/reference.ts';
import { caught } from '../support/caught.ts';

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
    ['a registry and a name with a tag', { tags: ['a/b:1'], registry: 'quay.io' }, ['quay.io/a/b:1']],
    ['a registry and a bare tag', { tags: ['1'], registry: 'quay.io' }, ['quay.io/owner/repo:1']],
    ['a registry and nothing else', { tags: [], registry: 'quay.io' }, ['quay.io/owner/repo:main']],
    ['a registry with a path and no image', { tags: ['1'], registry: 'quay.io/own' }, ['quay.io/own/repo:1']],
    ['a registry and a tag for another', { tags: ['ghcr.io/a/b:1'], registry: 'quay.io' }, ['ghcr.io/a/b:1']],
    ['a registry and an official image', { tags: ['redis:7'], registry: 'quay.io' }, ['quay.io/redis:7']],
    [
      'names of Docker Hub beside an image there',
      { tags: ['a/b:1', 'redis:7'], image: 'x/y' },
      ['docker.io/a/b:1', 'docker.io/library/redis:7'],
    ],
    [
      'a name without a tag at a named host',
      { tags: ['local.test/a/b'], image: 'local.test/x' },
      ['local.test/a/b:latest'],
    ],
    ['a name without a tag at a port', { tags: ['localhost:5000/a'] }, ['localhost:5000/a:latest']],
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

  const doubtful: [inputs: NamingInputs, hint: RegExp][] = [
    [
      { tags: ['feature/login'], image: 'ghcr.io/acme/app' },
      /feature-login, .* ghcr\.io\/feature\/login:latest$/,
    ],
    [{ tags: ['feature/login'] }, /feature-login, .* ghcr\.io\/feature\/login:latest$/],
    [{ tags: ['feature/login'], registry: 'quay.io' }, /feature-login, .* quay\.io\/feature\/login:latest$/],
    [{ tags: ['7/merge'], image: 'ghcr.io/acme/app' }, /pr-7, .* ghcr\.io\/7\/merge:latest$/],
    [{ tags: ['v1.2/fix'] }, /v1\.2-fix, .* v1\.2\/fix:latest$/],
    [
      { tags: ['feature.login/x'], image: 'ghcr.io/acme/app' },
      /feature\.login-x, .* feature\.login\/x:latest$/,
    ],
    [
      { tags: ['acme/app:1'], image: 'ghcr.io/acme/app' },
      /ghcr\.io\/acme\/app:1, or docker\.io\/acme\/app:1/,
    ],
    [{ tags: ['redis:7'], image: 'quay.io/acme/app' }, /quay\.io\/redis:7, or docker\.io\/redis:7/],
  ];
  for (const [inputs, hint] of doubtful) {
    it(`doesn't guess what ${JSON.stringify(inputs)} means`, () => {
      assert.throws(() => resolve(inputs), { code: 'REFERENCE_INVALID', hint });
    });
  }

  for (const [image, hint] of [
    ['ghcr.io/acme-/app', 'ghcr.io/acme/app'],
    ['ghcr.io/acme/.github', 'ghcr.io/acme/github'],
  ] as const) {
    it(`asks for the input image where the default would be ${image}`, () => {
      assert.throws(() => resolveReferences({ tags: ['1'] }, { ...defaults, image: () => image }), {
        code: 'INPUT_INVALID',
        message: new RegExp(`the input "image", got none, and "${image.replaceAll('.', '\\.')}"`),
        hint: new RegExp(`image: ${hint}$`),
      });
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
    ['a server with a slash', { GITHUB_SERVER_URL: 'https://github.com/' }, 'ghcr.io/own/app', true],
    [
      'GHES with a slash',
      { GITHUB_SERVER_URL: 'https://Git.example//' },
      'containers.git.example/own/app',
      false,
    ],
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

describe('the pages of a server', () => {
  it('have no second slash', () => {
    const environment = {
      GITHUB_SERVER_URL: 'https://git.example/',
      GITHUB_REPOSITORY: 'a/b',
      GITHUB_RUN_ID: '1',
    };
    assert.equal(runUrl(environment), 'https://git.example/a/b/actions/runs/1');
  });

  for (const url of ['git.example', 'file:///tmp', '/']) {
    it(`are not made of ${url}`, () => {
      const wanted = { code: 'INPUT_INVALID', message: /GITHUB_SERVER_URL, got "/ };
      assert.throws(() => runUrl({ GITHUB_SERVER_URL: url }), wanted);
      assert.throws(() => defaultImage({ GITHUB_SERVER_URL: url, GITHUB_REPOSITORY: 'a/b' }), wanted);
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

describe('what is said of names', () => {
  const code = 'REFERENCE_INVALID';
  const ambiguous = (word: string, tag: string, name: string) => ({
    code,
    message: `expected a tag, or a name with a registry and a tag, for the input "tags", got "${word}"`,
    hint: `For a tag write ${tag}, for the image of that name ${name}:latest`,
  });
  const rows: readonly [inputs: NamingInputs, problem: object][] = [
    [{ tags: ['a/b/c'] }, ambiguous('a/b/c', 'a-b-c', 'ghcr.io/a/b/c')],
    [{ tags: ['Fix/A'] }, ambiguous('Fix/A', 'Fix-A', 'ghcr.io/fix/a')],
    [{ tags: ['17/merge'] }, ambiguous('17/merge', 'pr-17', 'ghcr.io/17/merge')],
    [{ tags: ['17/head'] }, ambiguous('17/head', 'pr-17', 'ghcr.io/17/head')],
    [{ tags: ['x17/merge'] }, ambiguous('x17/merge', 'x17-merge', 'ghcr.io/x17/merge')],
    [{ tags: ['17/merged'] }, ambiguous('17/merged', '17-merged', 'ghcr.io/17/merged')],
    [{ tags: ['a/b'], image: 'quay.io/x/y' }, ambiguous('a/b', 'a-b', 'quay.io/a/b')],
    [{ tags: ['v1.2/x'], image: 'quay.io/x/y' }, ambiguous('v1.2/x', 'v1.2-x', 'v1.2/x')],
    [
      { tags: ['localhost:5000/x'], registry: 'quay.io' },
      ambiguous('localhost:5000/x', 'localhost:5000-x', 'localhost:5000/x'),
    ],
    [{ tags: ['quay.io/x'], registry: 'ghcr.io' }, ambiguous('quay.io/x', 'quay.io-x', 'quay.io/x')],
    [
      { tags: ['a/b:1'], image: 'quay.io/x/y' },
      {
        code,
        message:
          'expected a registry before "a/b:1" in the input "tags", got none beside the image "quay.io/x/y"',
        hint: 'Write quay.io/a/b:1, or docker.io/a/b:1 for Docker Hub.',
      },
    ],
    [
      { tags: [`quay.io/a/b@sha256:${'0'.repeat(64)}`] },
      {
        code,
        message: `expected a name and a tag for the input "tags", got "quay.io/a/b@sha256:${'0'.repeat(64)}"`,
        hint: 'Leave the digest out: it follows from the content.',
      },
    ],
    [
      { tags: ['1'], image: 'a.example/b:2' },
      {
        code: 'INPUT_INVALID',
        message: 'expected a name without a tag for the input "image", got "a.example/b:2"',
        hint: 'Put the tag in the input "tags".',
      },
    ],
    [
      { tags: ['1'], image: `a.example/b@sha256:${'0'.repeat(64)}` },
      {
        code: 'INPUT_INVALID',
        message: `expected a name without a tag for the input "image", got "a.example/b@sha256:${'0'.repeat(64)}"`,
        hint: 'Put the tag in the input "tags".',
      },
    ],
  ];
  for (const [inputs, problem] of rows) {
    it(`is what is meant by ${JSON.stringify(inputs)}`, async () => {
      assert.deepEqual(await caught(() => resolve(inputs)), [problem]);
    });
  }

  it('is nothing where other names and hosts are the same', () => {
    const more: readonly [inputs: NamingInputs, references: readonly string[]][] = [
      [{ tags: ['quay.io/x'] }, ['quay.io/x:latest']],
      [{ tags: ['quay.io/x'], image: 'own/app' }, ['quay.io/x:latest']],
      [{ tags: ['127.0.0.1/x'] }, ['127.0.0.1/x:latest']],
      [{ tags: ['[::1]/x'] }, ['[::1]/x:latest']],
      [{ tags: ['Quay.io/X'], registry: 'QUAY.io/own' }, ['quay.io/x:latest']],
      [{ tags: ['quay.io/x'], image: 'Quay.IO/own' }, ['quay.io/x:latest']],
      [{ tags: ['localhost/x'], image: 'localhost/y', registry: 'quay.io' }, ['localhost/x:latest']],
      [{ tags: ['ghcr.io/a/b:1', 'GHCR.io/A/b:1'] }, ['ghcr.io/a/b:1']],
      [{ tags: ['1'], image: 'a.b:5000/Own/App' }, ['a.b:5000/own/app:1']],
      [{ tags: ['1'], image: 'localhost/App', registry: 'quay.io' }, ['localhost/app:1']],
      [{ tags: ['1'], image: '[::1]/app', registry: 'quay.io' }, ['[::1]/app:1']],
      [{ tags: ['a/b:1'], image: 'docker.io/x/y' }, ['docker.io/a/b:1']],
    ];
    for (const [inputs, references] of more)
      assert.deepEqual(resolve(inputs), references, JSON.stringify(inputs));
  });

  for (const word of ['v1.2/x', 'a.b-/x', 'a.1b/x', 'a.b/x', 'x1.2.3.4/x', '1.2.3.4x/x', 'localhosts/x']) {
    it(`is that ${word} may as well be a branch`, async () => {
      const [problem] = await caught(() => resolve({ tags: [word] }));
      assert.equal(problem?.code, code);
    });
  }

  it('is the default that can not be', async () => {
    const image = () => 'ghcr.io/_A_/-B.';
    const [problem] = await caught(() => resolveReferences({ tags: ['1'] }, { ...defaults, image }));
    assert.deepEqual(problem, {
      code: 'INPUT_INVALID',
      message:
        'expected the input "image", got none, and "ghcr.io/_A_/-B.", the default, can\'t name an image',
      hint: 'Set a name that can, such as image: ghcr.io/a/b',
    });
    const hidden = () =>
      resolveReferences({ tags: ['1'] }, { ...defaults, image: () => 'ghcr.io/__a--/..b' });
    assert.match((await caught(hidden))[0]?.hint ?? '', /image: ghcr\.io\/a\/b$/);
    const elsewhere = () =>
      resolveReferences({ tags: ['1'], registry: 'quay.io/Own' }, { ...defaults, image });
    assert.match((await caught(elsewhere))[0]?.message ?? '', /and "quay\.io\/Own\/-B\.", the default/);
    const broken = new TypeError('a mistake');
    const thrower = () => {
      throw broken;
    };
    assert.throws(
      () => resolveReferences({ tags: ['1'] }, { ...defaults, image: thrower }),
      (e) => e === broken,
    );

    const group = () => 'a.example/c/d/e';
    const references = resolveReferences(
      { tags: ['1'], registry: 'quay.io/own' },
      { ...defaults, image: group },
    );
    assert.deepEqual(references.map(formatReference), ['quay.io/own/e:1']);
  });
});

describe('the registry of packages', () => {
  it('is named after the repository, which a step outside of one lacks', async () => {
    for (const environment of [{}, { GITHUB_REPOSITORY: '' }]) {
      assert.deepEqual(await caught(() => defaultImage(environment)), [
        { code: 'INPUT_INVALID', message: 'expected the input "image", got none outside of a repository' },
      ]);
    }
  });

  it("is the server's own on Gitea and Forgejo", () => {
    const environment = { GITHUB_SERVER_URL: 'https://git.example:3000', GITHUB_REPOSITORY: 'Own/App' };
    for (const name of ['GITEA_ACTIONS', 'FORGEJO_ACTIONS']) {
      assert.equal(defaultImage({ ...environment, [name]: 'true' }), 'git.example:3000/own/app');
      assert.equal(defaultImage({ ...environment, [name]: 'false' }), 'containers.git.example:3000/own/app');
      assert.equal(isPackageRegistry('git.example:3000', { ...environment, [name]: 'true' }), false);
    }
    assert.equal(isPackageRegistry('containers.git.example:3000', environment), true);
    assert.equal(isPackageRegistry('ghcr.io', environment), false);
  });
});
