import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';
import { readTags } from '../../src/cli/options.ts';
import { archiveOutput } from '../../src/cli/output-file.ts';
import type { OutputContext } from '../../src/cli/output.ts';

function nameFor(...tags: readonly string[]): string | undefined {
  const invocation = parseArguments(['build', '--tar', ...tags.flatMap((tag) => ['-t', tag]), '.'], {});
  assert.ok(invocation.type === 'command');
  const { options } = invocation;
  const context = { options, references: readTags(options.strings('tag')), terminal: {}, reporter: {} };
  return archiveOutput(context as unknown as OutputContext).path;
}

describe('the name of an archive', () => {
  const names: [tags: readonly string[], name: string][] = [
    [['redis:1'], 'redis_1.oci.tar'],
    [['redis'], 'redis_latest.oci.tar'],
    [['localhost:5000/nubificus/redis'], 'redis_latest.oci.tar'],
    [['ghcr.io/nubificus/redis:1.2-rc', 'other:2'], 'redis_1.2-rc.oci.tar'],
  ];
  for (const [tags, name] of names) {
    it(`has no colon and an ending: ${name} for ${tags.join(' and ')}`, () => {
      assert.equal(nameFor(...tags), name);
    });
  }

  it('needs a name of the image', () => {
    assert.throws(() => nameFor(), { code: 'INPUT_INVALID', message: /--tag or --dest/ });
  });
});
