import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSecrets } from '../../src/action/input-values.ts';
import { readInputs } from '../../src/action/inputs.ts';
import type { Inputs } from '../../src/action/inputs.ts';
import { BimaError } from '../../src/core/errors.ts';
import { caught } from '../support/caught.ts';

type Given = Readonly<Record<string, string>>;

function read(given: Given, environment: Given = {}): Inputs {
  return readInputs((name) => given[name] ?? '', environment);
}

describe('readInputs', () => {
  it('has the defaults of action.yml', () => {
    assert.deepEqual(read({}), {
      context: '.',
      labels: [],
      annotations: [],
      platforms: [],
      buildArguments: new Map(),
      buildContexts: new Map(),
      urlHosts: [],
      strict: true,
      fill: true,
      container: false,
      failOn: 'error',
      check: false,
      compression: { method: 'gzip', level: 2 },
      reuse: true,
      fromLayout: [],
      tags: [],
      push: 'false',
      tlsVerify: true,
      prComment: false,
      sbom: false,
      provenance: false,
      summary: true,
    });
  });

  const cases: [name: string, given: Given, part: Partial<Inputs>][] = [
    [
      'tags between spaces, commas and lines',
      { tags: 'a:1 b:2,c:3\r\nd:4,\n, e:5' },
      { tags: ['a:1', 'b:2', 'c:3', 'd:4', 'e:5'] },
    ],
    [
      'labels line by line',
      { labels: 'a=b=c, d\n\r\n  e = f \r\n' },
      {
        labels: [
          { key: 'a', value: 'b=c, d' },
          { key: 'e', value: ' f' },
        ],
      },
    ],
    [
      'items in double quotes, as Docker reads them',
      { labels: '"a=b"\n"c=d\ne"\nf="g"', tags: '"a:1","b:2"\n"c:3"', 'from-layout': '"a,b"' },
      {
        labels: [
          { key: 'a', value: 'b' },
          { key: 'c', value: 'd\ne' },
          { key: 'f', value: '"g"' },
        ],
        tags: ['a:1', 'b:2', 'c:3'],
        fromLayout: ['a,b'],
      },
    ],
    ['paths with spaces and commas', { 'from-layout': 'a b\n./c,d\n' }, { fromLayout: ['a b', './c,d'] }],
    [
      "booleans in YAML's cases",
      { strict: 'False', summary: 'FALSE', sbom: 'True' },
      { strict: false, summary: false, sbom: true },
    ],
    [
      'a conversion, with its defaults',
      { 'from-image': 'a/b:1' },
      { conversion: { image: 'a/b:1', monitor: 'qemu', rootfs: { type: 'container' } } },
    ],
    [
      'a conversion',
      { 'from-image': 'a/b:1', monitor: 'firecracker', rootfs: 'initrd', kernel: 'vmlinux', init: 'none' },
      {
        conversion: {
          image: 'a/b:1',
          monitor: 'firecracker',
          rootfs: { type: 'initrd', compression: 'none' },
          kernel: 'vmlinux',
          init: 'none',
        },
      },
    ],
    ['push: auto', { push: 'auto' }, { push: 'auto' }],
    ['push: True', { push: 'True' }, { push: 'true' }],
    [
      'a platform by another name',
      { platforms: 'linux/aarch64' },
      { platforms: [{ os: 'linux', architecture: 'arm64' }] },
    ],
    [
      'several platforms, in their order',
      { platforms: 'linux/riscv64, linux/arm64/v8\nlinux/arm/v7' },
      {
        platforms: [
          { os: 'linux', architecture: 'riscv64' },
          { os: 'linux', architecture: 'arm64' },
          { os: 'linux', architecture: 'arm', variant: 'v7' },
        ],
      },
    ],
    [
      'build arguments',
      { 'build-args': 'A=b = c\n\n_B=\nA=d' },
      {
        buildArguments: new Map([
          ['A', 'd'],
          ['_B', ''],
        ]),
      },
    ],
    [
      'an artifact as a layout',
      { 'upload-artifact': 'true' },
      { artifact: { form: 'layout', overwrite: false } },
    ],
    [
      'an artifact in all its parts',
      {
        'upload-artifact': 'tar',
        'artifact-name': 'x',
        'artifact-retention-days': '5',
        'artifact-overwrite': 'true',
      },
      { artifact: { form: 'tar', overwrite: true, name: 'x', retentionDays: 5 } },
    ],
    ['a registry as people write it', { registry: 'https://quay.io/' }, { registry: 'quay.io' }],
    ['a login', { username: 'u', password: 'p' }, { login: { username: 'u', password: 'p' } }],
    [
      'containerd with its defaults',
      { load: 'true' },
      { load: { namespace: 'default', address: '/run/containerd/containerd.sock' } },
    ],
  ];
  for (const [name, given, part] of cases) {
    it(`reads ${name}`, () => {
      const inputs = read(given);
      for (const [key, value] of Object.entries(part)) assert.deepEqual(inputs[key as keyof Inputs], value);
    });
  }

  it('takes containerd from the environment, unless an input says otherwise', () => {
    const environment = {
      CONTAINERD_NAMESPACE: 'k8s.io',
      CONTAINERD_ADDRESS: '/a.sock',
      CONTAINERD_SNAPSHOTTER: 'devmapper',
    };
    assert.deepEqual(read({ load: 'true', 'containerd-address': '/b.sock' }, environment).load, {
      namespace: 'k8s.io',
      address: '/b.sock',
      snapshotter: 'devmapper',
    });
  });

  it('takes a build argument without a value from the environment', () => {
    const inputs = read({ 'build-args': 'A\nB' }, { A: 'x' });
    assert.deepEqual(inputs.buildArguments, new Map([['A', 'x']]));
  });

  it('overwrites an artifact of another job only when asked to, also in a re-run', () => {
    const given = { 'upload-artifact': 'layout' };
    assert.equal(read(given, { GITHUB_RUN_ATTEMPT: '2' }).artifact?.overwrite, false);
    assert.equal(read({ ...given, 'artifact-overwrite': 'true' }).artifact?.overwrite, true);
  });

  it('boots nothing unless it is told what to wait for', () => {
    assert.equal(read({ 'boot-timeout': '60' }).boot, undefined);
    const { expectation, ...boot } =
      read({ 'boot-test': 'ready', 'boot-args': 'a "b c"', 'boot-env': 'A=1\nB' }, { B: '2' }).boot ?? {};
    assert.equal(expectation?.isIn('it is ready'), true);
    const environment = new Map([
      ['A', '1'],
      ['B', '2'],
    ]);
    assert.deepEqual(boot, {
      port: undefined,
      path: '/',
      arguments: ['a', 'b c'],
      environment,
      timeout: 60_000,
    });
    assert.deepEqual(read({ 'boot-port': '80', 'boot-path': '/x?y=1', 'boot-timeout': '5' }).boot, {
      ...{ expectation: undefined, arguments: undefined, environment: new Map() },
      ...{ port: 80, path: '/x?y=1', timeout: 5000 },
    });
  });

  const wrong: [given: Given, message: RegExp][] = [
    [{ 'boot-args': 'a' }, /the input "boot-test" or "boot-port" beside "boot-args"/],
    [{ 'boot-test': '/(/' }, /a regular expression for the input "boot-test"/],
    [{ 'boot-port': '70000' }, /1 to 65535 for the input "boot-port"/],
    [{ 'boot-test': 'a', 'boot-path': '/' }, /the input "boot-port" beside "boot-path"/],
    [{ 'boot-port': '80', 'boot-path': 'x' }, /a path such as "\/health" for the input "boot-path", got "x"/],
    [{ 'boot-test': 'a', 'boot-env': '=secret' }, /NAME=value in the input "boot-env", got the name ""$/],
    [{ strict: 'yes' }, /true or false for the input "strict", got "yes"/],
    [{ push: 'always' }, /"true", "false", "auto" for the input "push"/],
    [{ 'upload-artifact': 'zip' }, /the input "upload-artifact", got "zip"/],
    [
      { 'upload-artifact': 'true', 'artifact-retention-days': '0' },
      /1 to 400 for the input "artifact-retention-days"/,
    ],
    [{ 'artifact-retention-days': '1.5' }, /the input "artifact-retention-days", got "1.5"/],
    [{ labels: 'novalue' }, /lines of key=value in the input "labels", got "novalue"/],
    [{ annotations: 'manifests:a=b' }, /a level .* in the input "annotations", got "manifests"/],
    [{ platforms: 'linux/arm64,linux/arm64/v8' }, /"linux\/arm64" twice in the input "platforms"/],
    [{ 'build-args': 'A-B=secret' }, /NAME=value in the input "build-args", got a value for the name "A-B"$/],
    [{ platforms: 'amd64' }, /got "amd64" in the input "platforms"/],
    [{ annotations: 'manifest[amd64]:a=b' }, /got "amd64" in the input "annotations"/],
    [{ compression: 'xz' }, /got "xz" in the input "compression"/],
    [{ context: '-' }, /expected a folder as the input "context", got "-"/],
    [{ username: 'u' }, /the input "password" beside "username"/],
    [{ password: 'p' }, /the input "username" beside "password"/],
  ];
  for (const [given, message] of wrong) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => read(given), { code: 'INPUT_INVALID', message });
    });
  }

  it('says everything that is wrong at once', () => {
    const given = {
      strict: 'on',
      push: 'x',
      labels: 'a\nb',
      'upload-artifact': 'zip',
      'artifact-retention-days': '0',
    };
    assert.throws(
      () => read(given),
      (error) => {
        assert.ok(error instanceof BimaError);
        assert.equal(error.problems.length, 6);
        return true;
      },
    );
  });

  it('names no password in an error', () => {
    assert.throws(
      () => read({ password: 'correct horse' }),
      (error) => error instanceof BimaError && !JSON.stringify(error.problems).includes('correct'),
    );
  });
});

