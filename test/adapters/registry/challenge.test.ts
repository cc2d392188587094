import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from '../../../src/adapters/registry/challenge.ts';

const bearer = {
  scheme: 'bearer',
  parameters: { realm: 'https://auth.test/token', service: 'registry.test' },
};
const basic = { scheme: 'basic', parameters: { realm: 'registry' } };

const rows: readonly {
  readonly name: string;
  readonly header: string | readonly string[] | undefined;
  readonly expected: readonly { scheme: string; parameters: Record<string, string> }[];
}[] = [
  { name: 'no header', header: undefined, expected: [] },
  {
    name: 'one challenge',
    header: 'Bearer realm="https://auth.test/token",service="registry.test"',
    expected: [bearer],
  },
  {
    name: 'spaces everywhere',
    header: 'bEaReR  realm = "https://auth.test/token" ,\tservice="registry.test"',
    expected: [bearer],
  },
  {
    name: 'two headers',
    header: ['Basic realm="registry"', 'Bearer realm="https://auth.test/token",service="registry.test"'],
    expected: [basic, bearer],
  },
  {
    name: 'two in one header, Bearer first',
    header: 'Bearer realm="https://auth.test/token",service="registry.test", Basic realm="registry"',
    expected: [bearer, basic],
  },
  {
    name: 'two in one header, Basic first',
    header: 'Basic realm="registry", Bearer realm="https://auth.test/token",service="registry.test"',
    expected: [basic, bearer],
  },
  {
    name: 'commas and escapes inside quotes',
    header: 'Bearer realm="r",scope="repository:a:pull,push",error="say \\"no\\""',
    expected: [
      { scheme: 'bearer', parameters: { realm: 'r', scope: 'repository:a:pull,push', error: 'say "no"' } },
    ],
  },
  {
    name: 'a scheme without parameters, and one with a token68',
    header: 'Negotiate, NTLM TlRMTVNTUAAB=, Basic realm="registry"',
    expected: [{ scheme: 'negotiate', parameters: {} }, { scheme: 'ntlm', parameters: {} }, basic],
  },
  {
    name: 'a URL without quotes',
    header: 'Bearer realm=https://auth.test/token,service=registry.test',
    expected: [bearer],
  },
  {
    name: 'empty elements and an empty value',
    header: ', ,Basic realm="",, charset="UTF-8"',
    expected: [{ scheme: 'basic', parameters: { realm: '', charset: 'UTF-8' } }],
  },
  {
    name: 'the first of two equal parameters',
    header: 'Basic Realm="registry", realm="other"',
    expected: [basic],
  },
  { name: 'rubbish after a challenge', header: 'Basic realm="registry", "what', expected: [basic] },
];

describe('parseChallenges', () => {
  for (const { name, header, expected } of rows) {
    it(name, () => {
      const found = parseChallenges(header).map(({ scheme, parameters }) => ({
        scheme,
        parameters: Object.fromEntries(parameters),
      }));
      assert.deepEqual(found, expected);
    });
  }

  it('ends and throws nothing, whatever it is given', () => {
    const piece = fc.constantFrom('Bearer', ' ', ',', '"', '=', '\\', 'realm', 'x', 'é');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((all) => all.join('')),
        ),
        (header) => {
          parseChallenges(header);
        },
      ),
    );
  });
});
