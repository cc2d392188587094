import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explicitLogin, readOnlyReason } from '../../src/action/workflow-push.ts';
import { formatSummary } from '../../src/action/summary.ts';
import { BimaError } from '../../src/core/errors.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { eventFixture } from '../support/events.ts';
import { sampleImage } from '../support/sample-image.ts';

describe('push: auto', () => {
  const events: [name: string, hasLogin: boolean, reason: RegExp | undefined][] = [
    ['push', false, undefined],
    ['tag', false, undefined],
    ['pull-request', false, undefined],
    ['pull-request-fork', false, /fork/],
    ['pull-request-fork', true, /fork/],
    ['pull-request-deleted-fork', false, /fork/],
    ['pull-request-dependabot', false, /Dependabot/],
    ['pull-request-dependabot', true, undefined],
    ['workflow-run', false, undefined],
    ['workflow-run-fork', false, undefined],
    ['workflow-dispatch', false, undefined],
  ];
  for (const [name, hasLogin, reason] of events) {
    const what = reason === undefined ? 'pushes' : 'does not push';
    it(`${what} for ${name}${hasLogin ? ' with credentials' : ''}`, async () => {
      const found = readOnlyReason(await eventFixture(name), hasLogin);
      if (reason === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', reason);
    });
  }
});

describe('explicitLogin', () => {
  const login = { username: 'u', password: 'p' };
  const references = ['ghcr.io/a/b:1', 'ghcr.io/c/d:1'].map(parseReference);

  it('is for the registry that is named, or the only one that there is', () => {
    assert.deepEqual(explicitLogin({ login, registry: 'quay.io/own' }, references), [
      { registry: 'quay.io', ...login },
    ]);
    assert.deepEqual(explicitLogin({ login }, references), [{ registry: 'ghcr.io', ...login }]);
    assert.deepEqual(explicitLogin({}, references), []);
  });

  it('asks which one is meant', () => {
    const two = [...references, parseReference('quay.io/a/b:1')];
    assert.throws(
      () => explicitLogin({ login }, two),
      (error) =>
        error instanceof BimaError &&
        error.code === 'INPUT_INVALID' &&
        /ghcr.io and quay.io/.test(error.message),
    );
  });
});

describe('formatSummary', () => {
  const root = sampleImage().root;
  const facts = {
    root,
    isIndex: false,
    images: [
      {
        platform: { os: 'linux', architecture: 'amd64' },
        config: root.digest,
        labels: {
          'com.urunc.unikernel.unikernelType': 'rumprun</td>|\n# [x](y)',
          'com.urunc.unikernel.hypervisor': '@everyone',
        },
        layerSize: 123_000,
      },
    ],
    size: 123_456,
  };

  it('is a table of one row, whatever the labels hold', () => {
    const text = formatSummary({ facts, references: [parseReference('a/b:1')], state: 'pushed' });
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    const columns = lines.map((line) => line.split('|').length);
    assert.deepEqual(new Set(columns).size, 1);
    assert.doesNotMatch(text, /<\/td>|@everyone|\[x\]/);
    assert.match(text, /123 kB/);
  });

  it('has a row for each platform', () => {
    const [amd64] = facts.images;
    assert.ok(amd64);
    const arm64 = { ...amd64, platform: { os: 'linux', architecture: 'arm64' }, layerSize: 456_000 };
    const both = { ...facts, isIndex: true, images: [amd64, arm64] };
    const text = formatSummary({ facts: both, references: [parseReference('a/b:1')], state: 'pushed' });
    const [, , first = '', second = '', ...others] = text.trimEnd().split('\n');
    assert.deepEqual(others, []);
    assert.match(first, /sha256.*amd64.*123 kB.*pushed.*nerdctl/);
    assert.match(second, /arm64.*456 kB/);
    assert.doesNotMatch(second, /pushed|sha256|nerdctl/);
    assert.equal(first.split('|').length, second.split('|').length);
  });

  it('links the artifact', () => {
    const artifact = { name: 'app-1', url: 'https://github.com/a/b/actions/runs/1/artifacts/2' };
    const text = formatSummary({ facts, references: [parseReference('a/b:1')], state: 'pushed', artifact });
    assert.match(text, /\(https:\/\/github\.com\/a\/b\/actions\/runs\/1\/artifacts\/2\)/);
  });
});
