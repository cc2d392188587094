import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatInstruction } from '../../../src/core/containerfile/format.ts';
import { only, parse, parseClean, places } from './parse.ts';

interface Read {
  readonly sources: readonly string[];
  readonly destination: string;
  readonly chmod?: number | string;
  readonly rootfs?: object;
  readonly chown?: { readonly user: number | string; readonly group?: number | string };
}

describe('COPY', () => {
  const clean: [text: string, read: Read][] = [
    ['COPY a b', { sources: ['a'], destination: 'b' }],
    ['COPY a b/', { sources: ['a'], destination: 'b/' }],
    ['COPY /conf /', { sources: ['/conf'], destination: '/' }],
    ['COPY ../a .', { sources: ['../a'], destination: '.' }],
    ['COPY a b /c/', { sources: ['a', 'b'], destination: '/c/' }],
    ['COPY a b .', { sources: ['a', 'b'], destination: '.' }],
    ['COPY a b ./', { sources: ['a', 'b'], destination: './' }],
    ['COPY a b c /d/.', { sources: ['a', 'b', 'c'], destination: '/d/.' }],
    ['COPY *.conf [a-c]? **/x /d/', { sources: ['*.conf', '[a-c]?', '**/x'], destination: '/d/' }],
    ['COPY [a-c].conf /d/', { sources: ['[a-c].conf'], destination: '/d/' }],
    ['COPY "a b" c', { sources: ['a b'], destination: 'c' }],
    [`COPY 'a  b' "c d"`, { sources: ['a  b'], destination: 'c d' }],
    ['COPY a\\ b c', { sources: ['a b'], destination: 'c' }],
    ['COPY "#a" b#', { sources: ['#a'], destination: 'b#' }],
    [`COPY '$a' b\\$c`, { sources: ['$a'], destination: 'b$c' }],
    ['COPY é😀 /ü', { sources: ['é😀'], destination: '/ü' }],
    // The JSON form.
    ['COPY ["a", "b"]', { sources: ['a'], destination: 'b' }],
    ['COPY [ "a b","c" ,\t"/d/" ] ', { sources: ['a b', 'c'], destination: '/d/' }],
    ['COPY ["a\\u0062\\n", "\\"\\\\"]', { sources: ['ab\n'], destination: '"\\' }],
    ['COPY ["--from=x", "#"]', { sources: ['--from=x'], destination: '#' }],
    [`COPY ["\\\\$a", "b'$"]`, { sources: ['$a'], destination: "b'$" }],
    // Flags.
    ['COPY --chmod=755 a b', { sources: ['a'], destination: 'b', chmod: 0o755 }],
    ['COPY --chmod=0644 ["a", "b"]', { sources: ['a'], destination: 'b', chmod: 0o644 }],
    [
      'COPY --rootfs=initrd a b c',
      { sources: ['a', 'b'], destination: 'c', rootfs: { type: 'initrd', compression: 'none' } },
    ],
    [
      'COPY --rootfs=initrd,compression=zstd a b',
      { sources: ['a'], destination: 'b', rootfs: { type: 'initrd', compression: 'zstd' } },
    ],
    [
      'COPY --rootfs=block a b',
      { sources: ['a'], destination: 'b', rootfs: { type: 'block', free: 2 ** 24 } },
    ],
    [
      'COPY --rootfs=block,free=3G a b',
      { sources: ['a'], destination: 'b', rootfs: { type: 'block', free: 3 * 2 ** 30 } },
    ],
    ['COPY --chmod=7777 a b', { sources: ['a'], destination: 'b', chmod: 0o7777 }],
    ['COPY --chmod=0 a b', { sources: ['a'], destination: 'b', chmod: 0 }],
    ['COPY --chmod="600" a b', { sources: ['a'], destination: 'b', chmod: 0o600 }],
    ['COPY --chown=10:20 a b', { sources: ['a'], destination: 'b', chown: { user: 10, group: 20 } }],
    ['COPY --chown=10 a b', { sources: ['a'], destination: 'b', chown: { user: 10, group: 10 } }],
    [
      'COPY --chown=0:4294967294 a b',
      { sources: ['a'], destination: 'b', chown: { user: 0, group: 4294967294 } },
    ],
    ['COPY --chmod=0o755 a b', { sources: ['a'], destination: 'b', chmod: 0o755 }],
    ['COPY --chmod=u+x a b', { sources: ['a'], destination: 'b', chmod: 'u+x' }],
    ['COPY --chmod=u=rwX,go=rX a b', { sources: ['a'], destination: 'b', chmod: 'u=rwX,go=rX' }],
    ['COPY --chmod=a+rX,go-w a b', { sources: ['a'], destination: 'b', chmod: 'a+rX,go-w' }],
    ['COPY --chmod=go=u a b', { sources: ['a'], destination: 'b', chmod: 'go=u' }],
    ['COPY --chown=root a b', { sources: ['a'], destination: 'b', chown: { user: 0, group: 0 } }],
    [
      'COPY --chown=app:wheel a b',
      { sources: ['a'], destination: 'b', chown: { user: 'app', group: 'wheel' } },
    ],
    ['COPY --link a b', { sources: ['a'], destination: 'b' }],
    ['COPY --link=false a b', { sources: ['a'], destination: 'b' }],
    [
      'COPY --chown=1:2\t--link --chmod=400 \\\n a b',
      { sources: ['a'], destination: 'b', chmod: 0o400, chown: { user: 1, group: 2 } },
    ],
    ['COPY -- --chmod=755x b', { sources: ['--chmod=755x'], destination: 'b' }],
  ];
  for (const [text, { sources, destination, chmod, chown, rootfs }] of clean) {
    it(`reads ${JSON.stringify(text)}`, () => {
      const [copy, ...others] = parseClean(text);
      assert.equal(copy?.type, 'copy');
      assert.deepEqual(
        copy.sources.map(({ path }) => path),
        sources,
      );
      assert.equal(copy.destination, destination);
      assert.equal(copy.chmod, chmod);
      assert.deepEqual(copy.chown, chown);
      assert.deepEqual(copy.rootfs, rootfs);
      assert.deepEqual(others, []);
    });
  }

  it('reads --parents and --exclude, once and again', () => {
    const flagsOf = (text: string) => {
      const [copy] = parseClean(text);
      assert.ok(copy?.type === 'copy');
      return [copy.parents, copy.exclude];
    };
    assert.deepEqual(flagsOf('COPY --parents a b'), [true, undefined]);
    assert.deepEqual(flagsOf('COPY --parents=FALSE a b'), [undefined, undefined]);
    assert.deepEqual(flagsOf('COPY --exclude=*.txt a b'), [undefined, ['*.txt']]);
    assert.deepEqual(flagsOf('ADD --exclude=a --exclude="b c" --exclude=!**/d a b'), [
      undefined,
      ['a', 'b c', '!**/d'],
    ]);
    assert.deepEqual(flagsOf('ARG x=y\nCOPY --exclude=$x --parents=true a b'), [true, ['y']]);
  });

  it('knows the place of each source', () => {
    const texts = ['COPY --link "a b" \\\n  c /d/', 'COPY --link ["a", \\\n  "c", "/d/"]'];
    for (const text of texts) {
      const [copy] = parseClean(text);
      assert.deepEqual(copy?.type === 'copy' && copy.sources.map(({ position }) => position), [
        { file: 'Containerfile', line: 1, column: text.includes('[') ? 14 : 13 },
        { file: 'Containerfile', line: 2, column: 3 },
      ]);
    }
  });

  const warned: [text: string, place: string, name: string][] = [
    ['COPY a$b c', '1:7', '"b"'],
    ['COPY a "${b}/c" ', '1:9', '"b"'],
    ['COPY ["a", "b/$c"]', '1:15', '"c"'],
    ['COPY ["a\\t\\u00e9$c", "b/"]', '1:17', '"c"'],
    ['COPY --from=a$b c d', '1:14', '"b"'],
  ];
  for (const [text, place, name] of warned) {
    it(`warns of the variable in ${text}`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(errors, []);
      assert.deepEqual(places(warnings), [`${place} SYNTAX`]);
      assert.ok(only(warnings).message.includes(name));
    });
  }

  const refused: [name: string, text: string, error: string, says: RegExp][] = [
    ['nothing', 'COPY', '1:1 SYNTAX', /source and a destination/],
    ['one word', 'COPY a', '1:6 SYNTAX', /got only "a"/],
    ['flags only', 'COPY --link', '1:1 SYNTAX', /source and a destination/],
    ['an empty source', 'COPY "" b', '1:6 SYNTAX', /empty/],
    ['an empty destination', 'COPY ["a", ""]', '1:12 SYNTAX', /empty/],
    ['several sources to a file', 'COPY a b c', '1:10 SYNTAX', /"c".*"c\/"/],
    ['a comment', 'COPY a b # c', '1:10 SYNTAX', /line of its own/],
    ['a comment for the destination', 'COPY a # c', '1:8 SYNTAX', /line of its own/],
    ['an open quote', 'COPY "a b', '1:6 SYNTAX', /never closed/],
    ['--from without a value', 'COPY --from a b', '1:6 SYNTAX', /image or a stage/],
    ['--from with an empty value', 'COPY --from= a b', '1:13 SYNTAX', /image or a stage/],
    ['--from of a stage that is not there', 'COPY --from=0 a b', '1:13 SYNTAX', /"0".*no stage before/],
    ['a value of --parents', 'COPY --parents=1 a b', '1:16 SYNTAX', /true or false.*"1"/],
    ['--parents for ADD', 'ADD --parents a b', '1:5 UNSUPPORTED', /"--parents".*--unpack, --exclude/],
    ['no pattern in --exclude', 'COPY --exclude a b', '1:6 SYNTAX', /--exclude=\*\.txt/],
    ['an empty --exclude', 'COPY --exclude= a b', '1:16 SYNTAX', /""/],
    ['a malformed pattern in --exclude', 'COPY --exclude=[a a b', '1:16 SYNTAX', /"\[a".*close every/],
    ['an exception of nothing in --exclude', 'COPY --exclude=! a b', '1:16 SYNTAX', /"!"/],
    ['an unknown flag', 'COPY --chomd=755 a b', '1:6 UNSUPPORTED', /"--chomd".*--chmod/],
    ['a flag given twice', 'COPY --chmod=1 --chmod=2 a b', '1:16 SYNTAX', /twice/],
    ['a flag behind the paths', 'COPY a b --chmod=755', '1:10 SYNTAX', /right after COPY/],
    ['half a symbolic mode', 'COPY --chmod=u+x, a b', '1:14 SYNTAX', /"u\+x,"/],
    ['a symbolic mode without an operator', 'COPY --chmod=rwx a b', '1:14 SYNTAX', /"rwx"/],
    ['a mode with an 8', 'COPY --chmod=788 a b', '1:14 SYNTAX', /"788"/],
    ['a mode that is too large', 'COPY --chmod=10000 a b', '1:14 SYNTAX', /7777.*"10000"/],
    ['a mode in hexadecimal', 'COPY --chmod=0x1ed a b', '1:14 SYNTAX', /"0x1ed"/],
    ['no mode', 'COPY --chmod a b', '1:6 SYNTAX', /--chmod=755/],
    ['an empty mode', 'COPY --chmod= a b', '1:14 SYNTAX', /""/],
    ['a user with a slash', 'COPY --chown=a/b a b', '1:14 SYNTAX', /"a\/b".*passwd/],
    ['three names', 'COPY --chown=a:b:c a b', '1:14 SYNTAX', /"a:b:c"/],
    ['no group', 'COPY --chown=1: a b', '1:14 SYNTAX', /"1:"/],
    ['an id that is too large', 'COPY --chown=4294967295 a b', '1:14 SYNTAX', /"4294967295"/],
    ['a value of --link', 'COPY --link=yes a b', '1:13 SYNTAX', /"yes"/],
    ['no form of a root file system', 'COPY --rootfs a b', '1:6 SYNTAX', /--rootfs=block,free=64M/],
    ['an unknown form', 'COPY --rootfs=ext4 a b', '1:15 SYNTAX', /initrd or block.*"ext4"/],
    [
      'an unknown compression',
      'COPY --rootfs=initrd,compression=xz a b',
      '1:15 SYNTAX',
      /"initrd,compression=xz"/,
    ],
    ['free space in an initrd', 'COPY --rootfs=initrd,free=1M a b', '1:15 SYNTAX', /"initrd,free=1M"/],
    ['more free space than anybody means', 'COPY --rootfs=block,free=1025G a b', '1:15 SYNTAX', /1025G/],
    ['a folder for a root file system', 'COPY --rootfs=block a b/', '1:23 SYNTAX', /path of a file.*"b\/"/],
    ['ADD --rootfs', 'ADD --rootfs=block a b', '1:5 UNSUPPORTED', /no flag "--rootfs"/],
    ['--rootfs behind the paths', 'COPY a b --rootfs=block', '1:10 SYNTAX', /right after COPY/],
    ['single quotes in JSON', `COPY ['a', 'b']`, '1:7 SYNTAX', /double quotes/],
    ['an unfinished list', 'COPY ["a", "b"', '1:15 SYNTAX', /end of the instruction/],
    ['a list of one', 'COPY ["a"]', '1:7 SYNTAX', /got only "a"/],
    ['an empty list', 'COPY []', '1:1 SYNTAX', /source and a destination/],
    ['a number in the list', 'COPY ["a", 1]', '1:12 SYNTAX', /"1\]"/],
    ['something after the list', 'COPY ["a"] b', '1:12 SYNTAX', /"b"/],
    ['NUL in the list', 'COPY ["a", "\\u0000"]', '1:12 SYNTAX', /u0000/],
  ];
  for (const [name, text, error, says] of refused) {
    it(`refuses ${name}`, () => {
      const { errors, warnings } = parse(text);
      assert.deepEqual(places(errors), [error]);
      const { message, hint } = only(errors);
      assert.match(`${message} ${hint ?? ''}`, says);
      assert.deepEqual(warnings, []);
    });
  }

  it('reports every wrong flag', () => {
    const { errors } = parse('COPY --chmod=x --chown=: --z a b');
    assert.deepEqual(places(errors), ['1:14 SYNTAX', '1:24 SYNTAX', '1:26 UNSUPPORTED']);
  });
});

