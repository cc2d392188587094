import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../src/cli/args.ts';

function parse(value: string): Record<string, readonly string[]> {
  const invocation = parseArguments(['build', '-o', value, '.'], {});
  assert.ok(invocation.type === 'command');
  const { options } = invocation;
  return Object.fromEntries(
    ['output', 'dest', 'tag', 'compression', 'annotation']
      .filter((name) => options.isGiven(name))
      .map((name) => [name, options.strings(name)]),
  );
}

describe('--output with attributes', () => {
  const meanings: [value: string, meaning: Record<string, readonly string[]>][] = [
    ['type=oci,dest=x.tar', { output: ['tar'], dest: ['x.tar'] }],
    ['type=oci,tar=false,dest=x', { output: ['oci'], dest: ['x'] }],
    ['type=docker,dest=-', { output: ['tar'], dest: ['-'] }],
    ['type=registry', { output: ['registry'] }],
    ['type=registry,name=ghcr.io/o/a:1', { output: ['registry'], tag: ['ghcr.io/o/a:1'] }],
    ['type=image,push=true,"name=a/b:1,a/b:2"', { output: ['registry'], tag: ['a/b:1', 'a/b:2'] }],
    ['type=image', { output: ['ctr'] }],
    [
      'type=oci,dest=x,compression=zstd,compression-level=3',
      { output: ['tar'], dest: ['x'], compression: ['zstd:3'] },
    ],
    ['type=oci,dest=x,compression=uncompressed', { output: ['tar'], dest: ['x'], compression: ['none'] }],
    ['type=oci,dest=x,oci-mediatypes=true,rewrite-timestamp=true', { output: ['tar'], dest: ['x'] }],
    ['type=registry,annotation.a.b=c', { output: ['registry'], annotation: ['a.b=c'] }],
    ['type=registry,annotation-index.a=c', { output: ['registry'], annotation: ['index:a=c'] }],
    ['oci:x', { output: ['oci'], dest: ['x'] }],
    ['oci-archive:x.tar', { output: ['tar'], dest: ['x.tar'] }],
    ['docker-archive:x.tar', { output: ['tar'], dest: ['x.tar'] }],
    ['docker://ghcr.io/o/a:1', { output: ['registry'], tag: ['ghcr.io/o/a:1'] }],
    ['tar', { output: ['tar'] }],
  ];
  for (const [value, meaning] of meanings) {
    it(`reads ${value}`, () => {
      assert.deepEqual(parse(value), meaning);
    });
  }

  const refused: [value: string, message: RegExp, hint: RegExp][] = [
    ['type=local,dest=x', /got type=local/, /root file system.*type=oci,dest=FILE/],
    ['type=tar,dest=x', /got type=tar/, /type=oci,dest=FILE/],
    ['type=docker', /type=docker with dest=FILE/, /\| docker load/],
    ['type=regsitry', /got type=regsitry/, /Did you mean type=registry\?/],
    ['dest=x', /--output with a type/, /type=oci,dest=image.tar/],
    ['type=oci,dest=x,store=true', /no store=true/, /takes: type, dest/],
    ['dir:x', /oci:DIR/, /read, not written/],
  ];
  for (const [value, message, hint] of refused) {
    it(`refuses ${value}`, () => {
      assert.throws(() => parse(value), { code: 'INPUT_INVALID', message, hint });
    });
  }
});
