import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { only, parse, places } from './parse.ts';

describe('instructions that are not built', () => {
  const instead: [text: string, says: RegExp][] = [
    ['RUN make', /any builder.*FROM oci-archive:built\.tar.*registry/],
    ['RUN make \\\n && make install', /COPY --from/],
    ['run make', /buildah build -t/],
    ['ADD https://a.example/b.git#main:x /b', /Clone it.*COPY/],
    ['ADD git@a.example:b/c /b', /Clone it/],
    ['COPY https://a.example/b /b', /Write ADD.*--checksum/],
    ['ARCH aarch64', /--platform/],
  ];
  for (const [text, says] of instead) {
    const [name = ''] = text.split(' ');
    it(`are named with what to use instead: ${text.split('\n').join(' ')}`, () => {
      const { errors } = parse(`FROM scratch\n ${text}\nCOPY a b\n`);
      assert.match(places(errors).join(), /^2:\d+ UNSUPPORTED$/);
      assert.ok(only(errors).message.startsWith(name.toUpperCase()), only(errors).message);
      assert.match(only(errors).hint ?? '', says);
    });
  }

  const unknown: [text: string, hint: RegExp][] = [
    ['LABLE a=b', /LABEL\?/],
    ['FORM scratch', /FROM\?/],
    ['CPOY a b', /COPY\?/],
    ['ENTRYPONT a', /ENTRYPOINT\?/],
    ['COPPY a b', /COPY\?/],
    ['LABELS a=b', /LABEL\?/],
    ['LABEL"a"="b"', /space after LABEL/],
    ['CMD["a"]', /space after CMD/],
    ['COPY:a b', /space after COPY/],
    ['LABEL\u00a0a=b', /space after LABEL/],
    ['"a"="b"', /FROM, ARG, COPY, ADD, LABEL, CMD, ENTRYPOINT, ENV/],
    ['constructor', /FROM, ARG, COPY, ADD, LABEL, CMD, ENTRYPOINT, ENV/],
    ['__proto__ x', /FROM, ARG, COPY, ADD, LABEL, CMD, ENTRYPOINT, ENV/],
    ['X', /FROM, ARG, COPY, ADD, LABEL, CMD, ENTRYPOINT, ENV/],
  ];
  for (const [text, hint] of unknown) {
    it(`are told from unknown words: ${text}`, () => {
      const { errors } = parse(`COPY a b\n${text}\n`);
      assert.deepEqual(places(errors), ['2:1 SYNTAX']);
      assert.match(only(errors).hint ?? '', hint);
    });
  }

  it('name the stage that another builder is to build', () => {
    const { errors } = parse('FROM scratch AS Tools\nRUN make\nFROM scratch\nCOPY --from=tools a b\n');
    assert.match(
      only(errors).hint ?? '',
      /docker buildx build --target Tools -o type=oci,dest=tools\.tar \./,
    );
  });

  it('are all reported in one run', () => {
    const { errors } = parse('RUN a\nENV b\nARCH d\nLABLE e=f\n');
    assert.deepEqual(places(errors), ['1:1 UNSUPPORTED', '2:5 SYNTAX', '3:1 UNSUPPORTED', '4:1 SYNTAX']);
  });
});
