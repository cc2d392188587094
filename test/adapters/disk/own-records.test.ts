// Records that are believed without another look: what they keep, and whose are not believed.

import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
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

    it('are of the time that the clock says', (test) => {
      const { home } = start(test);
      assert.equal(
        new OwnRecords({ cacheHome: home, reuse: true, reporter: silentReporter, now: () => 5 }).now(),
        5,
      );
      assert.ok(Math.abs(recordsIn(home).now() - Date.now()) < 60_000);
    });

    it('are open to nobody else', (test) => {
      const { home, folder } = start(test);
      const modes = [join(folder, '..'), folder, join(folder, `files-${key}`)].map(
        (path) => statSync(path).mode & 0o777,
      );
      assert.deepEqual(modes, [0o700, 0o700, 0o600]);
      assert.deepEqual(readdirSync(home), ['bima']);
      assert.deepEqual(readdirSync(folder).sort(), [`files-${key}`, `layer-${layer.slice(7)}`]);
      assert.equal(readFileSync(join(folder, `files-${key}`), 'utf8'), JSON.stringify(content));
      assert.equal(readFileSync(join(folder, `layer-${layer.slice(7)}`), 'utf8'), JSON.stringify({ diffId }));
    });

    for (const record of [
      { diffId: [diffId], tarSize: 5 },
      { diffId: 'sha256:1', tarSize: 5 },
      { diffId, tarSize: '5' },
      { diffId, tarSize: 1.5 },
      { tarSize: 5 },
    ])
      it(`are none of content with ${JSON.stringify(record).slice(0, 30)}`, (test) => {
        const { home, folder } = start(test);
        writeFileSync(join(folder, `files-${key}`), JSON.stringify(record));
        assert.equal(recordsIn(home).findContent(key), undefined);
      });

    for (const record of [{ diffId: [diffId] }, { diffId: 'sha256:1' }, {}])
      it(`are none of a layer with ${JSON.stringify(record).slice(0, 30)}`, (test) => {
        const { home, folder } = start(test);
        writeFileSync(join(folder, `layer-${layer.slice(7)}`), JSON.stringify(record));
        assert.equal(recordsIn(home).findDiffId(layer), undefined);
      });

    /** What is said of records that can't be read or written. */
    function spoken(cacheHome: string, use: (records: OwnRecords) => void): string[] {
      const lines: string[] = [];
      const reporter = { ...silentReporter, debug: (line: string) => void lines.push(line) };
      use(new OwnRecords({ cacheHome, reuse: true, reporter }));
      return lines;
    }
    const said = "a record of what was built before can't be used: ";

    it('are not spoken of where there is none', (test) => {
      const { home } = start(test);
      const none = spoken(home, (records) => {
        records.findContent('cd'.repeat(32));
        records.findDiffId(diffId);
        records.findContent(key);
        records.addContent(key, content);
      });
      assert.deepEqual(none, []);
    });

    it('are spoken of where one can not be read', (test) => {
      const { home, folder } = start(test);
      const path = join(folder, `files-${key}`);
      writeFileSync(path, '[]');
      const read = () =>
        spoken(home, (records) => {
          assert.equal(records.findContent(key), undefined);
        });
      assert.deepEqual(read(), [`${said}${path} is not a JSON object`]);
      writeFileSync(path, ' '.repeat(8193));
      assert.deepEqual(read(), [`${said}expected at most 8192 bytes in "${path}", got more`]);
      writeFileSync(path, JSON.stringify(content).padEnd(8192));
      assert.deepEqual(recordsIn(home).findContent(key), content);
    });

    it('are spoken of where one can not be written, which leaves nothing', (test) => {
      const { home, folder } = start(test);
      const name = `files-${'cd'.repeat(32)}`;
      mkdirSync(join(folder, name, 'inside'), { recursive: true });
      const before = readdirSync(folder);
      const lines = spoken(home, (records) => {
        records.addContent('cd'.repeat(32), content);
      });
      assert.equal(lines.length, 1);
      assert.match(lines.join(), new RegExp(`^${said}(?:EISDIR|ENOTEMPTY)`));
      assert.deepEqual(readdirSync(folder), before);
      const nobody = join(home, 'nobody', '.cache');
      const missing = spoken(nobody, (records) => {
        records.addContent(key, content);
      });
      assert.match(missing.join(), new RegExp(`^${said}ENOENT.*mkdir '${nobody}'$`));
    });

    it('are the newest ones, when there are too many', (test) => {
      const { home, folder } = start(test);
      for (let number = 0; number < 998; number += 1) writeFileSync(join(folder, `files-${number}`), '');
      const names = readdirSync(folder);
      assert.equal(names.length, 1000);
      // As many as may be there: nothing goes.
      recordsIn(home).addContent(key, content);
      assert.equal(readdirSync(folder).length, 1000);
      const age = (name: string) => Number(name.replace('files-', ''));
      for (const name of names) {
        const seconds = Number.isNaN(age(name)) ? 1 : 2000 - age(name);
        utimesSync(join(folder, name), seconds, seconds);
      }
      recordsIn(home).addContent('cd'.repeat(32), content);
      const left = readdirSync(folder)
        .map(age)
        .filter((number) => !Number.isNaN(number));
      assert.deepEqual(
        left.sort((a, b) => a - b),
        Array.from({ length: 499 }, (_, at) => at),
      );
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
