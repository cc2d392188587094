// What options mean that several commands share: each value, each default, and what is refused.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseCompression } from '../../src/adapters/layers/compression.ts';
import { parseArguments } from '../../src/cli/args.ts';
import type { Options } from '../../src/cli/args.ts';
import { attestationFiles } from '../../src/cli/build-attestations.ts';
import { readBuildOptions, writtenBy } from '../../src/cli/build-command.ts';
import { parseSeconds, readBootRequest } from '../../src/cli/boot-options.ts';
import { openRecords } from '../../src/cli/open-records.ts';
import {
  onePositional,
  readAnnotationEncoding,
  readAnnotations,
  readFailOn,
  readLabels,
  readNames,
  readPlanOptions,
  readTags,
  splitPair,
} from '../../src/cli/options.ts';
import { readOutput, readType } from '../../src/cli/output.ts';
import type { Output } from '../../src/cli/output.ts';
import { checkRegistryOptions } from '../../src/cli/registry-options.ts';
import { resultFiles } from '../../src/cli/result-files.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { limits } from '../../src/core/limits.ts';
import { formatReference, parseReference } from '../../src/core/oci/reference.ts';
import type { Environment } from '../../src/core/environment.ts';
import { silentReporter } from '../../src/core/reporter.ts';

function optionsOf(line: string, command = 'build', environment: Environment = {}): Options {
  const words = [command, ...line.split(' ').filter((word) => word !== ''), '.'];
  const invocation = parseArguments(words, environment);
  assert.ok(invocation.type === 'command');
  return invocation.options;
}

const terminalOf = (environment: Environment, input = ''): Terminal => ({
  environment,
  stdout: () => assert.fail('nothing is to be printed'),
  stderr: () => assert.fail('nothing is to be said'),
  stdin: () => Promise.resolve(input),
  home: undefined,
  signal: new AbortController().signal,
});

describe('the argument of a command', () => {
  it('is one', () => {
    assert.equal(onePositional('build', ['a'], 'a thing'), 'a');
    for (const [count, words] of [[] as string[], ['a', 'b']].entries()) {
      assert.throws(() => onePositional('inspect', words, 'a thing'), {
        code: 'INPUT_INVALID',
        message: `"bima inspect" requires exactly 1 argument (a thing), got ${count * 2}`,
        hint: 'See "bima inspect --help".',
      });
    }
  });
});

describe('the options of a plan', () => {
  const plain = {
    context: 'ctx',
    labels: [],
    strict: true,
    fill: true,
    container: false,
    failOn: 'error',
    platforms: [],
    buildArguments: new Map(),
    created: 0,
  };

  it('have defaults', async () => {
    const found = await readPlanOptions({ context: 'ctx' }, optionsOf(''), terminalOf({}));
    assert.deepEqual(found, plain);
  });

  it('are each what is given', async () => {
    const line =
      '-f Other --target base --label a=b --label c= --no-strict --no-fill --container --fail-on warning --platform linux/arm64 --build-arg A=1 --build-arg B';
    const environment = { SOURCE_DATE_EPOCH: '12', B: '2' };
    const found = await readPlanOptions({ context: 'ctx' }, optionsOf(line), terminalOf(environment));
    assert.deepEqual(found, {
      context: 'ctx',
      file: 'Other',
      target: 'base',
      labels: [
        { key: 'a', value: 'b' },
        { key: 'c', value: '' },
      ],
      strict: false,
      fill: false,
      container: true,
      failOn: 'warning',
      platforms: [{ os: 'linux', architecture: 'arm64' }],
      buildArguments: new Map([
        ['A', '1'],
        ['B', '2'],
      ]),
      created: 12,
    });
  });

  it('take the Containerfile of standard input for "-"', async () => {
    const found = await readPlanOptions({ context: 'c' }, optionsOf('-f -'), terminalOf({}, 'FROM scratch'));
    assert.deepEqual(found, { ...plain, context: 'c', text: Buffer.from('FROM scratch') });
    const largest = 'x'.repeat(limits.containerfile);
    const { text } = await readPlanOptions({ context: 'c' }, optionsOf('-f -'), terminalOf({}, largest));
    assert.equal(text?.length, limits.containerfile);
    await assert.rejects(
      readPlanOptions({ context: 'c' }, optionsOf('-f -'), terminalOf({}, `${largest}x`)),
      {
        code: 'CONTAINERFILE_SYNTAX',
        message: 'expected a Containerfile of at most 1048576 bytes on standard input, got 1048577',
      },
    );
    const both = optionsOf('-f - --password-stdin -u a');
    await assert.rejects(readPlanOptions({ context: 'c' }, both, terminalOf({})), {
      code: 'INPUT_INVALID',
      message: 'expected one use of standard input, got --file - and --password-stdin',
      hint: /docker login/,
    });
  });
});

