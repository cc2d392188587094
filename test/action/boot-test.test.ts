// The boot test of a run: what is booted, with what, and what is said of it. Shell scripts stand for QEMU.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readBoot } from '../../src/action/boot-inputs.ts';
import { bootForWorkflow } from '../../src/action/boot-test.ts';
import { attemptAll } from '../../src/action/input-problems.ts';
import { openLayout } from '../../src/adapters/disk/layout.ts';
import { parseDigest } from '../../src/core/oci/digest.ts';
import { BimaError } from '../../src/core/errors.ts';
import type { Problem } from '../../src/core/errors.ts';
import { temporaryFolder } from '../support/folder.ts';
import { recorded } from '../support/recorded.ts';
import { runInputs } from '../support/run-inputs.ts';

const example = resolve(import.meta.dirname, '../../examples/hello');
const skip = process.platform === 'win32' && 'needs a shell';
const [amd64, arm64] = ['qemu-system-x86_64', 'qemu-system-aarch64'];

type Given = Readonly<Record<string, string>>;

interface Case {
  /** The scripts by the names of their programs. */
  readonly programs: Given;
  readonly platforms?: string;
  readonly environment?: Given;
  readonly summary?: boolean;
  readonly signal?: AbortSignal;
}

async function boot(test: TestContext, given: Given, { programs, platforms = 'linux/amd64', ...more }: Case) {
  const path = temporaryFolder(test);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(path, name), 0o755);
  }
  const folder = temporaryFolder(test);
  const inputs = {
    context: example,
    platforms,
    image: 'a.example/b',
    tags: '1',
    'oci-layout': join(folder, 'layout'),
  };
  const { metadata = '', layout = '' } = await runInputs(test, inputs);
  const { 'containerimage.descriptor': root } = JSON.parse(metadata) as Record<string, { digest: string }>;
  assert.ok(root !== undefined);
  const { runner, reporter, ...told } = recorded();
  const environment = { PATH: path, BIMA_ACCEL: 'tcg', ...more.environment };
  const wanted = attemptAll((attempt) => readBoot((name) => given[name] ?? '', {}, attempt));
  assert.ok(wanted !== undefined);
  const own = join(folder, 'own');
  const outcome = await bootForWorkflow(
    {
      boot: wanted,
      source: await openLayout(layout),
      root: { mediaType: '', size: 0, ...root, digest: parseDigest(root.digest) },
      summary: more.summary ?? true,
    },
    { environment, runner, reporter, folder: own, signal: more.signal ?? test.signal },
  ).then(
    (reports) => ({ reports, problems: undefined }),
    (error: unknown) => {
      if (!(error instanceof BimaError)) throw error;
      return { reports: undefined, problems: error.problems };
    },
  );
  assert.deepEqual(readdirSync(folder).includes('own') ? readdirSync(own) : [], [], 'nothing is left');
  return { ...told, ...outcome };
}

/** Without the times and what the machine decides. */
function plain(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/\d+\.\d s/g, 'N s'));
}

