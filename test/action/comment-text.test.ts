import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Tokens } from 'marked';
import { formatComment } from '../../src/action/comment-text.ts';
import type { CommentFacts } from '../../src/action/comment-text.ts';
import type { PlatformFacts } from '../../src/action/image-facts.ts';
import { formatReference, parseReference } from '../../src/core/oci/reference.ts';
import { outline, tokensOf } from '../support/markdown.ts';
import { sampleImage } from '../support/sample-image.ts';

const { root } = sampleImage();
const sha = '55c1f5b2e7d2c2f0d5c1a9a0f5c8d8a07c31b9aa';
const runUrl = 'https://github.com/a/b/actions/runs/1';
const commit = { sha, url: `https://github.com/a/b/pull/15/commits/${sha}` };
const artifact = { name: 'app-pr-15', url: `${runUrl}/artifacts/2` };

function image(type: string, hypervisor: string, layerSize: number, architecture = 'amd64'): PlatformFacts {
  return {
    platform: { os: 'linux', architecture },
    config: root.digest,
    labels: { 'com.urunc.unikernel.unikernelType': type, 'com.urunc.unikernel.hypervisor': hypervisor },
    layerSize,
  };
}

function facts(
  more: Partial<CommentFacts> = {},
  images = [image('rumprun', 'hvt', 5_200_000)],
): CommentFacts {
  return {
    facts: { root, isIndex: images.length > 1, images, size: 6_000_000 },
    references: ['ghcr.io/a/b:pr-15'].map(parseReference),
    isPushed: true,
    artifact: undefined,
    base: undefined,
    commit,
    runUrl,
    ...more,
  };
}

