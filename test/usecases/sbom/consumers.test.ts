// Bills of materials before those who read them: syft, which turns them into its own form and into CycloneDX's, and the
// checker of NTIA's minimum elements. Optional: BIMA_TEST_SYFT and BIMA_TEST_NTIA_CHECKER name the programs
// (github.com/anchore/syft/cmd/syft by `go install`, and ntia-conformance-checker from PyPI).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openLayout } from '../../../src/adapters/disk/layout.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { Digest } from '../../../src/core/oci/digest.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { createSbom } from '../../../src/usecases/sbom/sbom.ts';
import { baseLayout } from '../../support/base-image.ts';
import { buildContext } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { elf, image, little } from '../../support/headers.ts';
import { extraPrefix } from '../../support/tools.ts';
import { unikraftElf } from '../../support/unikraft-elf.ts';

const [syft, checker] = [process.env.BIMA_TEST_SYFT, process.env.BIMA_TEST_NTIA_CHECKER];

interface Sample {
  readonly kernel: Uint8Array;
  readonly labels: Readonly<Record<string, string>>;
  /** Names, versions and CPEs that a consumer finds in the image. */
  readonly found: readonly string[];
  readonly purls: readonly string[];
  readonly licences?: readonly string[];
}

const cpe = (product: string, version: string) => `cpe:2.3:${product}:${version}:*:*:*:*:*:*:*`;

const samples: Readonly<Record<string, Sample>> = {
  'a Unikraft kernel with its libraries': {
    kernel: unikraftElf({
      libraries: [
        ['libmusl', '1.2.3', 'MIT'],
        ['libvfscore', '', 'BSD-3-Clause'],
        ['libodd', '0.1', 'do what you want'],
      ],
    }),
    labels: { unikernelType: 'unikraft', hypervisor: 'qemu', version: '0.17.0' },
    found: [
      `unikraft 0.17.0 ${cpe('a:unikraft:unikraft', '0.17.0')}`,
      ...['libmusl 1.2.3', 'libvfscore 0.17.0', 'libodd 0.1'],
    ],
    purls: ['pkg:github/unikraft/unikraft@RELEASE-0.17.0', 'pkg:generic/libmusl@1.2.3'],
    licences: ['MIT', 'BSD-3-Clause'],
  },
  'a unikernel of MirageOS': {
    kernel: elf(64, 'little', 62),
    labels: { unikernelType: 'mirage', hypervisor: 'hvt', version: '4.5.0' },
    found: [`mirage 4.5.0 ${cpe('a:mirage:mirage', '4.5.0')}`],
    purls: ['pkg:github/mirage/mirage@v4.5.0'],
  },
  'a kernel of Debian': {
    kernel: image(4096, {
      0x1f1: [4],
      0x202: 'HdrS',
      0x206: little(0x20f, 2),
      0x20e: little(0x400, 2),
      0x600: '6.1.0-50-cloud-amd64 (d@e) #1 SMP PREEMPT_DYNAMIC Debian 6.1.187-1 (2026-01-01)\0',
    }),
    labels: { unikernelType: 'linux', hypervisor: 'qemu', version: '6.1' },
    found: [`linux 6.1.0-50-cloud-amd64 ${cpe('o:linux:linux_kernel', '6.1.187')}`],
    purls: ['pkg:deb/debian/linux-image-6.1.0-50-cloud-amd64@6.1.187-1?arch=amd64'],
  },
};