describe('pairs', () => {
  it('have a key, and a value that may be empty', () => {
    assert.deepEqual(splitPair('--label', 'a=b=c'), ['a', 'b=c']);
    assert.deepEqual(splitPair('--label', 'a='), ['a', '']);
    for (const text of ['a', '=b', '']) {
      assert.throws(() => splitPair('--label', text), {
        code: 'INPUT_INVALID',
        message: `expected --label KEY=VALUE, got "${text}"`,
      });
    }
    assert.throws(() => readLabels(optionsOf('--label a')), {
      message: 'expected --label KEY=VALUE, got "a"',
    });
  });

  it('are annotations, of the manifest unless they say otherwise', () => {
    assert.equal(readAnnotations(optionsOf('--annotation a=b --annotation index:c=d')).length, 2);
    assert.throws(() => readAnnotations(optionsOf('--annotation a')), { message: /--annotation/ });
  });
});

describe('words', () => {
  it('are those of a list', () => {
    assert.equal(readAnnotationEncoding(optionsOf('')), 'plain');
    assert.equal(readAnnotationEncoding(optionsOf('--annotation-encoding base64')), 'base64');
    assert.equal(readFailOn(optionsOf('')), 'error');
    assert.equal(readFailOn(optionsOf('--fail-on warning')), 'warning');
    assert.equal(readFailOn(optionsOf('', 'inspect')), 'error');
    assert.throws(() => readAnnotationEncoding(optionsOf('--annotation-encoding x')), {
      code: 'INPUT_INVALID',
      message: 'expected --annotation-encoding plain or base64, got "x"',
    });
    assert.throws(() => readAnnotationEncoding(optionsOf('', 'inspect')), { message: /got ""$/ });
    assert.throws(() => readFailOn(optionsOf('--fail-on info')), {
      code: 'INPUT_INVALID',
      message: 'expected --fail-on error or --fail-on warning, got "info"',
    });
  });
});

describe('names of images', () => {
  const rows: readonly [line: string, names: string[]][] = [
    ['', []],
    ['-t a', ['docker.io/library/a:latest']],
    ['-t a -t docker.io/library/a:latest -t a:2', ['docker.io/library/a:latest', 'docker.io/library/a:2']],
    ['--image ghcr.io/o/a', ['ghcr.io/o/a:latest']],
    ['--image ghcr.io/o/a -t 1 -t x@y'.replace(' -t x@y', ''), ['ghcr.io/o/a:1']],
    ['--image ghcr.io/o/a -t b/c', ['docker.io/b/c:latest']],
    ['--image ghcr.io/o/a -t b:c', ['docker.io/library/b:c']],
    ['--registry quay.io -t o/a:1', ['quay.io/o/a:1']],
    ['--registry quay.io// -t o/a:1', ['quay.io/o/a:1']],
    ['--registry quay.io -t ghcr.io/o/a:1', ['ghcr.io/o/a:1']],
    ['--registry quay.io -t docker.io/o/a:1', ['docker.io/o/a:1']],
    ['--registry quay.io -t index.docker.io/o/a:1', ['docker.io/o/a:1']],
    ['--registry quay.io -t o/docker.io/a:1', ['quay.io/o/docker.io/a:1']],
    ['--registry quay.io --image o/a -t 1 -t 2', ['quay.io/o/a:1', 'quay.io/o/a:2']],
  ];
  for (const [line, names] of rows) {
    it(`are ${names.join(' and ')} for ${line}`, () => {
      assert.deepEqual(readNames(optionsOf(line)).map(formatReference), names);
    });
  }

  it('have no digest', () => {
    const text = `a@sha256:${'0'.repeat(64)}`;
    assert.throws(() => readTags([text]), {
      code: 'REFERENCE_INVALID',
      message: `expected a name and a tag, got "${text}", which names a digest`,
      hint: 'Leave the digest out: it follows from the content.',
    });
    assert.throws(() => readNames(optionsOf(`--image b -t ${text}`)), { code: 'REFERENCE_INVALID' });
  });
});

