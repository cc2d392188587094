// Records that are believed without another look: what they keep, and whose are not believed.

import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { OwnRecords } from '../../../src/adapters/disk/own-records.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { temporaryFolder } from '../../support/folder.ts';

const key = 'ab'.repeat(32);
const [layer, diffId] = [digestOf(Buffer.from('layer')), digestOf(Buffer.from('tar'))];
const content = { diffId, tarSize: 5 };

function recordsIn(cacheHome: string, reuse = true): OwnRecords {
  return new OwnRecords({ cacheHome, reuse, reporter: silentReporter });
}

function start(test: TestContext): { home: string; folder: string } {
  const home = join(temporaryFolder(test), '.cache');
  const records = recordsIn(home);
  records.addContent(key, content);
  records.addDiffId(layer, diffId);
  return { home, folder: join(home, 'bima/records') };
}

describe(
  'the records of a user',
  { skip: process.platform === 'win32' && 'there are none on Windows' },
  () => {
    it('are found by later runs', (test) => {
      const { home } = start(test);
      const records = recordsIn(home);
      assert.deepEqual(records.findContent(key), content);
      assert.equal(records.findDiffId(layer), diffId);
      assert.equal(records.findDiffId(diffId), undefined);
      assert.equal(records.findContent('cd'.repeat(32)), undefined);
    });

    it('are not read for a build that makes everything anew, and replaced by it', (test) => {
      const { home } = start(test);
      const records = recordsIn(home, false);
      assert.equal(records.findContent(key), undefined);
      records.addContent(key, { diffId: layer, tarSize: 6 });
      assert.deepEqual(recordsIn(home).findContent(key), { diffId: layer, tarSize: 6 });
    });

    const others: [what: string, change: (folder: string) => void][] = [
      [
        'a folder that others may write to',
        (folder) => {
          chmodSync(folder, 0o770);
        },
      ],
      [
        'a folder in one that others may write to',
        (folder) => {
          chmodSync(join(folder, '..'), 0o777);
        },
      ],
      [
        'a link to a folder',
        (folder) => {
          renameSync(folder, `${folder}-elsewhere`);
          symlinkSync(`${folder}-elsewhere`, folder);
        },
      ],
      [
        'the folder of another user',
        (folder) => {
          if (process.getuid?.() === 0) chownSync(folder, 1234, 1234);
          else chmodSync(folder, 0o707);
        },
      ],
    ];
    for (const [what, change] of others)
      it(`are not believed, nor written, in ${what}`, (test) => {
        const { home, folder } = start(test);
        change(folder);
        const before = readdirSync(folder);
        const records = recordsIn(home);
        assert.equal(records.findContent(key), undefined);
        assert.equal(records.findDiffId(layer), undefined);
        records.addContent('cd'.repeat(32), content);
        assert.deepEqual(readdirSync(folder), before);
      });

    for (const text of [
      '',
      '{',
      '[]',
      '{"diffId":"sha256:1","tarSize":5}',
      `{"diffId":"${diffId}"}`,
      ' '.repeat(9000),
    ])
      it(`are none where a file holds ${JSON.stringify(text.slice(0, 20))}`, (test) => {
        const { home, folder } = start(test);
        writeFileSync(join(folder, `files-${key}`), text);
        const records = recordsIn(home);
        assert.equal(records.findContent(key), undefined);
        records.addContent(key, content);
        assert.deepEqual(records.findContent(key), content);
      });

    it('are a thousand at most', (test) => {
      const { home, folder } = start(test);
      for (let number = 0; number < 1000; number += 1) writeFileSync(join(folder, `files-${number}`), '');
      recordsIn(home).addContent(key, content);
      assert.equal(readdirSync(folder).length, 500);
      assert.deepEqual(recordsIn(home).findContent(key), content);
    });

    it('are made in a home that is there, and in no other', (test) => {
      const home = join(temporaryFolder(test), 'nobody', '.cache');
      const records = recordsIn(home);
      records.addContent(key, content);
      assert.equal(records.findContent(key), undefined);
      assert.equal(existsSync(join(home, '..')), false);
    });
  },
);
