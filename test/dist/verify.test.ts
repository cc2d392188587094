// The bundle builds an image again.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mustRunBima, runBima } from '../support/cli.ts';
import { sampleContext } from '../support/sample.ts';

describe('bima verify', () => {
  it('reproduces an archive, and tells the ends apart by its exit code', async (test) => {
    const context = sampleContext(test);
    const archive = join(context, '../image.tar');
    const provenance = join(context, '../provenance.json');
    const built = await mustRunBima([
      ...['build', '--tar', '--dest', archive, '-t', 'a/b:1', '--label', 'a=b', '--compression', 'gzip:9'],
      ...['--provenance', provenance, context],
    ]);
    const verify = ['verify', '--source', context];
    const same = await mustRunBima([...verify, archive]);
    assert.equal(same.stdout, `REPRODUCED ${built.stdout}`);
    writeFileSync(join(context, 'redis.conf'), 'maxmemory 65mb\n');
    const other = await runBima([...verify, archive]);
    assert.equal(other.code, 3, other.stderr);
    assert.match(other.stdout, /^layer 2 of 3 .*: file "\/conf\/redis\.conf", byte 11: the image has 0x34, the rebuild has 0x35$/m);
    assert.equal((await runBima([...verify, `${archive}.tar`])).code, 4);
    assert.equal((await runBima(['verify', '--source', join(context, 'none'), archive])).code, 5);
    assert.equal((await runBima(['verify', archive])).code, 2);
  });
});
