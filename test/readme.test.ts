// The README keeps its promises: every code is explained, every link leads somewhere, every workflow is valid.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { lintWorkflow } from './support/actionlint.ts';

const readme = readFileSync('README.md', 'utf8');

describe('the README', () => {
  it('starts with a build and with the tests', () => {
    const commands = [...readme.matchAll(/^```bash\n(.*?)^```/gms)].map(([, text = '']) => text.trim());
    assert.deepEqual(commands.slice(0, 2), [
      'node dist/cli.cjs build --tar -t hello:latest examples/hello',
      'npm cit',
    ]);
    assert.ok(readme.indexOf('npm cit') < readme.indexOf('\n## '), 'before the first chapter');
  });

  it('explains every code of an error, and no other', () => {
    const union =
      /export type ErrorCode =(.*?);/s.exec(readFileSync('src/core/errors.ts', 'utf8'))?.[1] ?? '';
    const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
    const rows = [...readme.matchAll(/^\| `([A-Z_]+)` +\| (\S.*?) +\| (\S.*?) +\|$/gm)];
    assert.ok(codes.length > 20);
    assert.deepEqual(
      rows.map(([, code]) => code),
      codes,
    );
  });

  it('links to what is there', () => {
    const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(
      ([, text = '']) =>
        `#${text
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    );
    for (const [, target = ''] of readme.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const found = target.startsWith('#') ? headings.includes(target) : existsSync(target);
      assert.ok(found, `${target} is not there`);
    }
  });

  it('shows workflows that are valid', async () => {
    const blocks = [...readme.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => text);
    assert.ok(blocks.length > 0);
    for (const block of blocks) assert.deepEqual(await lintWorkflow(block, 'README.md'), []);
  });
});