describe('ADD', () => {
  it('takes files as COPY does, and says that it is ADD', () => {
    const [add] = parseClean('ADD --chown=1 --link a /b/');
    assert.ok(add?.type === 'copy');
    assert.deepEqual([add.isAdd, add.chown, add.destination], [true, { user: 1, group: 1 }, '/b/']);
    const [kept] = parseClean('ADD --unpack=false a.tar /b/');
    assert.equal(kept?.type === 'copy' && kept.unpack, false);
  });

  it('takes URLs, and warns of those without a checksum', () => {
    const checksum = `sha256:${'0a'.repeat(32)}`;
    const lines = [
      'FROM scratch',
      `ADD --unpack --checksum=${checksum} https://a.example/b /`,
      'ADD b HTTP://a.example/c?x=1 /d/',
    ];
    const { stages, errors, warnings } = parse(lines.join('\n'));
    assert.deepEqual(errors, []);
    assert.deepEqual(places(warnings), ['3:7 SYNTAX']);
    const [first, second] = stages[0]?.instructions ?? [];
    assert.ok(first?.type === 'copy' && second?.type === 'copy');
    assert.deepEqual([first.unpack, first.checksum, first.sources[0]?.isUrl], [true, checksum, true]);
    assert.deepEqual(
      second.sources.map(({ isUrl }) => isUrl),
      [undefined, true],
    );
    assert.equal(formatInstruction(first), lines[1]?.replace('--unpack', '--unpack=true'));
  });

  const refused: [text: string, error: string, says: RegExp][] = [
    ['ADD a', '1:5 SYNTAX', /destination in ADD/],
    ['ADD --from=a b c', '1:5 UNSUPPORTED', /ADD has no flag "--from"/],
    ['ADD --checksum=sha256:a http://b.example/c c', '1:16 SYNTAX', /64 hexadecimal/],
    [`ADD --checksum=sha256:${'A'.repeat(64)} http://b.example/c c`, '1:16 SYNTAX', /lower case/],
    [
      `ADD --checksum=sha256:${'a'.repeat(64)} b c`,
      '1:88 SYNTAX',
      /one URL with --checksum, got something else/,
    ],
    [`ADD --checksum=sha256:${'a'.repeat(64)} http://b/c http://b/d c/`, '1:88 SYNTAX', /got 2 URLs/],
    ['ADD http://b.example/ c/', '1:5 SYNTAX', /name of a file/],
    ['ADD http://b.example c/', '1:5 SYNTAX', /name of a file/],
    ['ADD http://b.example/%2e%2e c/', '1:5 SYNTAX', /name of a file/],
    ['ADD http://me:word@b.example/x c', '1:5 SYNTAX', /user name/],
    ['ADD http://[b/x c', '1:5 SYNTAX', /expected a URL/],
    ['ADD --unpack=yes b c', '1:14 SYNTAX', /true or false/],
    ['COPY --checksum=sha256:a b c', '1:6 UNSUPPORTED', /COPY has no flag/],
    ['ADD --keep-git-dir=true b c', '1:5 UNSUPPORTED', /Clone/],
    ['COPY --unpack b c', '1:6 UNSUPPORTED', /COPY has no flag/],
  ];
  for (const [text, error, says] of refused) {
    it(`refuses ${text}`, () => {
      const { errors } = parse(text);
      assert.deepEqual(places(errors), [error]);
      assert.match(`${only(errors).message} ${only(errors).hint ?? ''}`, says);
    });
  }
});

