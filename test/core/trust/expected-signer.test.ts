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

  it('refuses what names no repository and no workflow', () => {
    const wrong: readonly SignerOptions[] = [
      { repository: '' },
      { repository: 'a' },
      { repository: 'a/b/c' },
      { repository: 'a/b@main' },
      { repository: 'a/b', workflow: '.github/workflows/x.yml@refs/heads/main' },
      { repository: 'a/b', workflow: '../x.yml' },
      { repository: 'a/b', signerWorkflow: 'a/b/x.yml' },
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
    assert.equal(parseWorkflowName('me@example.org'), undefined);
  });
});
