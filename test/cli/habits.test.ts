// What people type out of habit means what they expect, or gets a sentence that helps.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse as parseYaml } from 'yaml';
import { parseArguments } from '../../src/cli/args.ts';
import type { Options } from '../../src/cli/args.ts';
import { commands } from '../../src/cli/commands.ts';
import type { CommandSpec } from '../../src/cli/commands.ts';
import { foreignCommands, habitOf, habits } from '../../src/cli/habits.ts';
import { readNames } from '../../src/cli/options.ts';
import { BimaError } from '../../src/core/errors.ts';
import { formatReference } from '../../src/core/oci/reference.ts';

function build(...args: string[]): { readonly options: Options; readonly positionals: readonly string[] } {
  const invocation = parseArguments(['build', ...args], {});
  assert.ok(invocation.type === 'command');
  return invocation;
}

function refusal(...args: string[]): string {
  try {
    parseArguments(args, {});
  } catch (error) {
    assert.ok(error instanceof BimaError);
    assert.equal(error.code, 'INPUT_INVALID');
    return error.problems.map(({ message, hint = '' }) => `${message}\n${hint}`).join('\n');
  }
  return assert.fail(`bima ${args.join(' ')} was taken`);
}

describe('options of other programs', () => {
  const meanings: [line: string, values: Record<string, readonly string[] | boolean>][] = [
    ['--no-cache .', { 'no-reuse': true }],
    ['--reuse=false .', { 'no-reuse': true }],
    ['--reuse .', { 'no-reuse': false }],
    ['--layers=false .', { 'no-reuse': true }],
    ['--strict=false .', { 'no-strict': true }],
    ['--strict .', { 'no-strict': false }],
    ['--no-strict=false .', { 'no-strict': false }],
    ['--fill=false .', { 'no-fill': true }],
    ['--tls-verify=false .', { insecure: true }],
    ['--push=true .', { push: true }],
    ['--push=false --load=1 .', { push: false, load: true }],
    ['--tar=image.tar .', { tar: true, dest: ['image.tar'] }],
    ['--tar=true .', { tar: true, dest: [] }],
    ['--oci-layout out .', { output: ['oci'], dest: ['out'] }],
    ['--platforms linux/amd64,linux/arm64 .', { platform: ['linux/amd64', 'linux/arm64'] }],
    ['--arch arm64 --os linux .', { platform: ['linux/arm64'] }],
    ['--tags a:1,b:2 -t c:3 .', { tag: ['a:1', 'b:2', 'c:3'] }],
    ['--url-hosts a,b .', { 'url-host': ['a', 'b'] }],
    ['--containerd-namespace k8s.io .', { namespace: ['k8s.io'] }],
    ['--containerd-address /a --containerd-snapshotter s .', { address: ['/a'], snapshotter: ['s'] }],
    ['--provenance=false --sbom=false --attest type=sbom,disabled=true .', {}],
    ['--pull --rm --force-rm --format oci .', {}],
    ['--pull=always .', {}],
    ['--summary=false --pr-comment=false .', {}],
    ['-t=a:1 -f=Other .', { tag: ['a:1'], file: ['Other'] }],
    [
      '--iidfile i --digestfile d --metadata-file m .',
      { iidfile: ['i'], digestfile: ['d'], 'metadata-file': ['m'] },
    ],
    ['--annotations a=b .', { annotation: ['a=b'] }],
    [
      '--labels a=b --build-args A=1 --build-contexts x=y .',
      { label: ['a=b'], 'build-arg': ['A=1'], 'build-context': ['x=y'] },
    ],
    ['--attest-trust-config t.json .', { 'trust-config': ['t.json'] }],
    ['--layers .', { 'no-reuse': false }],
    ['--layers=true .', { 'no-reuse': false }],
    ...['TRUE', 't', '1', 'yes', 'No', 'off', 'on', 'f', '0', 'false'].map(
      (word): [string, Record<string, string[]>] => [`--load --tags x:${word} .`, { tag: [`x:${word}`] }],
    ),
    ['--tar=1 .', { tar: true, dest: [] }],
    ['--tar=yes.tar .', { tar: true, dest: ['yes.tar'] }],
    ['--tar=0 .', { tar: false, dest: [] }],
    ...['always', 'newer', 'ifnewer', 'missing', 'ifmissing', 'true', 'false', '0', '1'].map(
      (word): [string, Record<string, never>] => [`--pull=${word} .`, {}],
    ),
    ['--pull-always --pull-always=true --pull-always=1 .', {}],
    ['--rm=false --force-rm=whatever .', {}],
    [
      '--provenance=false --attest=false --attest disabled=true .'.replace(' disabled', '=disabled'),
      { attest: ['false'] },
    ],
    ['--attest=type=sbom,disabled=true,x=y .', {}],
    ['--upload-artifact=false --release-asset=0 --artifact-overwrite=F .', {}],
    ['--target base --check --progress plain .', { target: ['base'], check: true, progress: ['plain'] }],
  ];
  for (const [line, values] of meanings) {
    it(`takes ${line}`, () => {
      const { options, positionals } = build(...line.split(' '));
      assert.deepEqual(positionals, ['.']);
      for (const [name, value] of Object.entries(values)) {
        if (typeof value === 'boolean') assert.equal(options.flag(name), value, name);
        else assert.deepEqual(options.strings(name), value, name);
      }
      assert.equal(options.flag('push'), values.push ?? false);
    });
  }

  it('splits lists of the action by line', () => {
    const { options } = build(
      '--build-args',
      'A=1\nB=x, y',
      '--labels',
      'a=b\n"c=d\ne"',
      '--build-contexts',
      'x=oci:y',
      '.',
    );
    assert.deepEqual(options.strings('build-arg'), ['A=1', 'B=x, y']);
    assert.deepEqual(options.strings('label'), ['a=b', 'c=d\ne']);
    assert.deepEqual(options.strings('build-context'), ['x=oci:y']);
  });

  it('splits lists of words by blanks, commas and lines', () => {
    const { options } = build('--platforms', ' linux/amd64 linux/arm64,\n', '--tags', 'a b,c\nd', '.');
    assert.deepEqual(options.strings('platform'), ['linux/amd64', 'linux/arm64']);
    assert.deepEqual(options.strings('tag'), ['a', 'b', 'c', 'd']);
    assert.deepEqual(build('--url-hosts', 'a\nb', '.').options.strings('url-host'), ['a', 'b']);
    assert.deepEqual(build('--url-hosts=', '.').options.strings('url-host'), []);
    assert.throws(() => build('--tags', '"a', '.'), {
      message: 'expected a closing double quote in --tag for the one in line 1, got none',
    });
  });

  it('takes the context by its name in the action', () => {
    assert.deepEqual(build('--context', 'here').positionals, ['here']);
  });

  const names: [line: string, names: string[]][] = [
    ['--image ghcr.io/o/app --tag 1.2 --tag latest', ['ghcr.io/o/app:1.2', 'ghcr.io/o/app:latest']],
    ['--image o/app', ['docker.io/o/app:latest']],
    ['--image ghcr.io/o/app --tag quay.io/x/y:1', ['quay.io/x/y:1']],
    ['--registry ghcr.io --tag o/app:1', ['ghcr.io/o/app:1']],
    ['--registry localhost:5000/ --tag app', ['localhost:5000/app:latest']],
    ['--registry ghcr.io --tag quay.io/x/y:1 --tag docker.io/x/y:1', ['quay.io/x/y:1', 'docker.io/x/y:1']],
    ['--registry ghcr.io --image o/app --tag 2', ['ghcr.io/o/app:2']],
  ];
  for (const [line, expected] of names) {
    it(`makes ${expected.join(' and ')} of ${line}`, () => {
      assert.deepEqual(readNames(build(...line.split(' '), '.').options).map(formatReference), expected);
    });
  }

  const refused: [line: string, text: RegExp][] = [
    ['build --tga x .', /^bima build has no option --tga\nDid you mean --tag\? See "bima build --help"/],
    ['build --plattform x .', /Did you mean --platform\?/],
    ['build --no-cahce .', /Did you mean --no-cache\?/],
    ['build --tga x --fiel y .', /--tga[^]*Did you mean --tag\?[^]*--fiel[^]*Did you mean --file\?/],
    ['build --secret id=a .', /No program runs during a build/],
    ['build --cache-from type=gha .', /taken over from the image that is at the tag/],
    ['build --upload-artifact .', /Only the action does that/],
    ['build --from-layout x .', /bima merge LAYOUT/],
    ['build --format docker .', /with the value "docker"\nImages are those of the OCI/],
    ['build --attest type=provenance,mode=max .', /--provenance FILE/],
    ['build --pull=never .', /with the value "never"\n.*looked up in its registry/],
    ['build --squash .', /copy all files with one COPY/],
    ['build --authfile x .', /REGISTRY_AUTH_FILE/],
    ['build --pull-always=false .', /with the value "false"\n.*looked up in its registry/],
    ['build --os windows .', /with the value "windows"\nThe operating system is always linux/],
    ['build --summary=true .', /--summary with the value "true"\nOnly the action does that/],
    ['build --attest=type=provenance,disabled=truely .', /Write --sbom FILE and --provenance FILE/],
    ['build --attest=xdisabled=true .', /Write --sbom FILE and --provenance FILE/],
    ['build --pull=neverifnewer .', /with the value "neverifnewer"/],
    ['build --pull=missingly .', /with the value "missingly"/],
    ['build --cache-to type=gha .', /--cache DIR keeps more/],
    ['build --config x .', /DOCKER_CONFIG/],
    ['build --cert-dir x .', /--ca-file FILE/],
    ['build --timestamp 0 .', /SOURCE_DATE_EPOCH/],
    ['build --source-date-epoch 0 .', /SOURCE_DATE_EPOCH/],
    ['build --squash-all .', /copy all files with one COPY/],
    ['build --builder x .', /no daemon and no builder/],
    ['build --no-cache-filter x .', /Use --no-cache/],
    ['build --matrix x .', /Only the action has artifacts/],
    ['build --boot-test x .', /"bima run" boots an image/],
    ['build --from-image x .', /bima convert IMAGE/],
    ['lint --tags a .', /^bima lint has no option --tags with the value "a"\nSeveral --tag/],
    ['lint --no-cache .', /^bima lint has no option --no-cache/],
    ['biuld .', /Did you mean "build"\?/],
    ['help mrege', /Did you mean "merge"\?/],
    ['.', /To build a folder, write "bima build \."\./],
    ['--tar build .', /Options stand behind the command/],
  ];
  for (const [line, text] of refused) {
    it(`says what helps for ${line}`, () => {
      assert.match(refusal(...line.split(' ')), text);
    });
  }

  it('repeats no secret', () => {
    for (const name of ['password', 'creds', 'github-token']) {
      const message = new RegExp(`^bima build has no option --${name}\n.*--password-stdin`);
      assert.match(refusal('build', `--${name}`, 'hunter2', '.'), message);
      assert.match(refusal('build', `--${name}=hunter2`, '.'), message);
      assert.doesNotMatch(refusal('build', `--${name}`, 'hunter2', '.'), /hunter2/);
    }
    for (const name of ['attest-key', 'attest-key-password']) {
      const text = refusal('build', `--${name}`, 'hunter2', '.');
      assert.match(text, new RegExp(`^bima build has no option --${name}\n.*COSIGN_PASSWORD`));
      assert.doesNotMatch(text, /hunter2/);
    }
  });
});

describe('commands of other programs', () => {
  for (const [name, text] of Object.entries(foreignCommands)) {
    it(
      `says what helps for bima ${name}`,
      { skip: Object.hasOwn(commands, name) && 'there is such a command' },
      () => {
        assert.ok(refusal(name, 'x').includes(text));
      },
    );
  }
});

describe('the table of habits', () => {
  it('has a place for every input of the action', () => {
    const { inputs } = parseYaml(readFileSync('action.yml', 'utf8')) as { inputs: Record<string, unknown> };
    const options = Object.values(commands as Record<string, CommandSpec>).flatMap((spec) =>
      Object.entries(spec.options),
    );
    const opposites = options.flatMap(([, option]) => option.opposites ?? []);
    const known = [...options.map(([name]) => name), ...opposites, ...habitOf.keys()];
    assert.deepEqual(
      Object.keys(inputs).filter((name) => !known.includes(name)),
      [],
    );
  });

  it('has each name once, and sentences', () => {
    assert.equal(habitOf.size, habits.flatMap(({ names }) => names).length);
    for (const { note } of habits) assert.match(note, /^\S.*\.$/);
  });
});
