// The sample of urunc's documentation, with any binary in place of its unikernel.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './folder.ts';

export const sampleContainerfile = `# the FROM instruction will not be parsed
FROM scratch

COPY test-redis.hvt /unikernel/test-redis.hvt
COPY redis.conf /conf/redis.conf

LABEL com.urunc.unikernel.binary=/unikernel/test-redis.hvt
LABEL "com.urunc.unikernel.cmdline"='redis-server /data/conf/redis.conf'
LABEL "com.urunc.unikernel.unikernelType"="rumprun"
LABEL "com.urunc.unikernel.hypervisor"="hvt"
LABEL "com.urunc.unikernel.version"="0.2.0"
`;

/** What its labels become, with the version under both of its names. */
export const sampleLabels = {
  'com.urunc.unikernel.binary': '/unikernel/test-redis.hvt',
  'com.urunc.unikernel.cmdline': 'redis-server /data/conf/redis.conf',
  'com.urunc.unikernel.hypervisor': 'hvt',
  'com.urunc.unikernel.unikernelType': 'rumprun',
  'com.urunc.unikernel.unikernelVersion': '0.2.0',
  'com.urunc.unikernel.version': '0.2.0',
};

/** A context with the sample; `binary` is the path of a file, by default hello for amd64. */
export function sampleContext(
  test: TestContext,
  binary = join(import.meta.dirname, '../../examples/hello/hello-amd64'),
): string {
  const folder = join(temporaryFolder(test), 'context');
  mkdirSync(folder);
  copyFileSync(binary, join(folder, 'test-redis.hvt'));
  writeFileSync(join(folder, 'redis.conf'), 'maxmemory 64mb\n');
  writeFileSync(join(folder, 'Containerfile'), sampleContainerfile);
  return folder;
}

/** The same with 1 MB in the binary's place: two blocks of the compressor, and more than one read. */
export function sampleOfSize(test: TestContext, size = 1_000_000): string {
  const context = sampleContext(test);
  const hello = readFileSync(join(context, 'test-redis.hvt'));
  writeFileSync(join(context, 'test-redis.hvt'), Buffer.alloc(size, hello));
  return context;
}
