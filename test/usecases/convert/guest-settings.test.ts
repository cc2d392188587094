// The user and the command of a container image, as a guest needs them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InheritedValues } from '../../../src/core/oci/inherited.ts';
import {
  doubtsOfInit,
  doubtsOfWords,
  findProgram,
  userInNumbers,
} from '../../../src/usecases/convert/guest-settings.ts';
import type { BaseImage } from '../../../src/usecases/plan/base-image.ts';
import { fileEntry, rootfsOf } from '../../support/file-entries.ts';

const files = rootfsOf(
  fileEntry('etc/passwd', 'root:x:0:0::/:\napp:x:70:80::/:\n'),
  fileEntry('etc/group', 'staff:x:90:\n'),
  fileEntry('usr/bin/tool', 'x'),
  fileEntry('bin/tool', 'x'),
  fileEntry('opt/own', 'x'),
  fileEntry('other', 'x'),
);

function image(values: Partial<InheritedValues> = {}, rootfs = () => Promise.resolve(files)): BaseImage {
  return { values: { env: {}, labels: {}, onBuild: [], ...values }, rootfs } as unknown as BaseImage;
}

/** An image whose layers nobody may fetch. */
const unread = (values: Partial<InheritedValues>) =>
  image(values, () => assert.fail('its layers were fetched'));

describe('the user of a guest', () => {
  const named: [user: string, is: string | undefined][] = [
    ['app', '70:80'],
    ['app:staff', '70:90'],
    ['70:staff', '70:90'],
    ['app:5', '70:5'],
    ['nobody', undefined],
    ['app:nobody', undefined],
  ];
  for (const [user, is] of named)
    it(`is ${is ?? 'left as it is'} for "${user}"`, async () => {
      assert.equal(await userInNumbers(image({ user })), is);
    });

  it('is left as it is where it is numbers, or nothing, and no layer is fetched', async () => {
    for (const user of [undefined, '', '7', '7:8', 'a:b:c'])
      assert.equal(await userInNumbers(unread(user === undefined ? {} : { user })), undefined, user);
  });
});

describe('the command of a guest', () => {
  const missing = [
    {
      code: 'LABEL_INVALID',
      message: 'expected a command in the image, got neither ENTRYPOINT nor CMD',
      hint: 'Name one at each start, or convert an image that has one.',
    },
  ];

  it('is doubtful where there is none', async () => {
    assert.deepEqual(doubtsOfWords([]), missing);
    assert.deepEqual(doubtsOfWords(['']), []);
    assert.deepEqual(await doubtsOfInit(unread({}), []), missing);
  });

  it('is doubtful where its program is not in the image', async () => {
    assert.deepEqual(await doubtsOfInit(image(), ['/none', 'x']), [
      {
        code: 'BINARY_INVALID',
        message: 'expected the program "/none", with which the command begins, in the image, which has none',
        hint: 'Convert an image with the program, or with another command.',
      },
    ]);
    assert.deepEqual(await doubtsOfInit(image(), ['/other', 'x']), []);
    // That it has to be an absolute path is said elsewhere.
    assert.deepEqual(await doubtsOfInit(unread({}), ['none']), []);
  });
});

describe('the program that PATH finds', () => {
  const rows: [path: string | undefined, word: string, is: string | undefined][] = [
    [undefined, 'tool', '/usr/bin/tool'],
    ['/bin:/usr/bin', 'tool', '/bin/tool'],
    ['/none:/opt', 'own', '/opt/own'],
    ['opt', 'own', '/opt/own'],
    ['/none', 'tool', undefined],
    ['', 'other', '/other'],
    [undefined, 'own', undefined],
  ];
  for (const [path, word, is] of rows)
    it(`is ${is ?? 'none'} for ${word} in ${path ?? 'the usual folders'}`, async () => {
      assert.equal(await findProgram(image({ env: path === undefined ? {} : { PATH: path } }), word), is);
    });

  it('is not looked for where the word is a path', async () => {
    for (const word of ['/bin/tool', './tool', 'bin/tool'])
      assert.equal(await findProgram(unread({}), word), undefined);
  });

  for (const folder of ['usr/local/sbin', 'usr/local/bin', 'usr/sbin', 'usr/bin', 'sbin', 'bin'])
    it(`is looked for in /${folder} without a PATH`, async () => {
      const rootfs = rootfsOf(fileEntry(`${folder}/it`, 'x'));
      assert.equal(
        await findProgram(
          image({}, () => Promise.resolve(rootfs)),
          'it',
        ),
        `/${folder}/it`,
      );
    });
});
