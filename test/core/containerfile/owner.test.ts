import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOwner, resolveOwner } from '../../../src/core/containerfile/owner.ts';

const passwd = 'root:x:0:0::/:\napp:x:1000:50::/:/bin/sh\r\nodd:x:many:1\napp2:x:7:8:::\napp:x:9:9:::\n';
const group = 'root:x:0:\nstaff:x:50:app,other\nodd:x:-1:\n';

describe('the owner of files', () => {
  const rows: [text: string, ids: object | undefined][] = [
    ['root', { uid: 0, gid: 0 }],
    ['root:root', { uid: 0, gid: 0 }],
    ['5', { uid: 5, gid: 5 }],
    ['5:6', { uid: 5, gid: 6 }],
    ['app', { uid: 1000, gid: 50 }],
    ['app:root', { uid: 1000, gid: 0 }],
    ['app:7', { uid: 1000, gid: 7 }],
    ['3:staff', { uid: 3, gid: 50 }],
    ['app2:staff', { uid: 7, gid: 50 }],
    ['nobody', { missing: 'nobody' }],
    ['app:nobody', { missing: 'nobody' }],
    ['odd', { missing: 'odd' }],
    ['app:odd', { missing: 'odd' }],
    ['ap', { missing: 'ap' }],
    ['', undefined],
    [':5', undefined],
    ['a b', undefined],
    ['4294967295', undefined],
  ];
  for (const [text, ids] of rows) {
    it(`is found: ${JSON.stringify(text)}`, () => {
      const owner = parseOwner(text);
      assert.deepEqual(owner && resolveOwner(owner, passwd, group), ids);
    });
  }
});