describe('formatComment', () => {
  it('says what was pushed, how large it is, and how to boot it', () => {
    const base = {
      reference: parseReference('ghcr.io/a/b:main'),
      images: [image('rumprun', 'hvt', 5_000_000)],
    };
    assert.deepEqual(outline(formatComment(facts({ base }))), [
      [
        'paragraph',
        ['strong', ['text', 'Preview image']],
        ['text', ' of '],
        ['link', commit.url, ['code', '55c1f5b2e7d2']],
        ['text', ', pushed by '],
        ['link', runUrl, ['text', 'this run']],
      ],
      ['paragraph', ['code', 'nerdctl run --rm --runtime io.containerd.urunc.v2 ghcr.io/a/b:pr-15']],
      [
        'list',
        [
          'item',
          ['code', 'linux/amd64'],
          ['text', ': '],
          ['code', 'rumprun'],
          ['text', ' on '],
          ['code', 'hvt'],
          ['text', ', 5.2 MB (+200 kB, +4.0 %)'],
        ],
      ],
      ['paragraph', ['text', 'Tags: '], ['code', 'ghcr.io/a/b:pr-15']],
      ['html', `<details><summary>Digest <code>${root.digest.slice(0, 19)}</code></summary>`],
      ['paragraph', ['code', `ghcr.io/a/b@${root.digest}`]],
      ['html', '</details>'],
      [
        'paragraph',
        ['text', 'Sizes are those of the compressed layers; changes are against '],
        ['code', 'ghcr.io/a/b:main'],
        ['text', '.'],
      ],
    ]);
  });

  it('has a line for each platform, and a change for those that the base has too', () => {
    const images = [image('unikraft', 'qemu', 2_000_000), image('unikraft', 'qemu', 1_000_000, 'arm64')];
    const base = {
      reference: parseReference('ghcr.io/a/b:main'),
      images: [image('x', 'y', 500_000, 'arm64')],
    };
    const text = formatComment(facts({ base }, images));
    const lines = text.split('\n').filter((line) => line.startsWith('- '));
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /linux\/amd64.*, 2\.0 MB$/);
    assert.match(lines[1] ?? '', /linux\/arm64.*, 1\.0 MB \(\+500 kB, \+100\.0 %\)$/);
  });

  it('counts what would be too many lines', () => {
    const images = Array.from({ length: 20 }, (_, at) => image('x', 'y', at, `cpu${at}`));
    const references = images.map((_, at) => parseReference(`ghcr.io/a/b:t${at}`));
    const text = formatComment(facts({ references }, images));
    assert.equal(text.match(/^- /gm)?.length, 17);
    assert.match(text, /^- and 4 more$/m);
    assert.match(text, /^Tags: .*t15 `, and 4 more$/m);
  });

  it('says on what it booted', () => {
    const boots = [
      { platform: { os: 'linux', architecture: 'amd64' }, text: 'booted on qemu (KVM) in 0.4 s' },
    ];
    assert.match(
      formatComment(facts({ boots })),
      /^- Boot test of ` linux\/amd64 `: ` booted on qemu \(KVM\) in 0\.4 s `$/m,
    );
    assert.doesNotMatch(formatComment(facts()), /Boot test/);
  });

  it('promises nothing that was not pushed, and shows where it is', () => {
    const text = formatComment(facts({ isPushed: false, artifact }));
    assert.doesNotMatch(text, /ghcr\.io|nerdctl/);
    assert.match(text, /not pushed/);
    assert.ok(text.includes(root.digest));
    assert.deepEqual(
      tokensOf(text, 'link').map((token) => (token as Tokens.Link).href),
      [commit.url, runUrl, artifact.url],
    );
  });

  const nasty = [
    '</code></pre><img src=x>',
    '`@octocat` #1',
    'a|b',
    '\n\n# title\n',
    '[x](https://evil.example)',
    '-->',
    'https://evil.example',
    '@octocat',
    '```',
  ];

  it('keeps all that a pull request controls as code, and short', () => {
    const text = fc.oneof(
      fc.constantFrom(...nasty),
      fc.string(),
      fc.string({ minLength: 300, maxLength: 500 }),
    );
    const images = fc.array(
      fc.tuple(text, text, text, text, fc.nat()).map(([type, hypervisor, os, architecture, layerSize]) => ({
        ...image(type, hypervisor, layerSize),
        platform: { os, architecture },
      })),
      { minLength: 1, maxLength: 40 },
    );
    const references = fc.array(
      fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/).map((tag) => ({
        ...parseReference(`registry.example:5000/${'a/'.repeat(100)}b`),
        tag,
      })),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(images, references, text, fc.boolean(), (found, names, name, isPushed) => {
        const base = { reference: parseReference('ghcr.io/a/b:main'), images: found };
        const markdown = formatComment(
          facts({ references: names, isPushed, artifact: { ...artifact, name }, base }, found),
        );
        assert.ok(Buffer.byteLength(markdown) < 30_000, `${markdown.length} characters`);
        const hrefs = tokensOf(markdown, 'link').map((token) => (token as Tokens.Link).href);
        assert.deepEqual(hrefs, [commit.url, runUrl, artifact.url]);
        // The fold of the digest is our own.
        for (const { raw } of tokensOf(markdown, 'html'))
          assert.match(
            raw,
            /^(?:<details><summary>Digest <code>sha256:[0-9a-f]{12}<\/code><\/summary>|<\/details>)\s*$/,
          );
        for (const kind of ['image', 'heading', 'table', 'blockquote', 'hr', 'em', 'del', 'escape'])
          assert.deepEqual(tokensOf(markdown, kind), [], kind);
        // Whatever is not code is our own, and names nobody.
        for (const token of tokensOf(markdown, 'text')) {
          if ('tokens' in token) continue;
          assert.match(token.raw, /^[A-Za-z0-9 ,.:;()+−%]*$/, token.raw);
        }
        for (const reference of names.slice(0, 1)) {
          assert.equal(markdown.includes(formatReference(reference)), isPushed);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the whole comment', () => {
  const digest = root.digest;

  it('of a pushed image has its parts in their order', () => {
    const boots = [{ platform: { os: 'linux', architecture: 'amd64' }, text: 'booted' }];
    assert.equal(
      formatComment(facts({ artifact, boots, signature: { whyNot: 'no key' } })),
      [
        `**Preview image** of [\` 55c1f5b2e7d2 \`](${commit.url}), pushed by [this run](${runUrl})`,
        '` nerdctl run --rm --runtime io.containerd.urunc.v2 ghcr.io/a/b:pr-15 `',
        '- ` linux/amd64 `: ` rumprun ` on ` hvt `, 5.2 MB\n' +
          '- Boot test of ` linux/amd64 `: ` booted `\n- Not signed: ` no key `',
        'Tags: ` ghcr.io/a/b:pr-15 `',
        `Artifact: [download](${artifact.url}) \` app-pr-15 \``,
        `<details><summary>Digest <code>${digest.slice(0, 19)}</code></summary>\n\n\` ghcr.io/a/b@${digest} \`\n\n</details>`,
        'Sizes are those of the compressed layers.',
      ].join('\n\n'),
    );
  });

  it('of what was not pushed has its digest alone', () => {
    assert.equal(
      formatComment(facts({ isPushed: false, commit: undefined })),
      [
        `**Preview image**, built, not pushed, by [this run](${runUrl})`,
        '- ` linux/amd64 `: ` rumprun ` on ` hvt `, 5.2 MB',
        `Digest: \` ${digest} \``,
        'Sizes are those of the compressed layers.',
      ].join('\n\n'),
    );
  });

  it('of an image without a name says nothing of names', () => {
    const text = formatComment(facts({ references: [] }));
    assert.doesNotMatch(text, /Tags|nerdctl|details/);
    assert.ok(text.includes(`Digest: \` ${digest} \``));
  });

  it('of a container starts it with docker', () => {
    const plain = { ...image('x', 'y', 1), labels: {} };
    assert.match(formatComment(facts({}, [plain])), /\n\n` docker run --rm ghcr\.io\/a\/b:pr-15 `\n\n/);
  });
});
