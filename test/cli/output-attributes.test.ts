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
    ['type=containerd', { output: ['ctr'] }],
    ['type=ctr', { output: ['ctr'] }],
    ['type=image,push=false', { output: ['ctr'] }],
    ['type=registry,push=false', { output: ['registry'] }],
    ['type=oci,tar=true,dest=x', { output: ['tar'], dest: ['x'] }],
    [' type = oci , dest = x ', { output: ['tar'], dest: ['x'] }],
    ['type=oci,unpack,name-canonical,force-compression=true', { output: ['tar'] }],
    ['type=oci,compression=gzip', { output: ['tar'], compression: ['gzip'] }],
    ['type=oci,compression-level=9', { output: ['tar'], compression: ['gzip:9'] }],
    ['type=oci,compression=uncompressed,compression-level=1', { output: ['tar'], compression: ['none:1'] }],
    [
      'type=oci,annotation-manifest-descriptor.a=',
      { output: ['tar'], annotation: ['manifest-descriptor:a='] },
    ],
    [
      'type=oci,annotation-manifest[linux/amd64].a=b=c',
      { output: ['tar'], annotation: ['manifest[linux/amd64]:a=b=c'] },
    ],
    ['docker:ghcr.io/o/a:1', { output: ['registry'], tag: ['ghcr.io/o/a:1'] }],
    ['docker-image://a//b', { output: ['registry'], tag: ['a//b'] }],
    ['containerd:o/a:1', { output: ['ctr'], tag: ['o/a:1'] }],
    ['oci:x:latest', { output: ['oci'], dest: ['x:latest'] }],
    ['oci-archive:a=b', { output: ['tar'], dest: ['a=b'] }],
    ['x/oci:y', { output: ['x/oci:y'] }],
  ];
  for (const [value, meaning] of meanings) {
    it(`reads ${value}`, () => {
      assert.deepEqual(parse(value), meaning);
    });
  }

  const types = 'expected type=oci, docker, image or registry, got type=';
  const takes = 'What it takes: type, dest, tar, name, push, compression and annotation.KEY.';
  const rootfs =
    "With docker buildx that is the root file system without its labels, which urunc can't boot. An archive of the image is type=oci,dest=FILE; a folder is type=oci,tar=false,dest=DIR.";
  const refused: [value: string, message: string, hint: string | undefined][] = [
    ['type=local,dest=x', `${types}local`, rootfs],
    ['type=tar,dest=x', `${types}tar`, rootfs],
    [
      'type=docker',
      'expected type=docker with dest=FILE, got none',
      'No Docker daemon is used here. Write bima build --tar --dest - FOLDER | docker load.',
    ],
    ['type=regsitry', `${types}regsitry`, 'Did you mean type=registry?'],
    ['type=cacheonly', `${types}cacheonly`, undefined],
    ['type=', types, undefined],
    [
      'dest=x',
      'expected --output with a type, got "dest=x"',
      'Write for example --output type=oci,dest=image.tar.',
    ],
    ['type=oci,dest=x,store=true', 'expected no store=true in --output with type=oci', takes],
    ['type=oci,unpack=false', 'expected no unpack=false in --output with type=oci', takes],
    ['type=oci,oci-mediatypes=false', 'expected no oci-mediatypes=false in --output with type=oci', takes],
    ['type=registry,push=true', 'expected no push=true in --output with type=registry', takes],
    ['type=oci,annotation=x', 'expected no annotation=x in --output with type=oci', takes],
    ['type=oci,annotation.=x', 'expected no annotation.=x in --output with type=oci', takes],
    ['type=oci,annotationX.a=x', 'expected no annotationX.a=x in --output with type=oci', takes],
    ['type=oci,my-annotation.a=x', 'expected no my-annotation.a=x in --output with type=oci', takes],
    [
      'dir:x',
      'expected --output with oci:DIR for a folder, got "dir:"',
      'The form "dir:" of skopeo is read, not written.',
    ],
    ...['docker', 'oci', 'oci-archive', 'containerd', 'dir'].map((name): [string, string, undefined] => [
      `${name}:`,
      `expected a place behind "${name}:" in --output, got none`,
      undefined,
    ]),
  ];
  for (const [value, message, hint] of refused) {
    it(`refuses ${value}`, () => {
      const expected = { code: 'INPUT_INVALID', message };
      assert.throws(() => parse(value), hint === undefined ? expected : { ...expected, hint });
      if (hint !== undefined) return;
      assert.throws(
        () => parse(value),
        (error: Error) => !('hint' in error) || error.hint === undefined,
      );
    });
  }
});
