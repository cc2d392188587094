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
      /signingConfig\.mediaType: expected application\/vnd\.dev\.sigstore\.signingconfig\.v0\.2\+json, got "application/,
    ],
    [
      'a format that is no text',
      { mediaType: 1 },
      /signingConfig\.mediaType: expected application.*got "1"$/,
    ],
    ['a URL that is none', { caUrls: [service('ca.test')] }, /caUrls\.0\.url: .*got "ca\.test"/],
    ['a URL that is no text', { caUrls: [service(['https://ca.test'])] }, /caUrls\.0\.url: .*got "\[/],
    ['a URL of another kind', { caUrls: [service('xhttps://ca.test')] }, /caUrls\.0\.url/],
    ['a URL of a kind that begins so', { caUrls: [service('httpsx://ca.test')] }, /caUrls\.0\.url/],
    ['a user', { caUrls: [service('https://u@ca.test')] }, /without user/],
    ['a fragment', { caUrls: [service('https://ca.test#x')] }, /and fragment/],
    [
      'a time of another kind',
      { caUrls: [service('https://ca.test', { end: 1 })] },
      /caUrls\.0\.validFor\.end: expected a time as in 2026-01-31T12:00:00Z, got "1"/,
    ],
    [
      'a time with something before it',
      { caUrls: [service('https://ca.test', { start: 'x2026-01-31T12:00:00Z' })] },
      /validFor\.start/,
    ],
    [
      'a time of no day',
      { caUrls: [service('https://ca.test', { start: '2026-13-31T12:00:00Z' })] },
      /validFor\.start/,
    ],
    [
      'a list of times',
      { caUrls: [service('https://ca.test', { start: ['2026-01-31T12:00:00Z'] })] },
      /validFor\.start/,
    ],
    [
      'a period in words',
      { caUrls: [{ url: 'https://ca.test', validFor: 'always' }] },
      /caUrls\.0\.validFor: expected an object, got "always"/,
    ],
    [
      'an operator of another kind',
      { caUrls: [service('https://ca.test', { operator: 1 })] },
      /caUrls\.0\.operator: expected a text, got "1"/,
    ],
    ...[1.5, -1, '', ' 1', '1 ', '1234567890', null, [1], true].map(
      (version) =>
        [
          `the version ${JSON.stringify(version)}`,
          { caUrls: [service('https://ca.test', { version })] },
          /caUrls\.0\.majorApiVersion: expected a whole number, got "/,
        ] as const,
    ),
    ['a list that is false', { caUrls: false }, /caUrls: expected a list, got "false"/],
    [
      'a selector that is no object',
      { rekorTlogUrls: [service('https://log.test')], rekorTlogConfig: 'ANY' },
      /rekorTlogConfig: expected an object, got "ANY"/,
    ],
    [
      'EXACT with zero',
      { rekorTlogUrls: [service('https://log.test')], rekorTlogConfig: { selector: 'EXACT', count: 0 } },
      /rekorTlogConfig\.count: expected a number above 0, got "0"/,
    ],
  ];
  for (const [name, signingConfig, message] of wrong) {
    it(`is refused with the place of what is wrong: ${name}`, () => {
      const said = refused(() => read(signingConfig));
      assert.match(said, message);
      assert.match(said, /^trust\.json: /);
    });
  }

  it('has all that it says of a service, and what it leaves out', () => {
    const { authorities, logs, timestampAuthorities } = read({
      caUrls: [
        {
          url: 'http://ca.test/a//',
          majorApiVersion: '123456789',
          validFor: { start: '2026-01-31T12:00:00Z', end: '2026-01-31T12:00:00.5+01:00' },
          operator: 'o',
        },
        { url: 'https://ca.test', validFor: { start: null, end: null } },
      ],
      rekorTlogUrls: null,
      tsaUrls: [{ url: 'https://tsa.test/' }],
      tsaConfig: { selector: 'ALL' },
    });
    assert.deepEqual(authorities, [
      {
        url: 'http://ca.test/a',
        majorApiVersion: 123_456_789,
        start: Date.UTC(2026, 0, 31, 12),
        end: Date.UTC(2026, 0, 31, 11, 0, 0, 500),
        operator: 'o',
      },
      { url: 'https://ca.test', majorApiVersion: 0, start: -Infinity, end: Infinity, operator: '' },
    ]);
    assert.deepEqual(logs, { services: [], selector: 'all' });
    assert.deepEqual(timestampAuthorities, {
      services: [
        { url: 'https://tsa.test', majorApiVersion: 0, start: -Infinity, end: Infinity, operator: '' },
      ],
      selector: 'all',
    });
  });

  it('has selectors by their names and by their numbers', () => {
    const selectorOf = (rekorTlogConfig: JsonObject) =>
      read({ rekorTlogUrls: [service('https://log.test')], rekorTlogConfig }).logs.selector;
    assert.deepEqual(
      [{ selector: 'ALL' }, { selector: 1 }, { selector: 'ANY' }, { selector: 2 }].map(selectorOf),
      ['all', 'all', 'any', 'any'],
    );
    assert.deepEqual(selectorOf({ selector: 'EXACT', count: 2 }), { exact: 2 });
    assert.deepEqual(selectorOf({ selector: 3, count: '12' }), { exact: 12 });
  });

  it('is refused when it is something else', () => {
    const parse = (text: string) => () => parseTrustConfiguration(Buffer.from(text), 'trust.json');
    assert.match(refused(parse('{')), /not valid JSON/);
    assert.match(refused(parse('[]')), /not a JSON object/);
    assert.match(refused(parse('{}')), /mediaType: expected application.*got nothing/);
    assert.match(refused(parse('{"tlogs":[],"mediaType":"x"}')), /in one document, got one of the two alone/);
    assert.match(
      refused(parse('{"caUrls":[],"mediaType":"x"}')),
      /^trust\.json: expected a trusted root and/,
    );
    assert.match(
      refused(() => readTrustConfiguration({ ...configuration({}), mediaType: [1] }, 'x')),
      /^x: mediaType: expected application\/vnd\.dev\.sigstore\.clienttrustconfig\.v0\.1\+json, got "\[1\]"$/,
    );
    // Beside a signing configuration they mean nothing.
    readTrustConfiguration({ ...configuration({}), tlogs: [], caUrls: [] }, 'x');
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

  it('are those of the highest version', () => {
    const second = service('https://two.test', { version: 2, start: '2020-01-01T00:00:00Z' });
    const first = service('https://one.test', { version: 1, start: '2026-01-01T00:00:00Z', operator: 'b' });
    for (const services of [
      [first, second],
      [second, first],
    ])
      assert.deepEqual(logsOf(services, { selector: 'ALL' }), ['https://two.test']);
  });

  it('stay in their order where they are of one time', () => {
    const [one, other] = [
      service('https://1.test', { operator: 'a' }),
      service('https://2.test', { operator: 'b' }),
    ];
    assert.deepEqual(logsOf([one, other], { selector: 'ALL' }), ['https://1.test', 'https://2.test']);
    assert.deepEqual(logsOf([other, one], { selector: 'ALL' }), ['https://2.test', 'https://1.test']);
    const later = service('https://3.test', { operator: 'c', start: '2026-01-01T00:00:00Z' });
    assert.deepEqual(logsOf([one, later, other], { selector: 'ALL' }), [
      'https://3.test',
      'https://1.test',
      'https://2.test',
    ]);
  });

  it('have the key of a log where the trusted root knows it', () => {
    const keyIdOf = (tlogs: unknown) => {
      const trust = readTrustConfiguration(
        configuration(
          { rekorTlogUrls: [service('https://log.test')], rekorTlogConfig: { selector: 'ANY' } },
          { trustedRoot: { tlogs } },
        ),
        'x',
      );
      return selectWitnesses(trust, now).logs[0]?.keyId;
    };
    const log = (baseUrl: unknown, logId: unknown) => ({ baseUrl, logId });
    assert.equal(
      keyIdOf([log('https://other.test', { keyId: 'a' }), log('https://log.test', { keyId: 'b' })]),
      'b',
    );
    assert.equal(keyIdOf(['x', log('https://log.test//', { keyId: 'b' })]), 'b');
    for (const tlogs of [
      undefined,
      'x',
      [],
      [log(1, { keyId: 'b' })],
      [log('https://log.test/a', { keyId: 'b' })],
      [log('https://log.test', 'b')],
      [log('https://log.test', { keyId: 1 })],
    ])
      assert.equal(keyIdOf(tlogs), undefined, JSON.stringify(tlogs));
  });

  it('are of the two kinds, each by its own rules', () => {
    const { logs, timestampAuthorities } = selectWitnesses(
      read({
        rekorTlogUrls: [service('https://log.test', { version: 2 })],
        rekorTlogConfig: { selector: 'ANY' },
        tsaUrls: [service('https://tsa.test'), service('https://tsa-2.test', { version: 2 })],
        tsaConfig: { selector: 'ALL' },
      }),
      now,
    );
    const open = { start: -Infinity, end: Infinity, operator: 'a' };
    assert.deepEqual(logs, [{ url: 'https://log.test', majorApiVersion: 2, ...open, keyId: undefined }]);
    assert.deepEqual(timestampAuthorities, [{ url: 'https://tsa.test', majorApiVersion: 1, ...open }]);
  });

  it('are missed with what is wrong with each', () => {
    const tsaUrls = [
      service('https://a.test', { start: '2026-06-01T00:00:00.001Z' }),
      service('https://b.test', { end: '2026-05-31T23:59:59.999Z' }),
      service('https://c.test', { version: 2, start: '2026-06-01T00:00:00Z', end: '2026-06-01T00:00:00Z' }),
    ];
    assert.equal(
      refused(() => selectWitnesses(read({ tsaUrls, tsaConfig: { selector: 'ANY' } }), now)),
      'the trust configuration: expected a timestamp authority that is in use now and speaks version 1 of its API, got ' +
        '"https://a.test" (version 1, not yet in use), "https://b.test" (version 1, no longer in use), "https://c.test" (version 2)',
    );
    assert.match(
      refused(() => selectAuthority(read({ caUrls: tsaUrls }), now)),
      /^the trust configuration: expected a certificate authority that is in use now and speaks version 1 of its API/,
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
      const { oidcUrls, rekorTlogUrls } = githubSigningConfig(url);
      assert.deepEqual([oidcUrls, rekorTlogUrls], [[], []]);
      assert.ok(trust.authorities.every(({ operator }) => operator === 'github.com'));
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
