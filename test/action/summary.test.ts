import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Tokens } from 'marked';
import type { PlatformFacts } from '../../src/action/image-facts.ts';
import { formatCheckSummary, formatFailure, formatSummary } from '../../src/action/summary.ts';
import type { SummaryFacts } from '../../src/action/summary.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import { tokensOf } from '../support/markdown.ts';
import { sampleImage } from '../support/sample-image.ts';

const { root } = sampleImage();

function image(type: string, hypervisor: string, architecture = 'amd64', layerSize = 123_000): PlatformFacts {
  const labels = { 'com.urunc.unikernel.unikernelType': type, 'com.urunc.unikernel.hypervisor': hypervisor };
  return { platform: { os: 'linux', architecture }, config: root.digest, labels, layerSize };
}

function summary(more: Partial<SummaryFacts> = {}, images = [image('unikraft', 'qemu')]): SummaryFacts {
  return {
    facts: { root, isIndex: images.length > 1, images, size: 123_456 },
    references: [parseReference('ghcr.io/a/b:main'), parseReference('ghcr.io/a/b:latest')],
    skipped: undefined,
    ...more,
  };
}

function codesOf(markdown: string): string[] {
  return tokensOf(markdown, 'codespan').map((token) => (token as Tokens.Codespan).text);
}

