// What is said of instructions in whole sentences, where a part of one depends on what is written.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from './parse.ts';

const errors: readonly (readonly [text: string, ...messages: string[]])[] = [
  ['RUN make', 'RUN is not supported: it runs a program'],
  ['ARCH arm64', 'ARCH is not supported'],
  ['LABEL a=${X:?}', 'expected a value of "X", which is not set'],
  ['LABEL a=${X:?why}', 'expected a value of "X", which is not set: "why"'],
  ['ARG X=\nLABEL a=${X:?}', 'expected a value of "X", which is empty'],
  ['LABEL a=${X', 'expected "}" after "${X"'],
  ['LABEL a=${X:-b', 'expected "}" after "${X:-b"'],
  ['LABEL a=${X/b', 'expected "/" after "${X/b"'],
  ['LABEL a=${X/b/c', 'expected "}" after "${X/b/c"'],
  ['LABEL a=${}', 'expected a name after "${", got "${}"'],
  ['LABEL a=${X,b}', 'expected "}" or a default in "${X,b"'],
  ['EXPOSE 80 http', 'expected a port from 0 to 65535, or a range of them, got "http"'],
  ['EXPOSE http 80', 'expected a port from 0 to 65535, or a range of them, got "http"'],
  ['EXPOSE 80 # web', 'expected the end of the instruction, got the comment "# web"'],
  ['COPY a', 'expected a source and a destination in COPY, got only "a"'],
  ['COPY', 'expected a source and a destination in COPY'],
  ['COPY --from=9 a b', 'expected the number of an earlier stage in --from, got "9"'],
  ['COPY --chmod=9 a b', 'expected an octal mode from 0 to 7777 in --chmod, got "9"'],
  ['COPY --chmod=u a b', 'expected changes of a mode, such as "u+x,go-w", in --chmod, got "u"'],
  ['COPY --from= a b', 'expected an image or a stage in --from, got nothing'],
  ['COPY <<a/b /c\nx\na/b', 'expected a file name as the name of a heredoc, got "a/b"'],
  ['COPY a <<EOF\nx\nEOF', 'expected a destination, got a heredoc'],
  ['COPY <<EOF /a', 'no line "EOF" ends the heredoc that begins here'],
  ['CMD', 'CMD has no arguments'],
  ['USER', 'USER has no argument'],
  ['USER ""', 'expected an argument of USER, got nothing'],
  ['VOLUME', 'expected a path after VOLUME, got nothing'],
  ['STOPSIGNAL x', 'expected a signal, got "x"'],
  ['ONBUILD', 'expected an instruction for a later build, got nothing'],
  ['ONBUILD FROM x', 'expected an instruction for a later build, got "FROM"'],
  ['ENV', 'ENV names no variable'],
  ['ENV =b', 'expected a name before "="'],
  ['ARG', 'ARG names no argument'],
  ['ARG 1=b', 'expected the name of an argument, got "1"'],
  ['LABEL', 'LABEL names no label'],
  ['LABEL =b', 'expected a key before "="'],
  ['LABEL a', 'expected key="value", got "a" without "="'],
  ['NONE x', 'expected an instruction, got "NONE"'],
];

const warnings: readonly (readonly [text: string, message: string])[] = [
  ['HEALTHCHECK', 'HEALTHCHECK is left out: expected CMD or NONE, got ""'],
  ['HEALTHCHECK curl x', 'HEALTHCHECK is left out: expected CMD or NONE, got "curl"'],
  ['HEALTHCHECK NONE x', 'HEALTHCHECK is left out: NONE takes no arguments'],
  ['HEALTHCHECK CMD', 'HEALTHCHECK is left out: CMD has no command'],
  ['HEALTHCHECK CMD []', 'HEALTHCHECK is left out: CMD has no command'],
  ['HEALTHCHECK --interval=1x CMD a', 'HEALTHCHECK is left out: expected a duration such as 30s, got "1x"'],
  ['HEALTHCHECK --retries=x CMD a', 'HEALTHCHECK is left out: expected a number of retries, got "x"'],
  ['HEALTHCHECK --often=1 CMD a', 'HEALTHCHECK is left out: it has no flag "--often"'],
  ['EXPOSE 1.2.3.4:80:81', 'only the port "81" of "1.2.3.4:80:81" is part of an image'],
  ['CMD a && b', '"&&" is an argument like any other: no shell reads it'],
  ['CMD a # b', '"#" is an argument like any other: no shell reads it'],
  ['LABEL a=$X', 'the variable "X" is not set, and is replaced by nothing'],
  ['MAINTAINER me', 'MAINTAINER is deprecated: it sets the author of the image alone'],
];

describe('what is said of an instruction', () => {
  for (const [text, ...messages] of errors) {
    it(`is an error: ${JSON.stringify(text)}`, () => {
      const found = parse(`FROM scratch\n${text}\n`);
      assert.deepEqual(
        found.errors.map(({ message }) => message),
        messages,
      );
    });
  }

  for (const [text, message] of warnings) {
    it(`is a warning: ${JSON.stringify(text)}`, () => {
      const found = parse(`FROM scratch\n${text}\n`);
      assert.deepEqual([found.errors, found.warnings.map((one) => one.message)], [[], [message]]);
    });
  }

  it('is an error of the whole instruction, which is then left out', () => {
    for (const text of ['EXPOSE 80 http', 'ENV A=b =c', 'VOLUME /a ""', 'COPY --chmod=9 a'])
      assert.equal(parse(`FROM scratch\n${text}\n`).stages[0]?.instructions.length, 0, text);
  });
});