describe('the output', () => {
  const types: readonly [line: string, command: string, type: string][] = [
    ['', 'build', 'ctr'],
    ['--tar', 'build', 'tar'],
    ['--push', 'build', 'registry'],
    ['--load', 'build', 'ctr'],
    ['-o oci', 'build', 'oci'],
    ['-o oci -o tar', 'build', 'tar'],
    ['-o tar --tar', 'build', 'tar'],
    ['-o registry --push --load=false', 'build', 'registry'],
    ['', 'relabel', ''],
    ['--tar', 'relabel', 'tar'],
  ];
  for (const [line, command, type] of types) {
    it(`of ${command} with ${JSON.stringify(line)} is "${type}"`, () => {
      assert.equal(readType(optionsOf(line, command)), type);
    });
  }

  it('is one', () => {
    assert.throws(() => readType(optionsOf('-o oci --tar --push')), {
      code: 'INPUT_INVALID',
      message: 'expected one output, got "oci" and "tar" and "registry"',
    });
    assert.throws(() => readType(optionsOf('--tar --load')), {
      message: 'expected one output, got "tar" and "ctr"',
    });
  });

  function read(line: string, terminal: Partial<Terminal> = {}): Promise<Output> {
    const options = optionsOf(line);
    const client = { open: () => assert.fail('nothing is to be asked'), close: () => Promise.resolve() };
    return readOutput({
      options,
      references: readNames(options),
      terminal: { ...terminalOf({}), ...terminal },
      reporter: silentReporter,
      client,
    });
  }

  const a = '-t o/a:1';
  const refused: readonly [line: string, message: string, hint: string | undefined][] = [
    ['-o tra', 'expected --output ctr, tar, oci or registry, got "tra"', 'Did you mean "tar"?'],
    ['-o elsewhere', 'expected --output ctr, tar, oci or registry, got "elsewhere"', undefined],
    ...['./x', 'x.tar', 'a\\b'].map((path): [string, string, string] => [
      `-o ${path}`,
      `expected --output ctr, tar, oci or registry, got "${path}"`,
      `A path is written as --output tar --dest ${path}, or --output oci --dest ${path} for a folder.`,
    ]),
    ['--tar', 'expected --tag or --dest for the name of the archive, got neither', undefined],
    ['--tar --dest=', 'expected a path for --dest, got ""', undefined],
    ['-o oci', 'expected --dest with the folder for the layout, got none', undefined],
    ['-o oci --dest=', 'expected a path for --dest, got ""', undefined],
    ...['-', '/dev/stdout'].map((path): [string, string, string] => [
      `-o oci --dest ${path}`,
      `expected --dest with the folder for the layout, got "${path}"`,
      'A layout is a folder: an archive can be a stream, with --tar.',
    ]),
    ['--push', 'expected --tag with the reference to push to, got none', undefined],
    [`--push --dest x ${a}`, 'expected no --dest with a push: nothing is kept on disk', undefined],
    [
      `--push -u x ${a}`,
      'expected --username and --password-stdin together, got only one of them',
      'Without both, the credentials of "docker login" and "podman login" are used.',
    ],
    [
      '--load',
      'expected --tag with the name of the image in containerd, got none',
      'Write for example --tag nubificus/image:tag, or one of --tar --dest image.tar, --output oci --dest DIR and --push.',
    ],
  ];
  for (const [line, message, hint] of refused) {
    it(`is refused for ${line}`, async () => {
      await assert.rejects(read(line), (error: Error & { code?: string; hint?: string }) => {
        assert.deepEqual([error.code, error.message, error.hint], ['INPUT_INVALID', message, hint]);
        return true;
      });
    });
  }

  it('says where it goes before anything is built', async () => {
    const archive = await read(`--tar ${a} -t o/b:2`);
    assert.deepEqual(
      [archive.path, archive.workPath, archive.isStream, archive.describe()],
      ['a_1.oci.tar', 'a_1.oci.tar', false, { archive: join(process.cwd(), 'a_1.oci.tar') }],
    );
    assert.equal(await archive.previous?.(), undefined);
    const named = await read('--tar --dest x/y.tar');
    assert.deepEqual(
      [named.path, named.describe()],
      ['x/y.tar', { archive: join(process.cwd(), 'x/y.tar') }],
    );
    const layout = await read('-o oci --dest x/y');
    assert.deepEqual(
      [layout.path, layout.workPath, layout.isStream, layout.describe()],
      ['x/y', 'x/y', undefined, { layout: join(process.cwd(), 'x/y') }],
    );
    const pushed = await read(`--push ${a}`);
    assert.deepEqual([pushed.path, pushed.isStream, pushed.describe()], [undefined, undefined, {}]);
    await pushed.check();
    const loaded = await read(`--load ${a}`);
    assert.deepEqual([loaded.path, loaded.isStream, loaded.describe()], [undefined, undefined, {}]);
  });

  it('may be a stream, but for a terminal', async () => {
    for (const path of ['-', '/dev/stdout']) {
      const onTerminal = await read(`--tar --dest ${path}`);
      assert.deepEqual(
        [onTerminal.path, onTerminal.isStream, onTerminal.describe()],
        [undefined, true, { archive: path }],
      );
      assert.throws(() => onTerminal.check(), {
        code: 'INPUT_INVALID',
        message: `expected standard output to go into a file or a pipe with --dest ${path}, got a terminal`,
        hint: 'Write for example bima build --tar --dest - . | docker load.',
      });
      const piped = await read(`--tar --dest ${path}`, { stdoutBytes: () => Promise.resolve() });
      await piped.check();
    }
  });
});