describe('formatSummary', () => {
  it('says what was made, how to run it, and where it is', () => {
    const text = formatSummary(
      summary({
        artifact: { name: 'app-1', url: 'https://github.com/a/b/actions/runs/1/artifacts/2' },
        containerd: { namespace: 'k8s.io' },
        release: { tag: 'v1.2', url: 'https://github.com/a/b/releases/download/v1.2/x.tar' },
        files: { Archive: '/work/image.tar', Layout: undefined },
      }),
    );
    const codes = codesOf(text);
    assert.ok(codes.includes('nerdctl run --rm --runtime io.containerd.urunc.v2 ghcr.io/a/b:main'));
    assert.ok(codes.includes(`ghcr.io/a/b@${root.digest}`), 'the whole digest');
    assert.match(text, new RegExp(`Digest <code>sha256:${root.digest.slice(7, 19)}</code>`));
    assert.match(text, /^- ` linux\/amd64 `: ` unikraft ` on ` qemu `, 123 kB$/m);
    assert.match(text, /^- Pushed as ` ghcr\.io\/a\/b:main `, ` ghcr\.io\/a\/b:latest `$/m);
    assert.match(text, /^- Imported into containerd's namespace ` k8s\.io `$/m);
    assert.match(text, /^- Attached to the release \[` v1\.2 `\]\(https:\S+\)$/m);
    assert.match(text, /^- Artifact: \[` app-1 `\]\(https:\S+\)$/m);
    assert.match(text, /^- Archive: ` \/work\/image\.tar `$/m);
    assert.doesNotMatch(text, /Layout|undefined/);
  });

  it('calls an ordinary container image one, and starts it with docker', () => {
    const plain = { ...image('unikraft', 'qemu'), labels: { 'org.opencontainers.image.title': 'app' } };
    const text = formatSummary(summary({}, [plain]));
    assert.match(text, /^\*\*Container image\*\* ` ghcr\.io\/a\/b:main `$/m);
    assert.ok(codesOf(text).includes('docker run --rm ghcr.io/a/b:main'));
    assert.match(text, /^- ` linux\/amd64 `: a container, 123 kB$/m);
    assert.doesNotMatch(text, /nerdctl|urunc|\?/);
  });

  it('says why nothing was pushed, and promises nothing to run', () => {
    const text = formatSummary(summary({ skipped: "this is a fork's pull request" }));
    assert.match(text, /^- Not pushed: ` this is a fork's pull request `$/m);
    assert.doesNotMatch(text, /nerdctl|Pushed/);
    const loaded = formatSummary(summary({ skipped: 'push is false', containerd: { namespace: 'default' } }));
    assert.match(loaded, /nerdctl/);
  });

  it('has a line for each platform, with the change against the branch', () => {
    const images = [image('unikraft', 'qemu'), image('unikraft', 'qemu', 'arm64', 456_000)];
    const base = {
      reference: parseReference('ghcr.io/a/b:main'),
      images: [image('x', 'y', 'arm64', 400_000)],
    };
    const text = formatSummary(summary({ base }, images));
    assert.match(text, /^- ` linux\/amd64 `.*, 123 kB$/m);
    assert.match(text, /^- ` linux\/arm64 `.*, 456 kB \(\+56\.0 kB, \+14\.0 %\)$/m);
    assert.match(text, /changes are against ` ghcr\.io\/a\/b:main `/);
  });

  it('ends so that what the next step adds is apart', () => {
    assert.match(formatSummary(summary()), /[^\n]\n\n$/);
  });

  it('keeps all that a pull request controls as code', () => {
    const nasty = [
      '</code><img src=x>',
      '`@octocat`',
      'a|b',
      '\n\n# t\n',
      '[x](https://evil.example)',
      '</details>',
    ];
    const text = fc.oneof(fc.constantFrom(...nasty), fc.string({ maxLength: 200 }));
    fc.assert(
      fc.property(text, text, text, text, (type, hypervisor, name, path) => {
        const markdown = formatSummary(
          summary(
            { skipped: path, artifact: { name, url: 'https://github.com/a' }, files: { Archive: path } },
            [image(type, hypervisor)],
          ),
        );
        for (const kind of ['image', 'heading', 'table', 'em', 'del'])
          assert.deepEqual(tokensOf(markdown, kind), []);
        assert.equal(tokensOf(markdown, 'html').length, 2);
        assert.equal(tokensOf(markdown, 'link').length, 1);
      }),
    );
  });
});

describe('formatFailure', () => {
  it('has each error with its code, its place and what to do', () => {
    const position = { file: 'Containerfile', line: 7, column: 6 };
    const text = formatFailure([
      {
        code: 'CONTEXT_PATH',
        message: '"app.efl" is not in the context',
        hint: 'Did you mean "app.elf"?',
        position,
      },
      { code: 'LABEL_MISSING', message: 'missing label "x"' },
    ]);
    assert.match(text, /^\*\*No image\*\*: the step failed with 2 errors\.$/m);
    assert.match(
      text,
      /^- \*\*CONTEXT_PATH\*\* at ` Containerfile:7:6 `: ` "app\.efl" is not in the context `$/m,
    );
    assert.match(text, /^ {2}<br>` Did you mean "app\.elf"\? `$/m);
    assert.match(text, /^- \*\*LABEL_MISSING\*\*: ` missing label "x" `$/m);
  });

  it('counts what would be too many', () => {
    const problem = { code: 'LABEL_MISSING', message: 'x' } as const;
    const text = formatFailure(Array.from({ length: 30 }, () => problem));
    assert.equal(text.match(/^- /gm)?.length, 20);
    assert.match(text, /^10 more are in the log\.$/m);
  });
});

describe('formatCheckSummary', () => {
  it('says that nothing was built', () => {
    assert.match(formatCheckSummary('app'), /` app `: a build would succeed\. Nothing was built\./);
  });
});

describe('the whole summary', () => {
  const digest = root.digest;
  const fold =
    `<details><summary>Digest <code>${digest.slice(0, 19)}</code></summary>\n\n` +
    `\` ghcr.io/a/b@${digest} \`\n\n</details>`;

  it('of a push has its parts in their order', () => {
    const boots = [{ platform: { os: 'linux', architecture: 'amd64' }, text: 'booted' }];
    const signature = { identity: 'me' };
    const others = {
      containerd: { namespace: 'k8s.io' },
      artifact: { name: 'x', url: 'https://x.example/1' },
    };
    const release = { tag: 'v1', url: 'https://x.example/2' };
    assert.equal(
      formatSummary(
        summary({ boots, signature, ...others, release, files: { One: 'a', Two: undefined, Three: 'c' } }),
      ),
      [
        '**Unikernel image** ` ghcr.io/a/b:main `',
        '` nerdctl run --rm --runtime io.containerd.urunc.v2 ghcr.io/a/b:main `',
        '- ` linux/amd64 `: ` unikraft ` on ` qemu `, 123 kB',
        'Sizes are those of the compressed layers.',
        [
          '- Boot test of ` linux/amd64 `: ` booted `',
          '- Pushed as ` ghcr.io/a/b:main `, ` ghcr.io/a/b:latest `',
          '- Signed by ` me `',
          "- Imported into containerd's namespace ` k8s.io `",
          '- Artifact: [` x `](https://x.example/1)',
          '- Attached to the release [` v1 `](https://x.example/2)',
          '- One: ` a `',
          '- Three: ` c `',
        ].join('\n'),
        fold,
        '',
      ].join('\n\n'),
    );
  });

  it('of a run that only builds has no line to run it', () => {
    assert.equal(
      formatSummary(summary({ skipped: 'push is false' })),
      [
        '**Unikernel image** ` ghcr.io/a/b:main `',
        '- ` linux/amd64 `: ` unikraft ` on ` qemu `, 123 kB',
        'Sizes are those of the compressed layers.',
        '- Not pushed: ` push is false `',
        fold,
        '',
      ].join('\n\n'),
    );
  });

  it('of an image without a name has its digest alone', () => {
    const text = formatSummary(summary({ references: [], skipped: 'x' }));
    assert.match(text, /^\*\*Unikernel image\*\* \n\n- /);
    assert.ok(text.endsWith(`\n\nDigest: \` ${digest} \`\n\n`), text);
    assert.doesNotMatch(formatSummary(summary({ references: [] })), /nerdctl|docker run/);
  });

  it('calls an image a unikernel if one of its platforms is', () => {
    const plain = { ...image('x', 'y'), labels: {} };
    assert.match(formatSummary(summary({}, [plain, image('x', 'y', 'arm64')])), /^\*\*Unikernel image\*\*/);
    assert.match(formatSummary(summary({}, [plain, plain])), /^\*\*Container image\*\*/);
  });

  it('of a check is one line', () => {
    assert.equal(
      formatCheckSummary('a b'),
      '**Checked** ` a b `: a build would succeed. Nothing was built.\n\n',
    );
  });

  it('of a failure has each error with what to do', () => {
    const position = { file: 'a/b', line: 1, column: 2 };
    const problems = [
      { code: 'LABEL_MISSING', message: 'one\n  more ', hint: 'First.\n \nSecond.', position },
      { code: 'CONTEXT_PATH', message: 'two' },
    ] as const;
    assert.equal(
      formatFailure(problems),
      '**No image**: the step failed with 2 errors.\n\n' +
        '- **LABEL_MISSING** at ` a/b:1:2 `: ` one more `\n  <br>` First. `\n  <br>` Second. `\n' +
        '- **CONTEXT_PATH**: ` two `\n\n',
    );
    assert.equal(
      formatFailure(problems.slice(1)),
      '**No image**: the step failed with an error.\n\n- **CONTEXT_PATH**: ` two `\n\n',
    );
  });

  it('of many failures is cut where nobody reads on', () => {
    const many = (count: number) =>
      Array.from({ length: count }, () => ({ code: 'CONTEXT_PATH', message: 'x' }) as const);
    assert.doesNotMatch(formatFailure(many(20)), /more are in the log/);
    assert.match(formatFailure(many(21)), /\n\n1 more are in the log\.\n\n$/);
  });
});
