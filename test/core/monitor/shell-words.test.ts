// Command lines to paste.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCommandLine } from '../../../src/core/monitor/shell-words.ts';

describe('formatCommandLine', () => {
  it('quotes what a shell would read', () => {
    assert.equal(
      formatCommandLine(['a', '-b=c', 'd e', "it's", '', '$x']),
      "a -b=c 'd e' 'it'\\''s' '' '$x'",
    );
  });
});