describe('the options of a build', () => {
  it('have defaults', () => {
    const { signal, ...found } = readBuildOptions(optionsOf(''), terminalOf({}));
    assert.equal(signal?.aborted, false);
    assert.deepEqual(found, {
      compression: parseCompression('gzip'),
      annotations: [],
      annotationEncoding: 'plain',
      created: 0,
    });
  });

  it('are each what is given', () => {
    const line = '--compression zstd:3 --annotation a=b --annotation-encoding base64';
    const { compression, annotations, annotationEncoding, created } = readBuildOptions(
      optionsOf(line),
      terminalOf({ SOURCE_DATE_EPOCH: '7' }),
    );
    assert.deepEqual(
      [compression, annotations.length, annotationEncoding, created],
      [parseCompression('zstd:3'), 1, 'base64', 7],
    );
  });

  it('name the files that a build writes', () => {
    const line = '--iidfile i --digestfile d --metadata-file m --sbom s --provenance p --cache c';
    const output = { path: 'x' } as Output;
    assert.deepEqual(writtenBy(output, optionsOf(line)), ['x', 'c', 'i', 'd', 'm', 's', 'p']);
    assert.deepEqual(writtenBy({} as Output, optionsOf('--provenance=false')), []);
    assert.deepEqual(resultFiles(optionsOf('--digestfile d')), ['d']);
    assert.deepEqual(attestationFiles(optionsOf('--sbom=false --provenance=FALSE')), {});
    assert.deepEqual(attestationFiles(optionsOf('--sbom a.true --provenance falsely')), {
      sbom: 'a.true',
      provenance: 'falsely',
    });
  });

  for (const value of ['', '-', 'true', 'True', 'mode=max', 'generator=x', 'type=sbom']) {
    it(`refuses the file "${value}" for a statement`, () => {
      for (const name of ['sbom', 'provenance']) {
        assert.throws(() => attestationFiles(optionsOf(`--${name}=${value}`)), {
          code: 'INPUT_INVALID',
          message: `expected the path of a file for --${name}, got "${value}"`,
          hint: `Write for example --${name} ${name}.json; it is attached to the image, too.`,
        });
      }
    });
  }
  for (const value of ['true.json', 'x-mode=max', 'modes', './-', 'my-true']) {
    it(`takes the file "${value}" for a statement`, () => {
      assert.deepEqual(attestationFiles(optionsOf(`--sbom=${value}`)), { sbom: value });
    });
  }
});