/** The path of a bill of materials for an image that is built on another one, and has a file of a third. */
async function writeSample(test: TestContext, { kernel, labels }: Sample): Promise<string> {
  const folder = temporaryFolder(test);
  await baseLayout(join(folder, 'base'), [{ layers: [[{ path: 'lower', content: '1' }]] }]);
  await baseLayout(join(folder, 'tools'), [{ layers: [[{ path: 'tool', content: '2' }]] }]);
  const pairs = Object.entries({ binary: '/kernel', cmdline: '/a', ...labels });
  const context = temporaryFolder(test, {
    kernel,
    Containerfile: [
      `FROM oci:${join(folder, 'base')}`,
      `COPY --from=oci:${join(folder, 'tools')} /tool /tool`,
      'COPY kernel /kernel',
      ...pairs.map(([name, value]) => `LABEL com.urunc.unikernel.${name}=${value}`),
    ].join('\n'),
  });
  const built = await buildContext(test, context);
  const bytes = await createSbom(await openLayout(built.layout), built.image.entry as Descriptor, {
    references: [parseReference('ghcr.io/owner/app:1')],
    created: 1_700_000_000,
    toolVersion: '1.2.3',
    owner: 'nubificus',
    origins: new Map([[built.image.manifest.config.digest as Digest, built.origins]]),
    folder: join(folder, 'unikernels'),
  });
  const path = join(folder, 'sbom.spdx.json');
  writeFileSync(path, bytes);
  return path;
}

interface SyftModel {
  readonly source: { readonly name: string; readonly version: string; readonly supplier: string };
  readonly artifacts: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly cpes: readonly { readonly cpe: string }[];
    readonly licenses: readonly { readonly value: string }[];
  }[];
}

interface CycloneModel {
  readonly components: readonly { readonly type: string; readonly name: string; readonly purl?: string }[];
}

describe('syft', { skip: syft === undefined && `${extraPrefix} syft in BIMA_TEST_SYFT` }, () => {
  const convert = (path: string, form: string): unknown =>
    JSON.parse(
      execFileSync(syft ?? '', ['convert', '--quiet', path, '-o', form], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, SYFT_CHECK_FOR_APP_UPDATE: 'false' },
      }),
    );

  for (const [name, sample] of Object.entries(samples)) {
    it(`finds ${name}, and the images that it is packed with`, async (test) => {
      const path = await writeSample(test, sample);
      const { artifacts, source } = convert(path, 'syft-json') as SyftModel;
      assert.deepEqual(
        { name: source.name, version: source.version, supplier: source.supplier },
        { name: 'ghcr.io/owner/app', version: '1', supplier: 'nubificus' },
      );
      const found = artifacts.map(({ cpes, ...each }) =>
        [each.name, each.version, ...cpes.map((own) => own.cpe)].join(' '),
      );
      for (const text of sample.found) assert.ok(found.includes(text), `${text} in ${found.join(', ')}`);
      assert.equal(artifacts.length, sample.found.length + 2);
      const purls = artifacts.map(({ purl }) => purl);
      for (const purl of sample.purls) assert.ok(purls.includes(purl), `${purl} in ${purls.join(', ')}`);
      assert.equal(purls.filter((purl) => /^pkg:oci\/(?:base|tools)@sha256/.test(purl)).length, 2);
      const licences = artifacts.flatMap(({ licenses }) => licenses.map(({ value }) => value));
      for (const licence of sample.licences ?? []) assert.ok(licences.includes(licence), licence);
    });

    it(`makes CycloneDX of ${name}`, async (test) => {
      const { components } = convert(await writeSample(test, sample), 'cyclonedx-json') as CycloneModel;
      for (const text of sample.found)
        assert.ok(
          components.some((component) => component.type !== 'file' && text.startsWith(`${component.name} `)),
          text,
        );
    });
  }
});

describe(
  "the checker of NTIA's minimum elements",
  { skip: checker === undefined && `${extraPrefix} ntia-checker in BIMA_TEST_NTIA_CHECKER` },
  () => {
    for (const [name, sample] of Object.entries(samples)) {
      it(`misses nothing for ${name}`, async (test) => {
        const path = await writeSample(test, sample);
        // It also validates the document by SPDX' own library.
        const report = JSON.parse(
          execFileSync(checker ?? '', ['--output', 'json', path], { encoding: 'utf8' }),
        ) as Readonly<Record<string, unknown>>;
        assert.equal(report.isConformant, true, JSON.stringify(report, null, 2));
      });
    }
  },
);
