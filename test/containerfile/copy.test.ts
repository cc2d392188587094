import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { only, parse, parseClean, places } from './parse.ts';

interface Read {
  readonly sources: readonly string[];
  readonly destination: string;
  readonly chmod?: number;
  readonly chown?: { readonly uid: number; readonly gid: number };
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
    ['COPY --chmod=7777 a b', { sources: ['a'], destination: 'b', chmod: 0o7777 }],
    ['COPY --chmod=0 a b', { sources: ['a'], destination: 'b', chmod: 0 }],
    ['COPY --chmod="600" a b', { sources: ['a'], destination: 'b', chmod: 0o600 }],
    ['COPY --chown=10:20 a b', { sources: ['a'], destination: 'b', chown: { uid: 10, gid: 20 } }],
    ['COPY --chown=10 a b', { sources: ['a'], destination: 'b', chown: { uid: 10, gid: 10 } }],
    [
      'COPY --chown=0:4294967294 a b',
      { sources: ['a'], destination: 'b', chown: { uid: 0, gid: 4294967294 } },
    ],
    ['COPY --link a b', { sources: ['a'], destination: 'b' }],
    ['COPY --link=false a b', { sources: ['a'], destination: 'b' }],
    [
      'COPY --chown=1:2\t--link --chmod=400 \\\n a b',
      { sources: ['a'], destination: 'b', chmod: 0o400, chown: { uid: 1, gid: 2 } },
    ],
    ['COPY -- --chmod=755x b', { sources: ['--chmod=755x'], destination: 'b' }],
  ];
  for (const [text, { sources, destination, chmod, chown }] of clean) {
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
      assert.deepEqual(others, []);
    });
  }

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
    ['--parents', 'COPY --parents a b', '1:6 UNSUPPORTED', /--parents.*destination/],
    ['--exclude', 'COPY --exclude=x a b', '1:6 UNSUPPORTED', /--exclude.*ignore/],
    ['an unknown flag', 'COPY --chomd=755 a b', '1:6 UNSUPPORTED', /"--chomd".*--chmod/],
    ['a flag given twice', 'COPY --chmod=1 --chmod=2 a b', '1:16 SYNTAX', /twice/],
    ['a flag behind the paths', 'COPY a b --chmod=755', '1:10 SYNTAX', /right after COPY/],
    ['a symbolic mode', 'COPY --chmod=u+x a b', '1:14 SYNTAX', /"u\+x"/],
    ['a mode with an 8', 'COPY --chmod=788 a b', '1:14 SYNTAX', /"788"/],
    ['a mode that is too large', 'COPY --chmod=10000 a b', '1:14 SYNTAX', /7777.*"10000"/],
    ['a mode as in JavaScript', 'COPY --chmod=0o755 a b', '1:14 SYNTAX', /"0o755"/],
    ['no mode', 'COPY --chmod a b', '1:6 SYNTAX', /--chmod=755/],
    ['an empty mode', 'COPY --chmod= a b', '1:14 SYNTAX', /""/],
    ['a user name', 'COPY --chown=root a b', '1:14 SYNTAX', /"root".*passwd/],
    ['a group name', 'COPY --chown=0:wheel a b', '1:14 SYNTAX', /"0:wheel".*passwd/],
    ['no group', 'COPY --chown=1: a b', '1:14 SYNTAX', /"1:"/],
    ['an id that is too large', 'COPY --chown=4294967295 a b', '1:14 SYNTAX', /"4294967295"/],
    ['a value of --link', 'COPY --link=yes a b', '1:13 SYNTAX', /"yes"/],
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
    const { errors } = parse('COPY --chmod=x --chown=y --z a b');
    assert.deepEqual(places(errors), ['1:14 SYNTAX', '1:24 SYNTAX', '1:26 UNSUPPORTED']);
  });
});
