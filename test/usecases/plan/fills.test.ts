// What an image of unikraft.org's catalog knows when it is the base.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { examine } from '../../../src/usecases/plan/plan.ts';
import type { PlanFindings, PlanOptions } from '../../../src/usecases/plan/plan.ts';
import { baseLayout } from '../../support/base-image.ts';
import { localImages } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { bootable, elf } from '../../support/headers.ts';

async function plan(
  test: TestContext,
  lines: readonly string[],
  options: Partial<PlanOptions> = {},
): Promise<PlanFindings> {
  const context = join(
    temporaryFolder(test, {
      'context/Containerfile': ['FROM --platform=qemu/amd64 oci:../base', ...lines].join('\n'),
    }),
    'context',
  );
  await baseLayout(join(context, '../base'), [
    {
      os: 'qemu',
      layers: [
        [
          { path: 'unikraft/bin/kernel', content: bootable(elf(64, 'little', 62)) },
          { path: 'unikraft/bin/initrd', content: '070701' },
        ],
      ],
      annotations: { 'org.unikraft.kernel.version': '0.17.0', 'org.unikraft.kernel.plat': 'qemu' },
    },
  ]);
  return examine({ context, labels: [], strict: true, images: localImages(test, context), ...options });
}

const key = (name: string) => `com.urunc.unikernel.${name}`;

describe('labels from a base image of the catalog', () => {
  it('are all that it knows, each said', async (test) => {
    const { plan: planned, errors, notes } = await plan(test, ['CMD ["a"]']);
    assert.deepEqual(errors, []);
    assert.deepEqual(planned?.labels, {
      [key('binary')]: '/unikraft/bin/kernel',
      [key('cmdline')]: 'a',
      [key('hypervisor')]: 'qemu',
      [key('initrd')]: '/unikraft/bin/initrd',
      [key('unikernelType')]: 'unikraft',
      [key('unikernelVersion')]: '0.17.0',
      [key('version')]: '0.17.0',
    });
    const said = notes.filter((note) => note.startsWith('filled'));
    assert.equal(said.length, 5);
    assert.ok(
      said.every((note) => note.endsWith('from the base image "oci:../base"')),
      said.join('\n'),
    );
  });

  it('never replace what is given', async (test) => {
    const { plan: planned } = await plan(test, ['CMD ["a"]', `LABEL ${key('hypervisor')}=firecracker`]);
    assert.equal(planned?.labels[key('hypervisor')], 'firecracker');
  });

  it('stay missing without fill', async (test) => {
    const { errors } = await plan(test, ['CMD ["a"]'], { fill: false });
    assert.ok(
      errors.some(({ code }) => code === 'LABEL_MISSING'),
      'the labels are missing',
    );
  });
});
