import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instruction } from '../../../src/core/containerfile/instruction.ts';
import { formatInstruction } from '../../../src/core/containerfile/format.ts';
import { only, parse, parseClean, places, withoutPositions } from './parse.ts';

const quoted = `"it's" 'a b'`;

describe('instructions that set a field of the config', () => {
  const clean: [text: string, instruction: object][] = [
    ['WORKDIR /a', { type: 'workdir', path: '/a' }],
    ['WORKDIR a b/c', { type: 'workdir', path: 'a b/c' }],
    ['WORKDIR "/a b" c', { type: 'workdir', path: '/a b c' }],
    ['WORKDIR $V/$E/x', { type: 'workdir', path: 'v//x' }],
    ['USER app', { type: 'user', user: 'app' }],
    ['USER ${V}:$V', { type: 'user', user: 'v:v' }],
    ['USER 1000:1000', { type: 'user', user: '1000:1000' }],
    ['STOPSIGNAL SIGTERM', { type: 'stopsignal', signal: 'SIGTERM' }],
    ['STOPSIGNAL int', { type: 'stopsignal', signal: 'int' }],
    ['STOPSIGNAL SIGRTMIN+3', { type: 'stopsignal', signal: 'SIGRTMIN+3' }],
    ['STOPSIGNAL 9', { type: 'stopsignal', signal: '9' }],
    ['EXPOSE 80', { type: 'expose', ports: ['80/tcp'] }],
    ['EXPOSE 80/UDP 53/tcp 80/udp', { type: 'expose', ports: ['80/udp', '53/tcp'] }],
    ['EXPOSE 7000-7002/sctp', { type: 'expose', ports: ['7000/sctp', '7001/sctp', '7002/sctp'] }],
    ['EXPOSE $P 9', { type: 'expose', ports: ['80/tcp', '443/tcp', '9/tcp'] }],
    ['VOLUME /a', { type: 'volume', paths: ['/a'] }],
    ['VOLUME /a "/b c" $V', { type: 'volume', paths: ['/a', '/b c', 'v'] }],
    ['VOLUME ["/a", "/$V", "\\\\$V"]', { type: 'volume', paths: ['/a', '/v', '$V'] }],
    ['SHELL ["/bin/bash", "-c", "$V"]', { type: 'shell', words: ['/bin/bash', '-c', '$V'] }],
    ['ENV A=b', { type: 'env', pairs: [{ key: 'A', value: 'b' }] }],
    [
      `ENV A=b C="d e" F='$V' G=$V\\ x H=`,
      {
        type: 'env',
        pairs: [
          { key: 'A', value: 'b' },
          { key: 'C', value: 'd e' },
          { key: 'F', value: '$V' },
          { key: 'G', value: 'v x' },
          { key: 'H', value: '' },
        ],
      },
    ],
    ['HEALTHCHECK NONE', { type: 'healthcheck', health: { Test: ['NONE'] }, text: 'NONE' }],
    [
      'HEALTHCHECK --interval=1m30s --retries=3 --timeout=1.5s CMD ["a", "$V"]',
      {
        type: 'healthcheck',
        health: { Test: ['CMD', 'a', '$V'], Interval: 90e9, Retries: 3, Timeout: 1.5e9 },
        text: '--interval=1m30s --retries=3 --timeout=1.5s CMD ["a", "$V"]',
      },
    ],
    [
      'healthcheck --start-period=0 cmd curl -f "$V" || exit 1',
      {
        type: 'healthcheck',
        health: { Test: ['CMD-SHELL', 'curl -f "$V" || exit 1'] },
        text: '--start-period=0 cmd curl -f "$V" || exit 1',
      },
    ],
  ];
  for (const [text, instruction] of clean) {
    it(`are read: ${text}`, () => {
      const [, read, ...others] = parseClean(
        `FROM scratch\nARG V=v E= P="80 443"\n${text}\n`,
      ) as readonly Instruction[];
      assert.deepEqual(withoutPositions(read), instruction);
      assert.deepEqual(others, []);
    });
    it(`are written so that they are read again: ${text}`, () => {
      const [, read] = parse(`FROM scratch\nARG V=v E= P="80 443"\n${text}\n`).instructions;
      assert.ok(read !== undefined);
      const [, again] = parse(`FROM scratch\n${formatInstruction(read)}\n`).instructions;
      const { text: written, ...fields } = withoutPositions(again) as Record<string, unknown>;
      const { text: before, ...expected } = instruction as Record<string, unknown>;
      assert.deepEqual(fields, expected);
      assert.equal(written, before);
    });
  }

  const warned: [text: string, instruction: object | undefined, says: RegExp][] = [
    [
      `MAINTAINER me ${quoted} $V`,
      { type: 'maintainer', name: `me ${quoted} $V` },
      /authors="me \\"it's\\" 'a b' \\\$V"/,
    ],
    ['ENV A b  c=d', { type: 'env', pairs: [{ key: 'A', value: 'b  c=d' }] }, /legacy.*ENV A="b  c=d"/],
    ['ONBUILD COPY a b', { type: 'onbuild', text: 'COPY a b' }, /OCI has no field/],
    ['ONBUILD RUN <<E\nx\nE', { type: 'onbuild', text: 'RUN <<E\nx\nE' }, /OCI has no field/],
    ['EXPOSE 127.0.0.1:8080:80', { type: 'expose', ports: ['80/tcp'] }, /only the port "80"/],
    ['HEALTHCHECK', undefined, /CMD or NONE/],
    ['HEALTHCHECK curl', undefined, /"curl"/],
    ['HEALTHCHECK NONE x', undefined, /no arguments/],
    ['HEALTHCHECK CMD', undefined, /no command/],
    ['HEALTHCHECK CMD []', undefined, /no command/],
    ['HEALTHCHECK --interval=x CMD a', undefined, /"x"/],
    ['HEALTHCHECK --interval=1us CMD a', undefined, /"1us"/],
    ['HEALTHCHECK --retries=-1 CMD a', undefined, /"-1"/],
    ['HEALTHCHECK --often=1 CMD a', undefined, /"--often"/],
  ];
  for (const [text, instruction, says] of warned) {
    it(`are read with a warning: ${text.split('\n').join('|')}`, () => {
      const { instructions, errors, warnings } = parse(`FROM scratch\n${text}\n`);
      assert.deepEqual(errors, []);
      assert.match(`${only(warnings).message} ${only(warnings).hint ?? ''}`, says);
      const [, read] = instructions;
      assert.deepEqual(read && withoutPositions(read), instruction);
    });
  }

  const refused: [text: string, error: string, says: RegExp][] = [
    ['WORKDIR', '1:1 SYNTAX', /WORKDIR \/path/],
    ['WORKDIR ""', '1:9 SYNTAX', /nothing/],
    ['WORKDIR "/a', '1:9 SYNTAX', /never closed/],
    ['WORKDIR /a # b', '1:12 SYNTAX', /line of its own/],
    ['USER', '1:1 SYNTAX', /uid:gid/],
    ['STOPSIGNAL SIGNONE', '1:12 SYNTAX', /"SIGNONE"/],
    ['STOPSIGNAL 0', '1:12 SYNTAX', /"0"/],
    ['STOPSIGNAL RTMIN+16', '1:12 SYNTAX', /"RTMIN\+16"/],
    ['EXPOSE', '1:1 SYNTAX', /no port/],
    ['EXPOSE 70000', '1:8 SYNTAX', /"70000"/],
    ['EXPOSE 9-8', '1:8 SYNTAX', /"9-8"/],
    ['EXPOSE http', '1:8 SYNTAX', /"http"/],
    ['EXPOSE 80/icmp', '1:8 SYNTAX', /"80\/icmp"/],
    ['VOLUME', '1:1 SYNTAX', /VOLUME \/path/],
    ['VOLUME ["/a", ""]', '1:1 SYNTAX', /nothing/],
    ['VOLUME [/a]', '1:9 SYNTAX', /double quotes/],
    ['SHELL /bin/sh -c', '1:1 SYNTAX', /JSON/],
    ['SHELL []', '1:7 SYNTAX', /empty/],
    ['MAINTAINER', '1:1 SYNTAX', /nobody/],
    ['ENV', '1:1 SYNTAX', /NAME="value"/],
    ['ENV A', '1:5 SYNTAX', /ENV A=""/],
    ['ENV A = b', '1:5 SYNTAX', /ENV A="b"/],
    ['ENV A=b c', '1:9 SYNTAX', /ENV A="b c"/],
    ['ENV =b', '1:5 SYNTAX', /name/],
    ['ENV A=b # c', '1:9 SYNTAX', /line of its own/],
    ['ONBUILD', '1:1 SYNTAX', /nothing/],
    ['ONBUILD ONBUILD RUN a', '1:1 SYNTAX', /"ONBUILD"/],
    ['ONBUILD from a', '1:1 SYNTAX', /"from"/],
  ];
  for (const [text, error, says] of refused) {
    it(`are refused: ${text}`, () => {
      const { errors } = parse(text);
      assert.deepEqual(places(errors), [error]);
      assert.match(`${only(errors).message} ${only(errors).hint ?? ''}`, says);
    });
  }
});

