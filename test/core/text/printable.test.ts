import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '../../../src/core/limits.ts';
import { printable } from '../../../src/core/text.ts';

describe('printable', () => {
  it('shows control characters instead of sending them to the terminal', () => {
    assert.equal(printable('a\u001b[31mb\rc\u009bd\u2028é'), 'a\\x1b[31mb\\x0dc\\x9bd\\x2028é');
  });

  it('cuts a line that nobody would read', () => {
    assert.equal(printable('a'.repeat(1_000_000)), `${'a'.repeat(limits.line)}…`);
  });
});
