// What became of the boot test, in Markdown.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bootLines } from '../../src/action/boot-text.ts';
import type { BootReport } from '../../src/action/boot-text.ts';

const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };

describe('the lines of a boot test', () => {
  it('are one for each platform, as code', () => {
    const reports: BootReport[] = [
      { platform, text: 'booted on qemu (KVM) in 0.4 s' },
      { platform: { os: 'linux', architecture: 'amd64' }, text: 'not booted: `no`' },
    ];
    assert.deepEqual(bootLines(reports), [
      'Boot test of ` linux/arm/v7 `: ` booted on qemu (KVM) in 0.4 s `',
      'Boot test of ` linux/amd64 `: `` not booted: `no` ``',
    ]);
    assert.deepEqual(bootLines([]), []);
  });

  it('are sixteen at most, each no longer than anybody reads', () => {
    const reports = Array.from({ length: 17 }, (_, at) => ({ platform, text: `${at}${'x'.repeat(300)}` }));
    const lines = bootLines(reports);
    assert.equal(lines.length, 16);
    assert.match(lines[15] ?? '', /` 15x{198}… `$/);
  });
});
