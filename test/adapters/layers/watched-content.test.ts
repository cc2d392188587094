// When the content of a layer is noted, and when what is noted counts: each limit from both sides.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { watchContent } from '../../../src/adapters/layers/content-watch.ts';
import type { ContentRecords, LayerContent } from '../../../src/adapters/layers/content-watch.ts';
import type { Entry, FileStamp } from '../../../src/core/files/entry.ts';
import { encodeHeader } from '../../../src/core/files/tar-header.ts';
import { fileEntry } from '../../support/file-entries.ts';

const smallest = 8 * 1024 * 1024;
const now = 1_000_000;
const old = now - 2001;
const content: LayerContent = { diffId: `sha256:${'1'.repeat(64)}`, tarSize: 10_000_000 };
const other: LayerContent = { ...content, diffId: `sha256:${'2'.repeat(64)}` };

class Records implements ContentRecords {
  readonly known = new Map<string, LayerContent>();
  added = 0;
  readonly now = () => now;

  findContent(key: string): LayerContent | undefined {
    return this.known.get(key);
  }

  addContent(key: string, found: LayerContent): void {
    this.added += 1;
    this.known.set(key, found);
  }
}

function stamped(path: string, size: number, stamp: () => FileStamp | undefined = fixed(path)): Entry {
  return fileEntry(path, '', { size, stamp });
}

function fixed(text: string, changed = old) {
  return () => ({ text, changed });
}

/** What is found of entries for which something was noted before. */
function noteAndFind(
  noted: readonly Entry[],
  found: readonly Entry[],
  mtimes: readonly [number, number] = [5, 5],
) {
  const records = new Records();
  watchContent(noted, { mtime: mtimes[0], records })?.note(content);
  return watchContent(found, { mtime: mtimes[1], records })?.find();
}

describe('files that are watched', () => {
  const records = new Records();
  const rows: [name: string, entries: readonly Entry[], isWatched: boolean][] = [
    ['of 8 MiB', [stamped('a', smallest)], true],
    ['of less', [stamped('a', smallest - 1)], false],
    ['of 8 MiB together', [stamped('a', smallest - 1), stamped('b', 1)], true],
    ['of 16 KiB each', Array.from({ length: 600 }, (_, at) => stamped(`${at}`, 16 * 1024)), true],
    [
      'of less than 16 KiB each',
      Array.from({ length: 600 }, (_, at) => stamped(`${at}`, 16 * 1024 - 1)),
      false,
    ],
    ['of which one has no stamp', [stamped('a', smallest), fileEntry('b', 'x')], false],
    ['of which one can not be stamped', [stamped('a', smallest), stamped('b', 1, () => undefined)], false],
    [
      'beside folders and links, which need none',
      [
        stamped('a', smallest),
        { type: 'directory', path: 'd', mode: 0o755, uid: 0, gid: 0 },
        { type: 'symlink', path: 'l', target: 'd', mode: 0o777, uid: 0, gid: 0 },
      ],
      true,
    ],
  ];
  for (const [name, entries, isWatched] of rows)
    it(`are ${isWatched ? 'those' : 'none'} ${name}`, () => {
      assert.equal(watchContent(entries, { mtime: 0, records }) !== undefined, isWatched);
    });
});

describe('what is noted of files', () => {
  const a = stamped('a', smallest);

  it('is found again for the same files at the same date', () => {
    assert.deepEqual(noteAndFind([a], [a]), content);
    assert.deepEqual(noteAndFind([a, stamped('b', 1)], [a, stamped('b', 1)]), content);
  });

  const folder: Entry = { type: 'directory', path: 'd', mode: 0o755, uid: 0, gid: 0 };
  const different: [name: string, entries: readonly Entry[]][] = [
    ['another path', [fileEntry('b', '', { size: smallest, stamp: fixed('a') })]],
    ['another mode', [fileEntry('a', '', { size: smallest, stamp: fixed('a'), mode: 0o755 })]],
    ['another owner', [fileEntry('a', '', { size: smallest, stamp: fixed('a'), uid: 1 })]],
    ['another size', [stamped('a', smallest + 1, fixed('a'))]],
    ['another stamp', [stamped('a', smallest, fixed('x'))]],
    ['one more file', [a, stamped('b', 1)]],
    ['a folder besides', [folder, a]],
  ];
  for (const [name, entries] of different)
    it(`is not found for ${name}`, () => {
      assert.equal(noteAndFind([a], entries), undefined);
    });

  it('is kept under a name that says how tars are packed, what is in the header, and the stamps', () => {
    const records = new Records();
    watchContent([a, { type: 'directory', path: 'd', mode: 0o755, uid: 0, gid: 0 }], {
      mtime: 5,
      records,
    })?.note(content);
    const hash = createHash('sha256').update('tar-1\n').update(encodeHeader(a, 5)).update('a\n');
    hash.update(encodeHeader({ type: 'directory', path: 'd', mode: 0o755, uid: 0, gid: 0 }, 5));
    assert.deepEqual([...records.known.keys()], [hash.digest('hex')]);
  });

  it('is not found for another date of the image, or in another order', () => {
    assert.equal(noteAndFind([a], [a], [5, 6]), undefined);
    const b = stamped('b', smallest);
    assert.equal(noteAndFind([a, b], [b, a]), undefined);
  });

  it('counts where the youngest file has stood still for more than two seconds', () => {
    for (const [changed, counts] of [
      [now - 2001, true],
      [now - 2000, false],
      [now, false],
      [now + 5000, false],
    ] as const) {
      for (const entries of [
        [stamped('a', smallest, fixed('a', changed)), stamped('b', 1, fixed('b', 0))],
        [stamped('a', smallest, fixed('a', 0)), stamped('b', 1, fixed('b', changed))],
      ]) {
        const records = new Records();
        const watch = watchContent(entries, { mtime: 0, records });
        watch?.note(content);
        assert.equal(records.added, Number(counts));
        assert.deepEqual(watch?.find(), counts ? content : undefined);
      }
    }
  });

  it('is not used for a file that has changed just now, even where it is known', () => {
    const records = new Records();
    records.findContent = () => content;
    assert.equal(
      watchContent([stamped('a', smallest, fixed('a', now))], { mtime: 0, records })?.find(),
      undefined,
    );
  });

  it('is noted once, and anew where it turned out otherwise', () => {
    const records = new Records();
    const watch = watchContent([a], { mtime: 0, records });
    for (const [found, added] of [
      [content, 1],
      [content, 1],
      [other, 2],
      [{ ...other, tarSize: 7 }, 3],
      [{ ...other, tarSize: 7 }, 3],
    ] as const) {
      watch?.note(found);
      assert.equal(records.added, added);
    }
    assert.deepEqual([...records.known.values()], [{ ...other, tarSize: 7 }]);
  });

  it('is dropped where a file changed while it was read, or can no longer be stamped', () => {
    for (const later of [{ text: 'b', changed: old }, undefined]) {
      const records = new Records();
      let stamp: FileStamp | undefined = { text: 'a', changed: old };
      const watch = watchContent([stamped('a', smallest, () => stamp)], { mtime: 0, records });
      stamp = later;
      watch?.note(content);
      assert.equal(records.added, 0);
    }
  });
});
