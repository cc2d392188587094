import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BimaError } from '../../../src/core/errors.ts';
import type { JsonObject } from '../../../src/core/oci/json.ts';
import { githubSigningConfig } from '../../../src/core/trust/github-instance.ts';
import { selectAuthority, selectWitnesses } from '../../../src/core/trust/select-services.ts';
import {
  parseTrustConfiguration,
  readTrustConfiguration,
} from '../../../src/core/trust/trust-configuration.ts';
import type { TrustConfiguration } from '../../../src/core/trust/trust-configuration.ts';

const now = Date.parse('2026-06-01T00:00:00Z');

interface ServiceParts {
  readonly version?: unknown;
  readonly start?: unknown;
  readonly end?: unknown;
  readonly operator?: unknown;
}

function service(url: unknown, { version = 1, start, end, operator = 'a' }: ServiceParts = {}): JsonObject {
  return { url, majorApiVersion: version, validFor: { start, end }, operator };
}

function configuration(signingConfig: JsonObject, others: JsonObject = {}): JsonObject {
  return {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot: { mediaType: 'application/vnd.dev.sigstore.trustedroot.v0.2+json' },
    signingConfig: { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json', ...signingConfig },
    ...others,
  };
}

function read(signingConfig: JsonObject): TrustConfiguration {
  return readTrustConfiguration(configuration(signingConfig), 'trust.json');
}

function refused(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    assert.ok(error instanceof BimaError, String(error));
    assert.equal(error.code, 'TRUST_CONFIGURATION_INVALID');
    assert.ok(error.hint !== undefined);
    return error.message;
  }
  return assert.fail('it was taken');
}

const logsOf = (services: readonly JsonObject[], config: JsonObject = { selector: 'ANY' }) =>
  selectWitnesses(read({ rekorTlogUrls: services, rekorTlogConfig: config }), now).logs.map(({ url }) => url);

