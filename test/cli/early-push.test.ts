// What `bima build --push` asks a registry for when its layers are large, and how it ends when it is interrupted.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../../src/cli/run.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { on, stallAt } from '../support/faults.ts';
import { largeContext, noise } from '../support/large-context.ts';
import { startRegistry } from '../support/registry.ts';
import type { Registry } from '../support/registry.ts';

async function build(...args: readonly string[]): Promise<string> {
  const [out, lines]: [string[], string[]] = [[], []];
  const code = await run(['build', ...args], {
    environment: {},
    stdout: (line) => out.push(line),
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  assert.equal(code, 0, lines.join('\n'));
  return out.join('\n');
}

/** The requests since the last call: how many of each kind. */
function requestsOf(registry: Registry): () => Record<string, number> {
  let seen = 0;
  return () => {
    const counts: Record<string, number> = {};
    for (const { method, path } of registry.requests.slice(seen)) {
      const kind = /\/(manifests|uploads|blobs)\/[^/]*$/.exec(path)?.[1] ?? path;
      counts[`${method} ${kind}`] = (counts[`${method} ${kind}`] ?? 0) + 1;
    }
    seen = registry.requests.length;
    return counts;
  };
}

interface Pushed {
  readonly digest: string;
  readonly pushed: readonly { readonly blobs: readonly { readonly stored: string }[] }[];
}

describe('bima build --push with large layers', () => {
  it('sends each blob once, and says so', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const args = ['--push', '--json', '--no-reuse', '-t', `${registry.host}/a/b:1`, largeContext(test)];
    const { digest, pushed } = JSON.parse(await build(...args)) as Pushed;
    // One look at the tag before the first layer and one before the push, unless the first is still under way then.
    const { 'HEAD manifests': looks = 0, ...others } = requests();
    assert.ok(looks === 1 || looks === 2, `${looks} looks at the tag`);
    assert.deepEqual(others, {
      'HEAD blobs': 4,
      'POST uploads': 4,
      'PUT uploads': 4,
      'PUT manifests': 1,
    });
    assert.equal(registry.store.tags('a/b')['1'], digest);
    assert.equal(registry.store.pull('a/b', '1').length, 5);
    assert.deepEqual(
      pushed[0]?.blobs.map(({ stored }) => stored),
      ['pushed', 'pushed', 'pushed', 'pushed'],
    );

    const again = JSON.parse(await build(...args)) as Pushed;
    // Made anew, each is looked at: a registry may have lost it.
    assert.ok(Object.keys(requests()).every((kind) => kind.startsWith('HEAD ') || kind === 'PUT manifests'));
    assert.equal(again.digest, digest);
    assert.deepEqual(
      again.pushed[0]?.blobs.map(({ stored }) => stored),
      ['present', 'present', 'present', 'present'],
    );
    registry.assertRules();
  });

  it('sends those of several platforms, and a common one once', async (test) => {
    await using registry = await startRegistry();
    const requests = requestsOf(registry);
    const context = largeContext(test);
    for (const architecture of ['amd64', 'arm64']) {
      const hello = resolve(import.meta.dirname, `../../examples/hello/hello-${architecture}`);
      copyFileSync(hello, join(context, `kernel-${architecture}`));
    }
    writeFileSync(join(context, 'files-amd64'), noise('amd64'));
    writeFileSync(join(context, 'files-arm64'), noise('arm64'));
    writeFileSync(
      join(context, 'Containerfile'),
      `FROM scratch
COPY redis.conf /common
COPY files-$TARGETARCH /files
COPY kernel-$TARGETARCH /kernel
LABEL com.urunc.unikernel.binary=/kernel
LABEL com.urunc.unikernel.unikernelType=unikraft
LABEL com.urunc.unikernel.hypervisor=qemu
LABEL com.urunc.unikernel.cmdline=x
LABEL com.urunc.unikernel.version=1
`,
    );
    await build('--push', '--platform', 'linux/amd64,linux/arm64', '-t', `${registry.host}/a/b:1`, context);
    const counts = requests();
    // A common layer, two of files, two kernels and two configs; urunc.json is the same for both.
    assert.deepEqual([counts['POST uploads'], counts['PUT uploads'], counts['PUT manifests']], [8, 8, 3]);
    registry.store.pull('a/b', '1');
    registry.assertRules();
  });

  it('asks no registry when nothing is pushed', async (test) => {
    await using registry = await startRegistry();
    const context = largeContext(test);
    for (const output of ['tar', 'oci'])
      await build(
        '-o',
        output,
        '-t',
        `${registry.host}/a/b:1`,
        '--dest',
        join(context, '..', output),
        context,
      );
    assert.equal(registry.requests.length, 0);
  });

  it('gives its uploads back when it is interrupted, and ends', async (test) => {
    await using registry = await startRegistry();
    const main = resolve(import.meta.dirname, '../../src/cli/main.ts');
    const context = largeContext(test);
    let begun = 0;
    let interrupt: () => void = () => undefined;
    const fault = {
      when: on('PUT', 'upload'),
      times: Infinity,
      act: (exchange: Parameters<ReturnType<typeof stallAt>>[0]) => {
        begun += 1;
        // Two layers that were sent early, the small one and the config: no POST is unanswered then.
        if (begun === 4) interrupt();
        return stallAt(0.5)(exchange);
      },
    };
    await using proxy = await startFaultProxy({ upstream: registry.origin, faults: [fault] });
    const args = [main, 'build', '--push', '-t', `${proxy.host}/a/b:1`, context];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    interrupt = () => {
      child.kill('SIGINT');
    };
    const code = await new Promise((done) => child.on('close', done));
    assert.equal(code, 130);
    assert.equal(registry.openUploads(), 0);
    assert.deepEqual(registry.store.tags('a/b'), {});
  });
});
