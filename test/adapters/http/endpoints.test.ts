import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endpointOf, withParameter } from '../../../src/adapters/http/endpoints.ts';

describe('withParameter', () => {
  const rows = [
    ['/u', '/u?digest=sha256%3Aab'],
    ['/u?', '/u?digest=sha256%3Aab'],
    ['/u?a=%2F', '/u?a=%2F&digest=sha256%3Aab'],
    ['/u?a=1&', '/u?a=1&digest=sha256%3Aab'],
  ] as const;
  for (const [path, expected] of rows) {
    it(path, () => {
      assert.equal(withParameter(endpointOf('https://reg.test', path), 'digest', 'sha256:ab').path, expected);
    });
  }
});
