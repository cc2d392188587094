import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { only, parse, places } from './parse.ts';

describe('instructions that are not built', () => {
  const instead: [text: string, says: RegExp][] = [
    ['RUN make', /COPY/],
    ['RUN make \\\n && make install', /COPY/],
    ['run make', /COPY/],
    ['ADD a b', /COPY/],
    ['ENV A=b', /CMD/],
    ['WORKDIR /a', /absolute destinations/],
    ['USER a', /--chown/],
    ['EXPOSE 80', /Remove it/],
    ['VOLUME /a', /Remove it/],
    ['ONBUILD RUN a', /itself/],
    ['STOPSIGNAL 9', /Remove it/],
    ['HEALTHCHECK NONE', /Remove it/],
    ['SHELL ["/bin/sh"]', /JSON/],
    ['MAINTAINER me', /LABEL org\.opencontainers\.image\.authors/],
    ['ARCH aarch64', /--platform/],
  ];
  for (const [text, says] of instead) {
    const [name = ''] = text.split(' ');
    it(`are named with what to use instead: ${text.split('\n').join(' ')}`, () => {
      const { errors } = parse(`FROM scratch\n ${text}\nCOPY a b\n`);
      assert.deepEqual(places(errors), ['2:2 UNSUPPORTED']);
      assert.ok(only(errors).message.startsWith(name.toUpperCase()));
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
    ['"a"="b"', /FROM, ARG, COPY, LABEL, CMD, ENTRYPOINT/],
    ['constructor', /FROM, ARG, COPY, LABEL, CMD, ENTRYPOINT/],
    ['__proto__ x', /FROM, ARG, COPY, LABEL, CMD, ENTRYPOINT/],
    ['X', /FROM, ARG, COPY, LABEL, CMD, ENTRYPOINT/],
  ];
  for (const [text, hint] of unknown) {
    it(`are told from unknown words: ${text}`, () => {
      const { errors } = parse(`COPY a b\n${text}\n`);
      assert.deepEqual(places(errors), ['2:1 SYNTAX']);
      assert.match(only(errors).hint ?? '', hint);
    });
  }

  it('are all reported in one run', () => {
    const { errors } = parse('RUN a\nENV b=c\nUSER d\nLABLE e=f\n');
    assert.deepEqual(places(errors), ['1:1 UNSUPPORTED', '2:1 UNSUPPORTED', '3:1 UNSUPPORTED', '4:1 SYNTAX']);
  });
});