describe('the boot test of a run', { skip }, () => {
  it('is good when the guest prints what is expected', async (test) => {
    const { reports, titles, lines, warnings, summaries } = await boot(
      test,
      { 'boot-test': 'ready' },
      { programs: { [amd64]: 'echo one; echo it is ready; exec /bin/sleep 100' } },
    );
    const platform = { os: 'linux', architecture: 'amd64' };
    assert.deepEqual(
      reports?.map((report) => ({ ...report, text: plain([report.text])[0] })),
      [{ platform, text: 'booted on qemu (emulation) in N s' }],
    );
    assert.deepEqual(titles, ['Boot the image for linux/amd64']);
    assert.deepEqual(plain(lines), [
      `booting with ${amd64} (emulation, 256 MiB)`,
      'one',
      'it is ready',
      'the image for linux/amd64 booted on qemu (emulation): it printed "ready" after N s',
    ]);
    assert.deepEqual([warnings, summaries], [[], []]);
  });

  it('shows the last line of the guest, also one without an end', async (test) => {
    const { lines } = await boot(
      test,
      { 'boot-test': 'ready' },
      { programs: { [amd64]: 'echo one; printf "it is ready"; exec /bin/sleep 100' } },
    );
    assert.deepEqual(lines.slice(1, -1), ['one', 'it is ready']);
  });

  it('hands its arguments and variables on, for one processor', async (test) => {
    const log = join(temporaryFolder(test), 'args');
    const script = `printf '%s\\n' "$@" >'${log}'; echo ready; exec /bin/sleep 100`;
    await boot(
      test,
      { 'boot-test': 'ready', 'boot-args': 'some words', 'boot-env': 'A=b' },
      { programs: { [amd64]: script } },
    );
    const args = readFileSync(log, 'utf8').split('\n');
    assert.equal(args[args.indexOf('-smp') + 1], '1');
    assert.match(args[args.indexOf('-append') + 1] ?? '', /some words$/);
    assert.ok(!args.some((arg) => arg.includes('hostfwd')), args.join(' '));
  });

  it('is good when the guest answers on its port', async (test) => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.end('yes');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    test.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    // What QEMU would forward goes to the server of the test.
    const forward = `exec '${process.execPath}' -e '
      const port = Number(/hostfwd=tcp:127.0.0.1:([0-9]+)-:8080/.exec(process.argv.slice(1).join(" "))[1]);
      require("net").createServer((from) => {
        const to = require("net").connect(${port}, "127.0.0.1");
        from.on("error", () => to.destroy()); to.on("error", () => from.destroy());
        from.pipe(to); to.pipe(from);
      }).listen(port, "127.0.0.1");' -- "$@"`;
    const { reports, lines } = await boot(
      test,
      { 'boot-port': '8080', 'boot-path': '/health?a=b' },
      { programs: { [amd64]: forward } },
    );
    assert.equal(reports?.length, 1);
    assert.ok(asked.length > 0);
    for (const url of asked) assert.equal(url, '/health?a=b');
    assert.match(lines.at(-1) ?? '', /booted on qemu \(emulation\): it answered/);
  });

  it('fails with the last lines of the guest and of its monitor, in the log and in the summary', async (test) => {
    const script =
      'echo "one \u001b[31m"; echo; echo "no \\`luck"; echo "oh \u001b[31m" >&2; echo "  " >&2; exit 3';
    const { problems, lines, summaries } = await boot(
      test,
      { 'boot-test': 'ready' },
      { programs: { [amd64]: script } },
    );
    const [problem, ...others] = problems ?? [];
    assert.deepEqual(others, []);
    assert.deepEqual(problem && { ...problem, message: plain([problem.message])[0] }, {
      code: 'BOOT_FAILED',
      message:
        'expected the image for linux/amd64 to boot on qemu (emulation) and print "ready": its monitor ended with 3 (after N s)',
      hint: 'Its last lines are in the log above. Nothing was published.',
    });
    const at = lines.indexOf('the last lines of the image for linux/amd64:');
    assert.deepEqual(lines.slice(at + 1), ['  | one ', '  | ', '  | no `luck', `  | ${amd64}: oh \\x1b[31m`]);
    assert.deepEqual(plain(summaries), [
      '**The image for ` linux/amd64 ` did not boot** on qemu (emulation): ` its monitor ended with 3 ` after N s\n\n' +
        `\`\`\`\none\n\nno \`luck\n${amd64}: oh \\x1b[31m\n\`\`\`\n\n`,
    ]);
  });

  it('fails without a summary where none is wanted', async (test) => {
    const given = { 'boot-test': 'ready', 'boot-port': '80' };
    const { problems, summaries } = await boot(test, given, {
      programs: { [amd64]: 'exit 3' },
      summary: false,
    });
    assert.deepEqual(summaries, []);
    assert.match(
      problems?.[0]?.message ?? '',
      / and print "ready" and answer \/ on its port 80: its monitor ended/,
    );
  });

  it('says what it waited for: an answer', async (test) => {
    const given = { 'boot-port': '80', 'boot-path': '/x' };
    const { problems } = await boot(test, given, { programs: { [amd64]: 'exit 3' } });
    assert.match(
      problems?.[0]?.message ?? '',
      /\(emulation\) and answer \/x on its port 80: its monitor ended with 3/,
    );
  });

  it('fails as it is where the wish itself is wrong', async (test) => {
    const environment = { BIMA_ACCEL: 'xen' };
    const { problems, warnings } = await boot(test, { 'boot-test': 'ready' }, { programs: {}, environment });
    assert.equal(problems?.[0]?.code, 'INPUT_INVALID');
    assert.match(problems[0].message, /^(?!the image).*the variable BIMA_ACCEL/);
    assert.deepEqual(warnings, []);
  });

  it('ends when its time is over', async (test) => {
    const given = { 'boot-test': 'ready', 'boot-timeout': '1' };
    const { problems } = await boot(test, given, { programs: { [amd64]: 'exec /bin/sleep 100' } });
    assert.equal(problems?.[0]?.code, 'BOOT_FAILED');
    assert.match(problems[0].message, /after 1\.\d s\)$/);
  });
});

describe('a runner without a monitor', { skip }, () => {
  const missing = (program: string): Problem => ({
    code: 'MONITOR_MISSING',
    message: `there is no ${program} on the PATH`,
  });
  const withoutHints = (problems: readonly Problem[] | undefined) =>
    problems?.map(({ code, message, hint = '' }) => {
      assert.match(hint, /\w/);
      return { code, message };
    });

  it('boots the platforms that it can, and warns of the others', async (test) => {
    const { reports, warnings, titles } = await boot(
      test,
      { 'boot-test': 'ready' },
      { programs: { [arm64]: 'echo ready; exec /bin/sleep 100' }, platforms: 'linux/amd64,linux/arm64' },
    );
    const { code, message } = missing(amd64);
    assert.deepEqual(withoutHints(warnings), [
      { code, message: `the image for linux/amd64 was not booted: ${message}` },
    ]);
    assert.deepEqual(
      reports?.map(({ platform, text }) => [platform.architecture, plain([text])[0]]),
      [
        ['amd64', `not booted: ${message}`],
        ['arm64', 'booted on qemu (emulation) in N s'],
      ],
    );
    assert.deepEqual(titles, ['Boot the image for linux/amd64', 'Boot the image for linux/arm64']);
  });

  it('fails where none is there for any platform, as for the first', async (test) => {
    const { problems, warnings } = await boot(
      test,
      { 'boot-test': 'ready' },
      { programs: {}, platforms: 'linux/amd64,linux/arm64' },
    );
    const { message } = missing(amd64);
    assert.deepEqual(withoutHints(problems), [
      { code: 'MONITOR_MISSING', message: `the image for linux/amd64 was not booted: ${message}` },
    ]);
    assert.deepEqual(warnings, []);
  });
});