describe('the options of a registry', () => {
  const check = (line: string, ...references: readonly string[]) => {
    checkRegistryOptions(optionsOf(line, 'push'), references.map(parseReference));
  };

  it('agree with each other', () => {
    check('');
    check('-u a --password-stdin', 'ghcr.io/a/b', 'ghcr.io/a/c');
    check('-u a --password-stdin');
    check('', 'ghcr.io/a/b', 'quay.io/a/b');
    for (const line of ['-u a', '--password-stdin']) {
      assert.throws(
        () => {
          check(line, 'ghcr.io/a/b');
        },
        { code: 'INPUT_INVALID', message: /together, got only one of them$/, hint: /"docker login"/ },
      );
    }
    assert.throws(
      () => {
        check('-u a --password-stdin', 'ghcr.io/a/b', 'quay.io/a/b', 'ghcr.io/a/c');
      },
      {
        code: 'INPUT_INVALID',
        message: 'expected one registry with --username, got ghcr.io and quay.io',
        hint: /Log in to each/,
      },
    );
  });

  it('have numbers and sizes', () => {
    for (const value of ['1', '10', '999']) check(`--concurrency ${value}`);
    for (const value of ['0', '01', '1000', '1.5', 'x1', '1x', '-1']) {
      assert.throws(
        () => {
          check(`--concurrency=${value}`);
        },
        {
          code: 'INPUT_INVALID',
          message: `expected a number from 1 to 999 for --concurrency, got "${value}"`,
        },
      );
    }
    for (const value of ['1', '10m', '5K', '1g', '10MiB', '10mb', '7b', '999999999'])
      check(`--chunk-size ${value}`);
    for (const value of [
      '0',
      '01',
      '10t',
      'm',
      '10 m',
      'x10m',
      '10mx',
      '1.5m',
      '1000000000',
      '10mi',
      '999999999g',
    ]) {
      assert.throws(
        () => {
          checkRegistryOptions(
            { ...optionsOf('', 'push'), string: (name) => (name === 'chunk-size' ? value : undefined) },
            [],
          );
        },
        { code: 'INPUT_INVALID', message: `expected a size such as 10m for --chunk-size, got "${value}"` },
        value,
      );
    }
  });
});

