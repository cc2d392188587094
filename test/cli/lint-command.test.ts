import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run } from '../../src/cli/run.ts';
import type { Problem } from '../../src/core/errors.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootable, elf } from '../support/headers.ts';

const containerfile = `FROM scratch
ARG NAME=kernel
COPY $NAME-$TARGETARCH /kernel
LABEL com.urunc.unikernel.binary=/kernel
LABEL com.urunc.unikernel.unikernelType=unikraft
LABEL com.urunc.unikernel.hypervisor=qemu
LABEL com.urunc.unikernel.cmdline=a
LABEL com.urunc.unikernel.version=1
`;

async function lint(context: string, ...options: readonly string[]) {
  const lines: string[] = [];
  const code = await run(['lint', '--json', ...options, context], {
    environment: { NAME: 'app' },
    stdout: (line) => lines.push(line),
    stderr: () => undefined,
    stdin: () => Promise.resolve(''),
    home: '/nonexistent',
    signal: new AbortController().signal,
  });
  return { code, problems: JSON.parse(lines.join('\n')) as Problem[] };
}

describe('bima lint for several platforms', () => {
  const files = {
    'kernel-amd64': bootable(elf(64, 'little', 62)),
    'kernel-arm64': elf(64, 'little', 183),
    'app-amd64': elf(64, 'little', 62),
    Containerfile: containerfile,
  };

  it('finds nothing where all is well', async (test) => {
    const context = temporaryFolder(test, files);
    const options = ['--platform', 'linux/amd64,linux/arm64'];
    assert.deepEqual(await lint(context, ...options), { code: 0, problems: [] });
  });

  it('names the platform that lacks a file, with arguments of the environment too', async (test) => {
    const context = temporaryFolder(test, files);
    const options = ['--platform', 'linux/amd64', '--platform', 'linux/arm64', '--build-arg', 'NAME'];
    const { code, problems } = await lint(context, ...options);
    assert.equal(code, 1);
    const errors = problems.filter((problem) => problem.code === 'CONTEXT_PATH');
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['"app-arm64" is not in the context (for linux/arm64)'],
    );
  });
});