describe('readSecrets', () => {
  it('has the password, what a header makes of it, and the token', () => {
    const given: Given = { username: 'u', password: 'p w', 'github-token': 't' };
    assert.deepEqual(
      readSecrets((name) => given[name] ?? ''),
      ['p w', Buffer.from('u:p w').toString('base64'), 't'],
    );
    assert.deepEqual(
      readSecrets(() => ''),
      [],
    );
  });
});

describe('each input', () => {
  const paths = new Map([['name', 'oci:layout']]);
  const single: readonly [given: Given, part: Partial<Inputs>][] = [
    [{ context: 'app' }, { context: 'app' }],
    [{ context: './-' }, { context: './-' }],
    [{ file: 'Other' }, { file: 'Other' }],
    [{ 'build-contexts': 'name=oci:layout' }, { buildContexts: paths }],
    [{ 'url-hosts': 'a.example, b.example' }, { urlHosts: ['a.example', 'b.example'] }],
    [{ target: 'final' }, { target: 'final' }],
    [{ strict: 'false' }, { strict: false }],
    [{ fill: 'false' }, { fill: false }],
    [{ container: 'true' }, { container: true }],
    [{ 'fail-on': 'warning' }, { failOn: 'warning' }],
    [{ check: 'true' }, { check: true }],
    [{ compression: 'none' }, { compression: { method: 'none' } as Inputs['compression'] }],
    [{ reuse: 'false' }, { reuse: false }],
    [{ image: 'a/b' }, { image: 'a/b' }],
    [{ 'oci-layout': 'out' }, { ociLayout: 'out' }],
    [{ tar: 'x.tar' }, { tar: 'x.tar' }],
    [{ 'github-token': 't' }, { githubToken: 't' }],
    [{ 'tls-verify': 'false' }, { tlsVerify: false }],
    [{ 'pr-comment': 'true' }, { prComment: true }],
    [{ matrix: '{}' }, { matrix: '{}' }],
    [{ sbom: 'true' }, { sbom: true }],
    [{ provenance: 'true' }, { provenance: true }],
    [{ summary: 'false' }, { summary: false }],
    [{ attest: 'auto' }, { signing: { mode: 'auto' } }],
    [{ 'upload-artifact': 'layout' }, { artifact: { form: 'layout', overwrite: false } }],
    [{ 'upload-artifact': 'false', 'artifact-name': 'x' }, {}],
    [
      { 'upload-artifact': 'true', 'artifact-retention-days': '400' },
      { artifact: { form: 'layout', overwrite: false, retentionDays: 400 } },
    ],
    [{ load: 'false', 'containerd-namespace': 'x' }, {}],
    [
      { load: 'true', 'containerd-namespace': 'x', 'containerd-snapshotter': 'native' },
      { load: { namespace: 'x', address: '/run/containerd/containerd.sock', snapshotter: 'native' } },
    ],
    [{ 'release-asset': 'false', 'release-tag': 'v1' }, {}],
    [{ 'release-asset': 'true' }, { release: {} }],
    [{ 'release-asset': 'true', 'release-tag': 'v1' }, { release: { tag: 'v1' } }],
    [
      { 'release-asset': 'true', 'release-tag': 'refs/tags/v1/refs/tags/x' },
      { release: { tag: 'v1/refs/tags/x' } },
    ],
    [{ 'release-asset': 'true', 'release-tag': 'xrefs/tags/v1' }, { release: { tag: 'xrefs/tags/v1' } }],
  ];
  const whole = read({});
  for (const [given, part] of single) {
    it(`changes nothing but what it is for: ${JSON.stringify(given)}`, () => {
      const { compression, ...inputs } = read(given);
      const { compression: expected, ...others } = { ...whole, ...part };
      assert.deepEqual(inputs, others);
      assert.equal(compression.method, expected.method);
    });
  }

  it('takes empty variables of containerd for none', () => {
    const environment = { CONTAINERD_NAMESPACE: '', CONTAINERD_ADDRESS: '', CONTAINERD_SNAPSHOTTER: '' };
    const load = { namespace: 'default', address: '/run/containerd/containerd.sock' };
    assert.deepEqual(read({ load: 'true' }, environment).load, load);
  });

  const code = 'INPUT_INVALID';
  const besides = (names: string) => ({
    code,
    message: `expected the input "from-image" beside ${names}, got none`,
    hint: 'Name the container image to convert, or set labels for an image that is built.',
  });
  const wrong: readonly [given: Given, problems: readonly object[]][] = [
    [
      { context: '-' },
      [
        {
          code,
          message: 'expected a folder as the input "context", got "-"',
          hint: 'An action has no standard input; write "./-" for a folder of that name.',
        },
      ],
    ],
    [{ monitor: 'qemu' }, [besides('"monitor"')]],
    [{ rootfs: 'initrd' }, [besides('"rootfs"')]],
    [{ kernel: 'k' }, [besides('"kernel"')]],
    [{ init: 'i' }, [besides('"init"')]],
    [
      { init: 'i', kernel: 'k', rootfs: 'initrd', monitor: 'qemu' },
      [besides('"monitor", "rootfs", "kernel", "init"')],
    ],
    [
      { 'from-image': 'a/b:1', 'from-layout': 'x' },
      [{ code, message: 'expected one of the inputs "from-image" and "from-layout", got both' }],
    ],
    [
      { 'upload-artifact': 'true', 'artifact-retention-days': '401' },
      [
        {
          code,
          message: 'expected a number from 1 to 400 for the input "artifact-retention-days", got "401"',
        },
      ],
    ],
    [
      { 'artifact-overwrite': 'x' },
      [{ code, message: 'expected true or false for the input "artifact-overwrite", got "x"' }],
    ],
    ...[
      'strict',
      'fill',
      'container',
      'check',
      'reuse',
      'tls-verify',
      'load',
      'pr-comment',
      'release-asset',
      'sbom',
    ]
      .concat('provenance', 'summary')
      .map((name): [Given, object[]] => [
        { [name]: 'x' },
        [{ code, message: `expected true or false for the input "${name}", got "x"` }],
      ]),
    [
      { 'fail-on': 'x' },
      [{ code, message: 'expected one of "error", "warning" for the input "fail-on", got "x"' }],
    ],
    [
      { push: 'x' },
      [{ code, message: 'expected one of "true", "false", "auto" for the input "push", got "x"' }],
    ],
    [
      { 'upload-artifact': 'x' },
      [
        {
          code,
          message:
            'expected one of "false", "true", "layout", "tar" for the input "upload-artifact", got "x"',
        },
      ],
    ],
    [
      { attest: 'x' },
      [{ code, message: 'expected one of "false", "true", "auto" for the input "attest", got "x"' }],
    ],
  ];
  for (const [given, problems] of wrong) {
    it(`is refused by its name: ${JSON.stringify(given)}`, async () => {
      assert.deepEqual(await caught(() => read(given)), problems);
    });
  }

  const named: readonly [given: Given, input: string][] = [
    [{ 'build-contexts': 'x' }, 'build-contexts'],
    [{ 'build-args': '1A=b' }, 'build-args'],
    [{ 'url-hosts': '"a' }, 'url-hosts'],
    [{ 'from-layout': '"a' }, 'from-layout'],
    [{ tags: '"a' }, 'tags'],
    [{ labels: '"a' }, 'labels'],
    [{ annotations: '"a' }, 'annotations'],
    [{ annotations: 'x' }, 'annotations'],
    [{ platforms: '"a' }, 'platforms'],
    [{ 'from-image': 'a', monitor: 'x' }, 'monitor'],
    [{ 'from-image': 'a', rootfs: 'x' }, 'rootfs'],
  ];
  for (const [given, input] of named) {
    it(`is named where it can't be read: ${JSON.stringify(given)}`, async () => {
      const problems = await caught(() => read(given));
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.message.includes(`the input "${input}"`), problems[0]?.message);
    });
  }
});