describe('the directive check', () => {
  it('is a comment here, and ends no other directives', () => {
    const [, label] = parseClean('# check=skip=all;error=true\n# escape=`\nFROM scratch\nLABEL a=b` c\n');
    assert.equal(label?.type === 'label' && label.pairs[0]?.value, 'b c');
  });
});

describe('EXPOSE', () => {
  it('is soon read, however many ports it names', () => {
    const { errors } = parse(`EXPOSE ${'0-65535 '.repeat(900)}\n`);
    assert.match(only(errors).message, /at most 196608 ports/);
  });
});

describe('ENV', () => {
  const rows: [name: string, text: string, value: string][] = [
    ['counts from the next line on', 'ENV A=1\nLABEL a=$A', '1'],
    ['does not see itself', 'ENV A=1\nENV A=2 B=$A\nLABEL a=$A$B', '21'],
    ['wins over ARG before it', 'ARG A=1\nENV A=2\nLABEL a=$A', '2'],
    ['can keep what ARG says', 'ARG A=1\nENV A=$A.x\nLABEL a=$A', '1.x'],
    ['gives way to a later ARG', 'ENV A=1\nARG A=2\nLABEL a=$A', '2'],
    ['stays when a later ARG has no value', 'ENV A=1\nARG A\nLABEL a=$A', '1'],
    ['wins over the platform', 'ENV TARGETARCH=x\nLABEL a=$TARGETARCH', 'x'],
    ['goes on in stages', 'ENV A=1\nFROM s\nLABEL a=$A', '1'],
    ['can be nothing', 'ENV A=\nLABEL a=${A-x}${A:-y}', 'y'],
    [
      'adds to the usual PATH',
      'ENV PATH=/x:$PATH\nLABEL a=$PATH',
      '/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ],
    ['counts in ARG', 'ENV A=1\nARG B=$A\nLABEL a=$B', '1'],
  ];
  for (const [name, text, value] of rows) {
    it(name, () => {
      const platform = { os: 'linux', architecture: 'arm64' };
      const label = parseClean(`FROM scratch AS s\n${text}\n`, { platform }).at(-1);
      assert.equal(label?.type === 'label' && label.pairs[0]?.value, value);
    });
  }

  it('counts in COPY, WORKDIR, USER, EXPOSE, VOLUME, STOPSIGNAL and in no other stage', () => {
    const text =
      'ENV A=1\nCOPY --chown=$A $A /$A\nWORKDIR $A\nUSER $A\nEXPOSE $A\nVOLUME $A\nSTOPSIGNAL $A\n';
    const formatted = parseClean(`FROM scratch AS s\n${text}`).map(formatInstruction);
    assert.deepEqual(formatted.slice(2), [
      'COPY --chown=1:1 1 /1',
      'WORKDIR 1',
      'USER 1',
      'EXPOSE 1/tcp',
      'VOLUME ["1"]',
      'STOPSIGNAL 1',
    ]);
    const other = parse('FROM scratch AS s\nENV A=1\nFROM scratch\nCOPY --from=s a /$A\n');
    assert.match(only(other.warnings).message, /"A" is not set/);
  });

  it('is nothing that CMD would replace', () => {
    const [, , cmd] = parseClean('FROM scratch\nENV HOME=/x\nCMD ["$HOME"]\n');
    assert.deepEqual(cmd?.type === 'cmd' && cmd.arguments, { form: 'exec', words: ['$HOME'] });
  });
});

describe('the target', () => {
  const text = [
    'FROM scratch AS one',
    'COPY a b',
    'FROM one AS Two',
    'LABEL a=$TARGETSTAGE',
    'FROM --platform=$BUILDPLATFORM three AS four',
    'RUN x',
    'COPY a b$NOBODY',
  ].join('\n');

  for (const target of ['two', 'TWO', '1']) {
    it(`is the stage that ${target} names, and what comes after it doesn't count`, () => {
      const { stages, errors, warnings } = parse(text, { target });
      assert.deepEqual([errors, warnings, stages.length], [[], [], 2]);
      const [label] = stages.at(-1)?.instructions ?? [];
      assert.equal(label?.type === 'label' && label.pairs[0]?.value, target);
    });
  }

  it('leaves stages before it out without a word', () => {
    const { stages, warnings } = parse('FROM a AS x\nRUN y\nFROM scratch AS z\nCOPY a b\n', { target: 'z' });
    assert.deepEqual([stages.length, warnings], [2, []]);
  });

  it('must be there', () => {
    const { errors } = parse('FROM scratch AS runtime\nCOPY a b\n', { target: 'runtme' });
    assert.match(`${only(errors).message} ${only(errors).hint ?? ''}`, /"runtme".*"runtime"/);
    assert.match(only(parse('FROM a\nCOPY a b\n', { target: '1' }).errors).hint ?? '', /no stage has a name/);
  });

  it('reads what is wrong behind it all the same', () => {
    assert.deepEqual(places(parse(`${text}\nCOPY x\n`, { target: 'one' }).errors).at(-1), '8:6 SYNTAX');
  });
});

describe('ONBUILD of an earlier stage', () => {
  it('is left out with a warning where a stage goes on from it', () => {
    const { errors, warnings } = parse('FROM scratch AS a\nONBUILD COPY x y\nFROM a\nCOPY x y\n');
    assert.deepEqual([errors, places(warnings)], [[], ['2:1 SYNTAX', '3:6 UNSUPPORTED']]);
  });
});
