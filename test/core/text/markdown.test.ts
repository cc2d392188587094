import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { codeBlock, codeSpan, link } from '../../../src/core/text.ts';
import { outline } from '../../support/markdown.ts';

const hostile: readonly (readonly [name: string, text: string, shown?: string])[] = [
  ['a mention', '@octocat and @nubificus/maintainers'],
  ['a reference to an issue', 'fixes #1, owner/repo#2, GH-3'],
  ['a commit', '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa'],
  ['a link', '[click](https://evil.example)'],
  ['an address', 'https://evil.example www.evil.example a@evil.example'],
  ['an image', '![x](https://evil.example/pixel.png)'],
  ['HTML', '<img src=x onerror=alert(1)><script>alert(1)</script></code></pre>'],
  ['the end of a comment', '--> <!-- bima-action preview: ghcr.io/a/b -->'],
  ['entities', '&lt;b&gt; &#64;octocat &commat;octocat'],
  ['backticks', '` `` ``` x ` @octocat `'],
  ['a backtick at each end', '`@octocat`'],
  ['backticks alone', '```'],
  ['a backslash before a backtick', '\\`@octocat\\`'],
  ['emphasis', '**bold** _it_ ~~gone~~'],
  ['a cell', 'a | b \\| c'],
  ['emoji', ':tada: :+1:'],
  ['mathematics', '$x$ $`x`$'],
  ['lines', 'a\n\n# title\r\n- item', 'a\\x0a\\x0a# title\\x0d\\x0a- item'],
  ['a separator of lines', 'a\u2028b', 'a\\x2028b'],
  ['text that runs backwards', 'safe\u202egpj.exe', 'safe\\u{202e}gpj.exe'],
  ['a character that has no width', '@\u200boctocat', '@\\u{200b}octocat'],
  ['half a character', 'x\ud800y', 'x\ufffdy'],
  ['an escape of a terminal', '\u001b[31mred', '\\x1b[31mred'],
  ['nothing', '', '?'],
  ['space', '   ', '?'],
];

describe('codeSpan', () => {
  for (const [name, text, shown = text] of hostile) {
    it(`keeps ${name} as it is`, () => {
      const markdown = `- ${codeSpan(text)}: one ${codeSpan(text)} two`;
      assert.deepEqual(outline(markdown), [
        'list',
        ['item', ['code', shown], ['text', ': one '], ['code', shown], ['text', ' two']],
      ]);
    });
  }

  it('cuts what is too long, and never a character in two', () => {
    assert.deepEqual(outline(codeSpan('a'.repeat(100), 10)), ['paragraph', ['code', `${'a'.repeat(10)}…`]]);
    assert.deepEqual(outline(codeSpan('😀'.repeat(9), 9)), ['paragraph', ['code', `${'😀'.repeat(4)}…`]]);
  });

  it('is one span for any text', () => {
    const unit = fc.oneof(
      fc.constantFrom('`', '\\', '|', '<', '>', ' ', '\n', '@', '#', '*', '[', ']'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(unit), (parts) => {
        const [kind, first, ...others] = outline(codeSpan(parts.join('')));
        assert.equal(kind, 'paragraph');
        assert.equal(first?.[0], 'code');
        assert.deepEqual(others, []);
      }),
    );
  });
});

describe('codeBlock', () => {
  for (const [name, text] of hostile) {
    it(`is one block with ${name}`, () => {
      const [kind, shown, ...others] = outline(codeBlock(`before\n${text}`, 'sh'));
      assert.equal(kind, 'block');
      assert.ok(String(shown).startsWith('before\n'));
      assert.deepEqual(others, []);
    });
  }
});

describe('link', () => {
  const addresses: [name: string, address: string, href: string | undefined][] = [
    [
      'brackets',
      'https://a.example/x) [y](https://b.example',
      'https://a.example/x%29%20[y]%28https://b.example',
    ],
    ['entities', 'https://a.example/?a=1&lt;=2', 'https://a.example/?a=1&amp;lt;=2'],
    ['backticks', 'https://a.example/`x`', 'https://a.example/%60x%60'],
    ['a line end', 'https://a.example/\n# x', 'https://a.example/#%20x'],
    ['a quote', 'https://a.example/ "title"', 'https://a.example/%20%22title%22'],
    ['a script', 'javascript:alert(1)', undefined],
    ['data', 'data:text/html,x', undefined],
    ['no address', 'x', undefined],
  ];
  for (const [name, address, href] of addresses) {
    it(`stays one link with ${name} in its address`, () => {
      const code = ['code', 'x'];
      const text = ['text', 'page'];
      const expected = (inner: unknown) => (href === undefined ? inner : ['link', href, inner]);
      assert.deepEqual(outline(`${link(codeSpan('x'), address)}\n\n${link('page', address)}`), [
        ['paragraph', expected(code)],
        ['paragraph', expected(text)],
      ]);
    });
  }
});
