// Whom a certificate has to name: exact by default, and never a pull request (trap 8 of identities by pattern).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import type { CertificateIdentity } from '../../../src/core/trust/certificate-identity.ts';
import {
  compareSigner,
  parseExpectedSigner,
  parseWorkflowName,
} from '../../../src/core/trust/expected-signer.ts';
import type { SignerOptions } from '../../../src/core/trust/expected-signer.ts';

const repository = 'https://github.com/owner/app';
const workflow = `${repository}/.github/workflows/image.yml@refs/heads/main`;

function identity(
  claims: CertificateIdentity['claims'] = {},
  subject: string = claims.buildConfigUri ?? workflow,
): CertificateIdentity {
  return {
    subject,
    issuer: 'https://token.actions.githubusercontent.com',
    claims: {
      sourceRepositoryUri: repository,
      sourceRepositoryRef: 'refs/heads/main',
      buildConfigUri: workflow,
      buildTrigger: 'push',
      ...claims,
    },
    notBefore: 0,
    notAfter: 0,
    publicKey: new Uint8Array(),
  };
}

function differing(
  certificate: CertificateIdentity,
  options: Partial<SignerOptions> = {},
): readonly string[] {
  const expected = parseExpectedSigner({ repository: 'owner/app', ...options });
  return compareSigner(certificate, expected).map(({ what }) => what);
}