describe('heredocs of COPY', () => {
  const rows: [name: string, text: string, documents: Record<string, string>][] = [
    ['a text', 'COPY <<a /b\nx\ny\na\n', { a: 'x\ny\n' }],
    ['an empty text', 'COPY <<a /b\na\n', { a: '' }],
    ['expanded', 'COPY <<a /b\n$V ${V:-x} ${W:-"y"}\na\n', { a: 'v v "y"\n' }],
    ['escapes, which go', 'COPY <<a /b\n\\$V \\n \\\\ `x`\na\n', { a: '$V n \\ `x`\n' }],
    ['quotes, which stay', `COPY <<a /b\n'$V' "$V"\na\n`, { a: `'v' "v"\n` }],
    ['verbatim', `COPY <<'a' /b\n$V \\n\na\n`, { a: '$V \\n\n' }],
    ['verbatim in double quotes', 'COPY <<"a" /b\n$V\na\n', { a: '$V\n' }],
    ['without tabs', 'COPY <<-a /b\n\tx\n\t\ty\tz\n y\n\ta\n', { a: 'x\ny\tz\n y\n' }],
    ['several', 'COPY <<a <<-"b" /c/\n1\na\n\t$V\n\tb\n', { a: '1\n', b: '$V\n' }],
    [
      'comments and continuations, which are text',
      'COPY <<a /b\n# c \\\n\nRUN x\na\n',
      { a: '# c \n\nRUN x\n' },
    ],
    ['carriage returns, which stay', 'COPY <<a /b\r\nx\r\na\r\n', { a: 'x\r\n' }],
  ];
  for (const [name, text, documents] of rows) {
    it(`are read: ${name}`, () => {
      const instructions = parseClean(`ARG V=v\nFROM scratch\nARG V\n${text}LABEL c=d\n`);
      const [, copy, label] = instructions;
      assert.ok(copy?.type === 'copy' && label?.type === 'label');
      const read = (copy.documents ?? []).map((document) => [document.name, document.text] as const);
      assert.deepEqual(Object.fromEntries(read), documents);
      assert.deepEqual(copy.sources, []);
    });
  }

  it('stand beside files', () => {
    const [copy] = parseClean('COPY --chmod=600 a <<b c /d/\nx\nb\n');
    assert.ok(copy?.type === 'copy');
    assert.deepEqual(
      [copy.sources.map(({ path }) => path), copy.documents?.length, copy.chmod],
      [['a', 'c'], 1, 0o600],
    );
  });

  it('are complained of where they are wrong', () => {
    const { warnings } = parse('COPY <<-a /b\nx\n\ty $NOBODY\na\n');
    assert.deepEqual(places(warnings), ['3:4 SYNTAX']);
    assert.deepEqual(places(parse('COPY <<a /b\n1 ${\na\n').errors), ['2:3 SYNTAX']);
  });

  const refused: [name: string, text: string, error: string, says: RegExp][] = [
    ['without an end', 'COPY <<a /b\nx\n', '1:6 SYNTAX', /"a"/],
    ['as the destination', 'COPY b <<a\nx\na\n', '1:8 SYNTAX', /destination/],
    ['with a space', 'COPY << a /b\nx\na\n', '1:6 SYNTAX', /<<a without a space/],
    ['with a path for a name', 'COPY <<a/b /c/\nx\na/b\n', '1:6 SYNTAX', /"a\/b"/],
    ['several to a file', 'COPY <<a <<b /c\na\nb\n', '1:14 SYNTAX', /"\/c\/"/],
  ];
  for (const [name, text, error, says] of refused) {
    it(`are refused ${name}`, () => {
      const { errors } = parse(text);
      assert.equal(places(errors)[0], error);
      assert.match(`${errors[0]?.message ?? ''} ${errors[0]?.hint ?? ''}`, says);
    });
  }
});