describe('the options of a boot', () => {
  const request = (line: string, environment: Environment = {}) =>
    readBootRequest(optionsOf(line, 'run'), environment);

  it('have defaults', () => {
    assert.deepEqual(request(''), {
      options: {
        monitor: undefined,
        entrypoint: undefined,
        arguments: undefined,
        environment: new Map(),
        memory: undefined,
        cpus: 1,
        accelerator: undefined,
        rootfs: undefined,
      },
      ports: [],
      platform: undefined,
      goal: { expectation: undefined, timeout: undefined },
    });
  });

  it('are each what is given', () => {
    const line =
      '--monitor firecracker --entrypoint /sh -e A=1 -e B -m 2G --cpus 4 --accel tcg --rootfs block -p 8080:80 -p 53/udp --platform linux/arm64 --timeout 1.5';
    const { options, ports, platform, goal } = request(line, { B: '2' });
    assert.deepEqual(options, {
      monitor: 'firecracker',
      entrypoint: '/sh',
      arguments: undefined,
      environment: new Map([
        ['A', '1'],
        ['B', '2'],
      ]),
      memory: 2048,
      cpus: 4,
      accelerator: 'tcg',
      rootfs: 'block',
    });
    assert.deepEqual(ports, [
      { address: '127.0.0.1', host: 8080, guest: 80, protocol: 'tcp' },
      { address: '127.0.0.1', host: 0, guest: 53, protocol: 'udp' },
    ]);
    assert.deepEqual(platform, { os: 'linux', architecture: 'arm64' });
    assert.deepEqual(goal, { expectation: undefined, timeout: 1500 });
  });

  it('wait a minute for a text, unless they say otherwise', () => {
    const { goal } = request('--expect ready');
    assert.equal(goal.expectation?.text, 'ready');
    assert.equal(goal.timeout, 60_000);
    assert.equal(request('--expect ready --timeout 5').goal.timeout, 5000);
  });

  it('may take the entrypoint away, and take the accelerator from a variable', () => {
    assert.equal(request('--entrypoint=').options.entrypoint, '');
    const options = optionsOf('', 'run', { BIMA_ACCEL: 'kvm' });
    assert.equal(readBootRequest(options, {}).options.accelerator, 'kvm');
    assert.equal(request('--monitor solo5-hvt').options.monitor, 'hvt');
  });

  const refused: readonly [line: string, message: string, hint: string | undefined][] = [
    [
      '--monitor qmeu',
      'expected --monitor qemu, firecracker, cloud-hypervisor, hvt, spt, got "qmeu"',
      'Did you mean qemu?',
    ],
    [
      '--monitor virtualbox',
      'expected --monitor qemu, firecracker, cloud-hypervisor, hvt, spt, got "virtualbox"',
      undefined,
    ],
    ['--rootfs blok', 'expected --rootfs 9p, block, initrd, got "blok"', 'Did you mean block?'],
    ['--accel whpx', 'expected kvm, hvf, tcg for --accel, got "whpx"', undefined],
    ['--expect=', 'expected a text for --expect, got none', undefined],
    ['-e =x', 'expected NAME=value in --env, got the name ""', 'A name has no blanks.'],
    ['--timeout 0', 'expected a number of seconds for --timeout, got "0"', undefined],
  ];
  for (const [line, message, hint] of refused) {
    it(`refuse ${line}`, () => {
      assert.throws(
        () => request(line),
        (error: Error & { code?: string; hint?: string }) => {
          assert.deepEqual([error.code, error.message, error.hint], ['INPUT_INVALID', message, hint]);
          return true;
        },
      );
    });
  }

  it('have seconds with at most three digits behind the point', () => {
    for (const [text, milliseconds] of [
      ['1', 1000],
      ['0.001', 1],
      ['999999.999', 999_999_999],
      ['1.25', 1250],
    ] as const)
      assert.equal(parseSeconds(text, '--timeout'), milliseconds);
    for (const text of ['', '0', '0.0', '1.', '.5', '1.0001', '1000000', '1x', 'x1', '-1', '1e3', ' 1']) {
      assert.throws(() => parseSeconds(text, 'the input'), {
        code: 'INPUT_INVALID',
        message: `expected a number of seconds for the input, got ${JSON.stringify(text)}`,
      });
    }
  });
});

describe('the records of builds', { skip: process.platform !== 'linux' && 'are noted on Linux' }, () => {
  const open = (environment: Environment, home: string | undefined) =>
    openRecords({ environment, home }, { reuse: true, reporter: silentReporter }) !== undefined;

  it('are kept for who has a place for them', () => {
    assert.equal(open({}, '/home/a'), true);
    assert.equal(open({ XDG_CACHE_HOME: '/c' }, undefined), true);
    assert.equal(open({ XDG_CACHE_HOME: 'relative' }, undefined), false);
    assert.equal(open({}, undefined), false);
  });
});
