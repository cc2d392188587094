// The documentation keeps its promises: every code is explained, every link leads somewhere, every workflow is valid, every
// command of the README runs as it stands there and prints what it shows.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { lintWorkflow } from './support/actionlint.ts';
import { temporaryFolder } from './support/folder.ts';

const readme = readFileSync('README.md', 'utf8');
const pages = ['README.md', ...globSync('docs/*.md'), '.github/CONTRIBUTING.md'].map((page) =>
  page.replaceAll('\\', '/'),
);

function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block = '']) => block,
  );
}

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(
    ([, title = '']) =>
      `#${title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-')}`,
  );
}

describe('the README', () => {
  it('starts with a build and with the tests', () => {
    const commands = blocksOf(readme, 'bash').map((text) => text.trim());
    assert.deepEqual(commands.slice(0, 2), [
      'node dist/cli.cjs build --tar -t hello:latest examples/hello',
      'npm cit',
    ]);
    assert.ok(readme.indexOf('npm cit') < readme.indexOf('\n## '), 'before the first chapter');
  });

  it('is short enough to be read', () => {
    assert.ok(Buffer.byteLength(readme) <= 15_000, `${Buffer.byteLength(readme)} bytes`);
  });

  it('has its chapters in the order in which a reader asks', () => {
    const chapters = [...readme.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    assert.deepEqual(chapters, [
      'The command line',
      'The smallest workflow',
      'Inputs',
      'Outputs',
      'Permissions',
      'Recipes',
      'More',
    ]);
  });

  const skip = process.platform === 'win32' && 'needs a shell';
  it(
    'shows commands that run as they stand there, with Node alone, and what they print',
    { skip },
    (test) => {
      const folder = temporaryFolder(test);
      for (const name of ['dist', 'examples']) cpSync(name, join(folder, name), { recursive: true });
      const tools = join(folder, 'tools');
      mkdirSync(tools);
      symlinkSync(process.execPath, join(tools, 'node'));
      symlinkSync('/bin/sh', join(tools, 'sh'));
      writeFileSync(join(tools, 'bima'), '#!/bin/sh\nexec node "$PWD/dist/cli.cjs" "$@"\n', { mode: 0o755 });
      const run = (command: string) =>
        execFileSync('/bin/sh', ['-c', `{ ${command}; } 2>&1`], {
          cwd: folder,
          encoding: 'utf8',
          env: { PATH: tools },
        });
      // The tests themselves need the network, and more than Node.
      for (const block of blocksOf(readme, 'bash')) if (block !== 'npm cit\n') run(block.trim());
      for (const block of blocksOf(readme, 'console')) {
        const [, ...shown] = block.split(/^\$ /m);
        assert.ok(shown.length > 0);
        for (const part of shown) {
          const [command = '', ...output] = part.split('\n');
          assert.equal(run(command), output.join('\n'), command);
        }
      }
    },
  );

  it('shows a Containerfile that is complete', { skip }, (test) => {
    const folder = temporaryFolder(test);
    const [text = ''] = blocksOf(readme, 'Dockerfile');
    writeFileSync(join(folder, 'Containerfile'), text);
    const [, name = ''] = /^COPY (\S+)/m.exec(text) ?? [];
    cpSync('examples/hello/hello-amd64', join(folder, name));
    const args = ['dist/cli.cjs', 'lint', '--fail-on', 'warning', folder];
    execFileSync(process.execPath, args, { stdio: 'pipe' });
  });

  it('lists every recipe', () => {
    for (const file of globSync('docs/workflows/*.yml'))
      assert.ok(readme.includes(`](${file.replaceAll('\\', '/')})`), file);
  });
});

describe('the documentation', () => {
  it('explains every code of an error, and no other', () => {
    const union =
      /export type ErrorCode =(.*?);/s.exec(readFileSync('src/core/errors.ts', 'utf8'))?.[1] ?? '';
    const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
    const rows = [
      ...readFileSync('docs/troubleshooting.md', 'utf8').matchAll(
        /^\| `([A-Z_]+)` +\| (\S.*?) +\| (\S.*?) +\|$/gm,
      ),
    ];
    assert.ok(codes.length > 20);
    assert.deepEqual(
      rows.map(([, code]) => code),
      codes,
    );
  });

  it('links to what is there', () => {
    for (const page of pages) {
      const text = readFileSync(page, 'utf8');
      for (const [, target = ''] of text.replace(/^```.*?^```/gms, '').matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        assert.ok(existsSync(file), `${page}: ${target} is not there`);
        if (anchor !== undefined)
          assert.ok(
            anchorsOf(readFileSync(file, 'utf8')).includes(`#${anchor}`),
            `${page}: ${target} has no such chapter`,
          );
      }
    }
  });

  it('has an index of every page', () => {
    const index = readFileSync('docs/README.md', 'utf8');
    for (const page of globSync('docs/*.{md,1}')) {
      const name = page.replaceAll('\\', '/').replace('docs/', '');
      if (name !== 'README.md') assert.ok(index.includes(`](${name})`), name);
    }
  });

  it('shows workflows that are valid', async () => {
    const blocks = pages.flatMap((page) => blocksOf(readFileSync(page, 'utf8'), 'yaml'));
    assert.ok(blocks.length > 0);
    for (const block of blocks)
      if (/^jobs:/m.test(block)) assert.deepEqual(await lintWorkflow(block, 'README.md'), []);
  });

  it('gives a reason for each dependency, once', () => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const [, table = ''] =
      /^## Dependencies$(.*?)^\*\*/ms.exec(readFileSync('.github/CONTRIBUTING.md', 'utf8')) ?? [];
    const named = [...table.matchAll(/^\| (`.*?`) +\| \S/gm)].flatMap(([, cell = '']) =>
      cell.split(', ').map((name) => name.replaceAll('`', '')),
    );
    assert.deepEqual(named.sort(), Object.keys(devDependencies).sort());
  });
});