describe('a trust configuration', () => {
  it('is read from JSON, with the trusted root as it is', () => {
    const document = configuration({ caUrls: [service('https://ca.test/')] });
    const { trustedRoot, authorities } = parseTrustConfiguration(
      Buffer.from(JSON.stringify(document)),
      'trust.json',
    );
    assert.deepEqual(trustedRoot, document.trustedRoot);
    assert.deepEqual(authorities, [
      { url: 'https://ca.test', majorApiVersion: 1, start: -Infinity, end: Infinity, operator: 'a' },
    ]);
  });

  it('may have numbers as strings, numbers for names, and nothing for what is empty', () => {
    const { logs, timestampAuthorities } = read({
      rekorTlogUrls: [{ url: 'https://log.test', majorApiVersion: '2' }],
      rekorTlogConfig: { selector: 3, count: '1' },
      tsaConfig: {},
    });
    assert.deepEqual(logs.selector, { exact: 1 });
    assert.equal(logs.services[0]?.majorApiVersion, 2);
    assert.deepEqual(timestampAuthorities, { services: [], selector: 'all' });
  });

  const wrong: readonly (readonly [string, JsonObject, RegExp])[] = [
    [
      'no URL',
      { caUrls: [service(undefined)] },
      /signingConfig\.caUrls\.0\.url: expected an http.*got nothing/,
    ],
    ['a file', { caUrls: [service('file:///x')] }, /caUrls\.0\.url: .*got "file:/],
    ['a password', { caUrls: [service('https://u:p@ca.test')] }, /without user/],
    ['a query', { caUrls: [service('https://ca.test?x=1')] }, /without user, query/],
    [
      'a version in words',
      { caUrls: [service('https://ca.test', { version: 'one' })] },
      /majorApiVersion: .*"one"/,
    ],
    ['a negative version', { caUrls: [service('https://ca.test', { version: -1 })] }, /majorApiVersion/],
    [
      'a time in words',
      { caUrls: [service('https://ca.test', { start: 'May' })] },
      /validFor\.start: .*"May"/,
    ],
    ['an operator that is a number', { caUrls: [service('https://ca.test', { operator: 1 })] }, /operator/],
    ['one service in place of a list', { caUrls: service('https://ca.test') }, /caUrls: expected a list/],
    ['a text in place of a service', { caUrls: ['https://ca.test'] }, /caUrls\.0: expected an object/],
    ['no selector', { tsaUrls: [service('https://tsa.test')] }, /tsaConfig: expected an object, got nothing/],
    [
      'a selector of its own',
      { tsaUrls: [service('https://tsa.test')], tsaConfig: { selector: 'BEST' } },
      /tsaConfig\.selector: expected ALL, ANY or EXACT, got "BEST"/,
    ],
    [
      'EXACT without a number',
      { tsaUrls: [service('https://tsa.test')], tsaConfig: { selector: 'EXACT' } },
      /tsaConfig\.count: expected a number above 0/,
    ],
    [
      'another version of the format',
      { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' },
      /v0\.2/,
    ],
  ];
  for (const [name, signingConfig, message] of wrong) {
    it(`is refused with the place of what is wrong: ${name}`, () => {
      const said = refused(() => read(signingConfig));
      assert.match(said, message);
      assert.match(said, /^trust\.json: /);
    });
  }

  it('is refused when it is something else', () => {
    const parse = (text: string) => () => parseTrustConfiguration(Buffer.from(text), 'trust.json');
    assert.match(refused(parse('{')), /not valid JSON/);
    assert.match(refused(parse('[]')), /not a JSON object/);
    assert.match(refused(parse('{}')), /mediaType: expected application.*got nothing/);
    assert.match(refused(parse('{"tlogs":[],"mediaType":"x"}')), /in one document, got one of the two alone/);
    const other = configuration({}, { trustedRoot: undefined });
    assert.match(
      refused(() => readTrustConfiguration(other, 'x')),
      /x: trustedRoot: expected an object/,
    );
    const third = configuration({}, { signingConfig: 1 });
    assert.match(
      refused(() => readTrustConfiguration(third, 'x')),
      /x: signingConfig: expected an object/,
    );
  });
});

describe('the services to sign with', () => {
  const old = service('https://old.test', { version: 2, start: '2020-01-01T00:00:00Z' });
  const current = service('https://new.test', { version: 2, start: '2026-01-01T00:00:00Z' });
  const future = service('https://future.test', { version: 2, start: '2027-01-01T00:00:00Z' });
  const past = service('https://past.test', { version: 2, end: '2026-01-01T00:00:00Z' });

  it('are in use now, and the newest of those, whatever their order', () => {
    assert.deepEqual(logsOf([old, current, future, past]), ['https://new.test']);
    assert.deepEqual(logsOf([future, past, current, old]), ['https://new.test']);
    assert.deepEqual(logsOf([old, future, past]), ['https://old.test']);
  });

  it('are in use at both ends of their time', () => {
    const exact = service('https://exact.test', {
      version: 2,
      start: '2026-06-01T00:00:00Z',
      end: '2026-06-01T00:00:00Z',
    });
    assert.deepEqual(logsOf([exact]), ['https://exact.test']);
  });

  it('speak a version that is spoken here', () => {
    const older = service('https://one.test', { version: 0, start: '2026-05-01T00:00:00Z' });
    const newer = service('https://nine.test', { version: 9, start: '2026-05-01T00:00:00Z' });
    assert.deepEqual(logsOf([older, newer, current]), ['https://new.test']);
    assert.match(
      refused(() => logsOf([newer, past])),
      /expected a log that is in use now and speaks version 1 or 2 .*got "https:\/\/nine\.test" \(version 9\), "https:\/\/past\.test" \(version 2, no longer in use\)/,
    );
    assert.match(
      refused(() => logsOf([future])),
      /not yet in use/,
    );
  });

  it('are as many as asked for, of different operators', () => {
    const other = service('https://b.test', { version: 2, operator: 'b' });
    const all = [current, old, other];
    assert.deepEqual(logsOf(all, { selector: 'ALL' }), ['https://new.test', 'https://b.test']);
    assert.deepEqual(logsOf(all, { selector: 'EXACT', count: 2 }), ['https://new.test', 'https://b.test']);
    assert.deepEqual(logsOf(all, { selector: 'ANY' }), ['https://new.test']);
    assert.match(
      refused(() => logsOf(all, { selector: 'EXACT', count: 3 })),
      /asks for 3 of its services for each log, and 2 can be used now/,
    );
  });

  it('may have no log, but not an empty place for a certificate', () => {
    assert.deepEqual(selectWitnesses(read({}), now), { logs: [], timestampAuthorities: [] });
    assert.match(
      refused(() => selectAuthority(read({}), now)),
      /expected a certificate authority that is in use now .* got none$/,
    );
  });

  it('are GitHub’s own for its private repositories, here and where a company has its own domain', () => {
    const githubOf = (url: string) => {
      const trust = read(githubSigningConfig(url));
      const { logs, timestampAuthorities } = selectWitnesses(trust, now);
      assert.deepEqual(logs, []);
      return [selectAuthority(trust, now), ...timestampAuthorities].map((one) => one.url);
    };
    assert.deepEqual(githubOf('https://github.com'), [
      'https://fulcio.githubapp.com',
      'https://timestamp.githubapp.com/api/v1/timestamp',
    ]);
    assert.deepEqual(githubOf('https://octo.ghe.com'), [
      'https://fulcio.octo.ghe.com',
      'https://timestamp.octo.ghe.com/api/v1/timestamp',
    ]);
  });
});