describe('the expected signer', () => {
  const cases: readonly (readonly [
    string,
    CertificateIdentity,
    Partial<SignerOptions>,
    readonly string[],
  ])[] = [
    ['a push to main', identity(), {}, []],
    ['a tag', identity({ sourceRepositoryRef: 'refs/tags/v1' }), {}, []],
    ['the name of a tag', identity({ sourceRepositoryRef: 'refs/tags/v1' }), { ref: 'v1' }, []],
    ['a branch that was named', identity({ sourceRepositoryRef: 'refs/heads/next' }), { ref: 'next' }, []],
    ['a branch that was not', identity({ sourceRepositoryRef: 'refs/heads/next' }), {}, ['ref']],
    ['a branch called main-2', identity({ sourceRepositoryRef: 'refs/heads/main-2' }), {}, ['ref']],
    [
      'a branch whose name ends like the ref',
      identity({ sourceRepositoryRef: 'refs/heads/x/main' }),
      { ref: 'main' },
      ['ref'],
    ],
    ['no ref', identity({ sourceRepositoryRef: undefined } as never), {}, ['ref']],
    ['no event', identity({ buildTrigger: undefined } as never), {}, ['event']],
    ['a review', identity({ buildTrigger: 'pull_request_review' }), {}, ['event']],
    [
      'a target of a pull request, with its ref named',
      identity({ buildTrigger: 'pull_request_target' }),
      { ref: 'refs/heads/main' },
      ['event'],
    ],
    [
      'no repository at all',
      identity({ sourceRepositoryUri: undefined } as never, 'me@example.org'),
      {},
      ['repository'],
    ],
    [
      'a repository with more behind it',
      identity({ sourceRepositoryUri: `${repository}-2` }),
      {},
      ['repository'],
    ],
    ['another server', identity({ sourceRepositoryUri: 'https://evil.com/owner/app' }), {}, ['repository']],
    [
      'a workflow file of another repository',
      identity({ buildConfigUri: 'https://github.com/a/b/.github/workflows/image.yml@refs/heads/main' }),
      {},
      ['signing workflow', 'workflow'],
    ],
    [
      'a workflow with the name in another folder',
      identity({ buildConfigUri: `${repository}/x/.github/workflows/image.yml@refs/heads/main` }),
      { workflow: 'image.yml' },
      ['signing workflow', 'workflow'],
    ],
    [
      'a reusable workflow pinned by a commit that was not named',
      identity({}, `https://github.com/b/c/.github/workflows/x.yml@${'1'.repeat(40)}`),
      { signerWorkflow: 'b/c/.github/workflows/x.yml' },
      ['signing workflow'],
    ],
    [
      'a reusable workflow pinned by a commit that was named',
      identity({}, `https://github.com/b/c/.github/workflows/x.yml@${'1'.repeat(40)}`),
      { signerWorkflow: `b/c/.github/workflows/x.yml@${'1'.repeat(40)}` },
      [],
    ],
  ];
  for (const [name, certificate, options, expected] of cases) {
    it(`${expected.length === 0 ? 'is' : 'is not'} ${name}`, () => {
      assert.deepEqual(differing(certificate, options), expected);
    });
  }

  it('has the issuer of its server', () => {
    const issuer = (name: string) => parseExpectedSigner({ repository: name }).issuer;
    assert.equal(issuer('a/b'), 'https://token.actions.githubusercontent.com');
    assert.equal(issuer('https://github.com/a/b.git'), 'https://token.actions.githubusercontent.com');
    assert.equal(issuer('company.ghe.com/a/b'), 'https://token.actions.company.ghe.com');
    assert.equal(issuer('git.example.org/a/b'), 'https://git.example.org/_services/token');
  });

  it('is read whole from what somebody writes', () => {
    assert.deepEqual(parseExpectedSigner({ repository: 'a-1/b.c_d' }), {
      repository: 'https://github.com/a-1/b.c_d',
      issuer: 'https://token.actions.githubusercontent.com',
      workflow: undefined,
      ref: undefined,
      signerWorkflow: undefined,
    });
    const all = parseExpectedSigner({
      repository: 'https://git.example.org/a/b/',
      issuer: 'https://issuer.test',
      workflow: 'image.yaml',
      ref: 'v1',
      signerWorkflow: 'c/d/.github/workflows/x.yml@refs/tags/v2',
    });
    assert.deepEqual(all, {
      repository: 'https://git.example.org/a/b',
      issuer: 'https://issuer.test',
      workflow: '.github/workflows/image.yaml',
      ref: 'v1',
      signerWorkflow: {
        repository: 'https://git.example.org/c/d',
        path: '.github/workflows/x.yml',
        ref: 'refs/tags/v2',
      },
    });
  });

  it('takes a workflow by its file or by its path, and one of another server by its URL', () => {
    const workflowOf = (text: string) => parseExpectedSigner({ repository: 'a/b', workflow: text }).workflow;
    for (const text of ['x.yml', '/x.yml', './x.yml', '.github/workflows/x.yml', './.github/workflows/x.yml'])
      assert.equal(workflowOf(text), '.github/workflows/x.yml', text);
    const signerWorkflow = 'https://git.example.org/c/d/.github/workflows/x.yml';
    assert.deepEqual(parseExpectedSigner({ repository: 'a/b', signerWorkflow }).signerWorkflow, {
      repository: 'https://git.example.org/c/d',
      path: '.github/workflows/x.yml',
      ref: undefined,
    });
  });

  it('says what it cannot read, and how that is written', () => {
    const said = (options: SignerOptions) => {
      try {
        parseExpectedSigner(options);
      } catch (error) {
        assert.ok(error instanceof BimaError);
        return [error.message, error.hint];
      }
      return assert.fail('it was taken');
    };
    assert.deepEqual(said({ repository: 'a' }), [
      '--repo: expected owner/name, got "a"',
      'Name the repository, such as --repo owner/name.',
    ]);
    assert.deepEqual(said({ repository: 'a/b', workflow: 'x' }), [
      '--workflow: expected a workflow of the repository, got "x"',
      'Name its file, such as --workflow .github/workflows/image.yml; its branch is for --ref.',
    ]);
    assert.deepEqual(said({ repository: 'a/b', signerWorkflow: 'x' }), [
      '--signer-workflow: expected a workflow with its repository, got "x"',
      'It looks like owner/name/.github/workflows/image.yml@refs/tags/v1.',
    ]);
  });

  it('refuses what names no repository and no workflow', () => {
    const wrong: readonly SignerOptions[] = [
      { repository: '' },
      { repository: 'a' },
      { repository: 'a/b/c' },
      { repository: 'a/b@main' },
      { repository: 'a/b', workflow: '.github/workflows/x.yml@refs/heads/main' },
      { repository: 'a/b', workflow: '../x.yml' },
      { repository: 'a/b', workflow: 'x.yml.txt' },
      { repository: 'a/b', workflow: 'x/y.yml' },
      { repository: 'a/b', workflow: 'x/.github/workflows/y.yml' },
      { repository: 'a/b', workflow: '.github/workflows/x.yml.txt' },
      { repository: 'a/b', workflow: '.github/workflows/.yml/x' },
      { repository: 'a/b', signerWorkflow: 'a/b/x.yml' },
      { repository: 'a/b', signerWorkflow: 'a/b/x/.github/workflows/x.yml' },
      { repository: 'a/b', signerWorkflow: 'x.yml' },
      { repository: 'https://github.com/a/b/https://' },
      { repository: 'http://github.com/a/b' },
      { repository: 'xhttps://github.com/a/b' },
    ];
    for (const options of wrong)
      assert.throws(
        () => parseExpectedSigner(options),
        (error) => error instanceof BimaError && error.code === 'INPUT_INVALID',
        JSON.stringify(options),
      );
  });

  it('reads the name of a workflow', () => {
    assert.deepEqual(parseWorkflowName(workflow), {
      repository,
      path: '.github/workflows/image.yml',
      ref: 'refs/heads/main',
    });
    assert.deepEqual(parseWorkflowName('https://h/o/n/p'), {
      repository: 'https://h/o/n',
      path: 'p',
      ref: undefined,
    });
    for (const text of [
      '',
      'me@example.org',
      'https://github.com/owner/app',
      `x ${workflow}`,
      workflow.replace('https', 'http'),
      'https://h/o@x/n/p',
      'https://h/o/n/p@',
    ])
      assert.equal(parseWorkflowName(text), undefined, text);
  });

  const signedBy = `https://github.com/b/c/.github/workflows/x.yml@refs/tags/v1`;
  const found: readonly (readonly [
    name: string,
    certificate: CertificateIdentity,
    options: Partial<SignerOptions>,
    ...differences: readonly object[],
  ])[] = [
    [
      'another issuer',
      { ...identity(), issuer: 'https://issuer.test' },
      {},
      {
        what: 'issuer of the identity',
        expected: 'https://token.actions.githubusercontent.com',
        found: 'https://issuer.test',
        option: '--issuer https://issuer.test',
      },
    ],
    [
      'no issuer',
      { ...identity(), issuer: undefined },
      {},
      {
        what: 'issuer of the identity',
        expected: 'https://token.actions.githubusercontent.com',
        found: 'none',
        option: '--issuer none',
      },
    ],
    [
      'another repository, and nothing more is said',
      identity({ sourceRepositoryUri: 'https://github.com/a/b', sourceRepositoryRef: 'refs/heads/x' }),
      {},
      { what: 'repository', expected: repository, found: 'https://github.com/a/b', option: undefined },
    ],
    [
      'no repository',
      identity({ sourceRepositoryUri: undefined } as never, 'me@example.org'),
      {},
      { what: 'repository', expected: repository, found: 'me@example.org', option: undefined },
    ],
    [
      'a workflow with another path',
      identity(),
      { workflow: 'other.yml' },
      {
        what: 'signing workflow',
        expected: '.github/workflows/other.yml',
        found: '.github/workflows/image.yml',
        option: '--signer-workflow owner/app/.github/workflows/image.yml@refs/heads/main',
      },
      {
        what: 'workflow',
        expected: '.github/workflows/other.yml',
        found: '.github/workflows/image.yml',
        option: '--workflow .github/workflows/image.yml',
      },
    ],
    [
      'a reusable workflow that nobody named',
      identity({}, signedBy),
      {},
      {
        what: 'signing workflow',
        expected: `one of ${repository}`,
        found: signedBy,
        option: '--signer-workflow b/c/.github/workflows/x.yml@refs/tags/v1',
      },
    ],
    [
      'a signer that is no workflow',
      identity({}, 'me@https://x/'),
      {},
      {
        what: 'signing workflow',
        expected: `one of ${repository}`,
        found: 'me@https://x/',
        option: '--signer-workflow me@https://x/',
      },
    ],
    [
      'another reusable workflow than the one that was named',
      identity({}, signedBy),
      { signerWorkflow: 'b/c/.github/workflows/y.yml' },
      {
        what: 'signing workflow',
        expected: 'https://github.com/b/c/.github/workflows/y.yml@main, master or a tag',
        found: signedBy,
        option: '--signer-workflow b/c/.github/workflows/x.yml@refs/tags/v1',
      },
    ],
    [
      'the named reusable workflow of another repository',
      identity({}, signedBy),
      { signerWorkflow: 'b/d/.github/workflows/x.yml@v1' },
      {
        what: 'signing workflow',
        expected: 'https://github.com/b/d/.github/workflows/x.yml@v1',
        found: signedBy,
        option: '--signer-workflow b/c/.github/workflows/x.yml@refs/tags/v1',
      },
    ],
    [
      'the named reusable workflow without a ref',
      identity({}, 'https://github.com/b/c/.github/workflows/x.yml'),
      { signerWorkflow: 'b/c/.github/workflows/x.yml@v1' },
      {
        what: 'signing workflow',
        expected: 'https://github.com/b/c/.github/workflows/x.yml@v1',
        found: 'https://github.com/b/c/.github/workflows/x.yml',
        option: '--signer-workflow b/c/.github/workflows/x.yml',
      },
    ],
    [
      'an address in place of the reusable workflow',
      identity({}, 'me@example.org'),
      { signerWorkflow: 'b/c/.github/workflows/x.yml@v1' },
      {
        what: 'signing workflow',
        expected: 'https://github.com/b/c/.github/workflows/x.yml@v1',
        found: 'me@example.org',
        option: '--signer-workflow me@example.org',
      },
    ],
    [
      'no started workflow, and a signer that is none',
      identity({ buildConfigUri: undefined } as never, 'me@example.org'),
      {},
      {
        what: 'signing workflow',
        expected: `one of ${repository}`,
        found: 'me@example.org',
        option: '--signer-workflow me@example.org',
      },
      { what: 'workflow', expected: `one of ${repository}`, found: 'me@example.org', option: undefined },
    ],
    [
      'a started workflow of another repository',
      identity(
        { buildConfigUri: 'https://github.com/a/b/.github/workflows/i.yml@refs/heads/main' },
        workflow,
      ),
      {},
      {
        what: 'workflow',
        expected: `one of ${repository}`,
        found: 'https://github.com/a/b/.github/workflows/i.yml@refs/heads/main',
        option: undefined,
      },
    ],
    [
      'a pull request, and another ref',
      identity({ buildTrigger: 'pull_request', sourceRepositoryRef: 'refs/pull/1/merge' }),
      {},
      { what: 'event', expected: 'one that is no pull request', found: 'pull_request', option: undefined },
      {
        what: 'ref',
        expected: 'the branch main or master, or a tag',
        found: 'refs/pull/1/merge',
        option: '--ref refs/pull/1/merge',
      },
    ],
    [
      'no event and no ref',
      identity({ buildTrigger: undefined, sourceRepositoryRef: undefined } as never),
      { ref: 'v1' },
      { what: 'event', expected: 'one that is no pull request', found: 'none', option: undefined },
      { what: 'ref', expected: 'v1', found: 'none', option: '--ref ' },
    ],
    [
      'a ref that only ends like a tag',
      identity({ sourceRepositoryRef: 'x/refs/tags/v1' }),
      {},
      {
        what: 'ref',
        expected: 'the branch main or master, or a tag',
        found: 'x/refs/tags/v1',
        option: '--ref x/refs/tags/v1',
      },
    ],
    [
      'a pull request whose ref was named, which is no difference',
      identity({ buildTrigger: 'pull_request', sourceRepositoryRef: 'refs/pull/1/merge' }),
      { ref: 'refs/pull/1/merge' },
    ],
    ['a push to master, which is no difference', identity({ sourceRepositoryRef: 'refs/heads/master' }), {}],
    [
      'names in another case, which is no difference',
      identity({ sourceRepositoryUri: 'https://github.com/Owner/APP' }, workflow.replace('owner', 'OWNER')),
      { workflow: 'image.yml' },
    ],
    [
      'the named reusable workflow, which is no difference',
      identity({}, signedBy),
      { signerWorkflow: 'B/c/.github/workflows/x.yml@v1' },
    ],
  ];
  for (const [name, certificate, options, ...differences] of found) {
    it(`tells of ${name}`, () => {
      const expected = parseExpectedSigner({ repository: 'owner/app', ...options });
      assert.deepEqual(compareSigner(certificate, expected), differences);
    });
  }
});
