// The job summary of a cleanup.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCleanupSummary } from '../../src/action/cleanup-summary.ts';
import type { CleanupRecord } from '../../src/usecases/cleanup/cleanup.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}` as const;
const name = 'ghcr.io/own/app';

function summarize(
  deleted: readonly CleanupRecord[],
  skipped: readonly CleanupRecord[] = [],
  dryRun = false,
) {
  return formatCleanupSummary({ deleted, skipped, dryRun });
}

describe('the summary of a cleanup', () => {
  it('is empty when there was nothing to do', () => {
    assert.equal(summarize([]), '');
  });

  it('has a line for what went and for what stays, with the short digest, the tags and the reason', () => {
    const deleted = [
      { name, digest, tags: ['pr-5', 'pr-5-arm64'] },
      { name, digest, tags: [] },
    ];
    assert.equal(
      summarize(deleted, [{ name, tags: ['pr-6'], why: 'there is no such tag' }]),
      '- deleted ` ghcr.io/own/app@sha256:0123456789ab `, ` pr-5 ` ` pr-5-arm64 `\n' +
        '- deleted ` ghcr.io/own/app@sha256:0123456789ab `\n' +
        '- stays ` ghcr.io/own/app `, ` pr-6 `: ` there is no such tag `\n\n',
    );
  });

  it('says of a dry run what would go', () => {
    assert.equal(
      summarize([{ name, tags: ['pr-5'] }], [{ name, tags: [], why: 'x' }], true),
      '- would be deleted ` ghcr.io/own/app `, ` pr-5 `\n- stays ` ghcr.io/own/app `: ` x `\n\n',
    );
  });

  it('has fifty lines at most, and counts the others', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => ({ name, tags: [`pr-${at}`] }));
    const whole = summarize(many(49), many(1));
    assert.equal(whole.match(/^- /gm)?.length, 50);
    assert.doesNotMatch(whole, /more/);
    const cut = summarize(many(49), many(4));
    assert.equal(cut.match(/^- /gm)?.length, 50);
    assert.match(cut, /\n\n3 more are in the log\.\n\n$/);
    assert.equal(cut.match(/^- stays /gm)?.length, 1);
  });

  it('cuts names, tags and reasons that nobody would read', () => {
    const long = 'x'.repeat(401);
    const text = summarize([], [{ name: long, tags: [long], why: long }]);
    const cut = `\` ${'x'.repeat(400)}… \``;
    assert.equal(text, `- stays ${cut}, ${cut}: ${cut}\n\n`);
  });
});
