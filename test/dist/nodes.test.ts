// The same image from the bundle on other versions of Node, and on another processor: `npm run test:nodes`.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bundle } from '../support/cli.ts';
import { sampleContext } from '../support/sample.ts';
import { extraPrefix } from '../support/tools.ts';
import { codeOf } from '../adapters/layers/code.ts';

/** Commands that start a Node, one a line, with spaces between their words. */
const commands = (process.env.BIMA_TEST_NODES ?? '').split('\n').filter((line) => line !== '');
const skip = commands.length === 0 && `${extraPrefix} commands that start other Nodes in BIMA_TEST_NODES`;

const compressions = [...Array.from({ length: 9 }, (_, index) => `gzip:${index + 1}`), 'none'];

describe('the digest of an image', { skip }, () => {
  it('is the same on each Node', { timeout: 600_000 }, (test) => {
    const context = sampleContext(test);
    // Threads take part from 16 MiB on.
    writeFileSync(join(context, 'redis.conf'), codeOf(17 * 1024 * 1024));
    const digests = (command: string) =>
      compressions.map((compression) => {
        const [program = '', ...words] = command.split(' ');
        const args = ['build', '--tar', '-t', 'a:1', '--dest', join(context, '../image.tar')];
        const options = ['--compression', compression, '--no-reuse', context];
        return execFileSync(program, [...words, bundle, ...args, ...options], { encoding: 'utf8' }).trim();
      });
    const expected = digests(process.execPath);
    assert.equal(new Set(expected).size, compressions.length);
    for (const command of commands) {
      const [program = '', ...words] = command.split(' ');
      const said = execFileSync(program, [...words, '-p', 'process.version + " " + process.arch'], {
        encoding: 'utf8',
      });
      assert.deepEqual(digests(command), expected, said);
      console.log(`the same digests on ${said.trim()}`);
    }
  });
});
