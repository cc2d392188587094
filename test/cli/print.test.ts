import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatProblem } from '../../src/cli/print.ts';

describe('formatProblem', () => {
  it('prints place, severity, message and hint', () => {
    const position = { file: 'ctx/Containerfile', line: 7, column: 6 };
    assert.equal(
      formatProblem({ code: 'LABEL_INVALID', message: 'no "="', hint: 'Write one.', position }, 'warning'),
      'ctx/Containerfile:7:6: warning: no "="\n  Write one.',
    );
  });

  it('indents each line of a hint', () => {
    const hint = 'Add:\nLABEL a="b"';
    assert.equal(
      formatProblem({ code: 'LABEL_MISSING', message: 'no', hint }, 'error'),
      'bima: error: no\n  Add:\n  LABEL a="b"',
    );
  });

  it('drives no terminal', () => {
    const position = { file: 'a\x1b', line: 1, column: 2 };
    assert.equal(
      formatProblem({ code: 'INPUT_INVALID', message: 'b\x07', hint: 'c\x1b\nd\r', position }, 'error'),
      'a\\x1b:1:2: error: b\\x07\n  c\\x1b\n  d\\x0d',
    );
  });

  it('prints the program for a problem without a place', () => {
    assert.equal(formatProblem({ code: 'INPUT_INVALID', message: 'no' }, 'error'), 'bima: error: no');
  });
});
