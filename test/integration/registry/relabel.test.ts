// Relabels an image in Debian's docker-registry; skopeo reads what is there then, and what was there before.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { mustRunBima } from '../../support/cli.ts';
import { readTag, startDockerRegistry, storedFromAnother } from '../../support/docker-registry.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { unlessInstalled } from '../../support/tools.ts';

const example = resolve(import.meta.dirname, '../../../examples/hello');
const hypervisor = 'com.urunc.unikernel.hypervisor';

function skopeo(...args: readonly string[]): string {
  return execFileSync('skopeo', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('bima relabel with docker-registry', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('changes an index of two images, of which skopeo copies the new and the old one', async (test) => {
    await using registry = await startDockerRegistry();
    const folder = temporaryFolder(test);
    const name = `${registry.host}/team/hello`;
    const platforms = ['--platform', 'linux/amd64,linux/arm64'];
    const build = await mustRunBima(['build', '--push', '-t', `${name}:1`, ...platforms, example]);
    const old = build.stdout.trim();
    const wanted = await mustRunBima([
      ...['build', '--push', '-t', `${registry.host}/other/hello:1`, ...platforms],
      ...['--label', `${hypervisor}=spt`, example],
    ]);
    const { stdout } = await mustRunBima(['relabel', `${name}:1`, `${hypervisor}=spt`]);
    assert.equal(stdout, wanted.stdout);
    assert.equal(readTag(registry, 'team/hello', '1'), stdout.trim());
    for (const [digest, value] of [
      [stdout.trim(), 'spt'],
      [old, 'qemu'],
    ] as const) {
      const copy = join(folder, value);
      const from = ['--src-tls-verify=false', `docker://${name}@${digest}`];
      skopeo('copy', '--quiet', '--all', ...from, `oci:${copy}:it`);
      for (const architecture of ['amd64', 'arm64']) {
        const override = ['--override-os', 'linux', '--override-arch', architecture];
        const { Labels } = JSON.parse(skopeo(...override, 'inspect', `oci:${copy}:it`)) as {
          Labels: Record<string, string>;
        };
        assert.equal(Labels[hypervisor], value);
      }
    }
  });

  it('moves an image to another repository and name, whose layers are mounted', async () => {
    await using registry = await startDockerRegistry();
    const name = `${registry.host}/team/hello:1`;
    const { stdout: old } = await mustRunBima(['build', '--push', '-t', name, example]);
    const target = `${registry.host}/prod/hello:1.0`;
    const { stdout } = await mustRunBima(['relabel', '--json', '-t', target, name, `${hypervisor}=spt`]);
    const { digest, pushed } = JSON.parse(stdout) as {
      digest: string;
      pushed: { blobs: { stored: string }[] }[];
    };
    const stored = pushed[0]?.blobs.map((blob) => blob.stored).sort();
    assert.deepEqual(stored, [storedFromAnother, 'pushed', 'pushed'].sort());
    assert.equal(readTag(registry, 'prod/hello', '1.0'), digest);
    assert.equal(readTag(registry, 'team/hello', '1'), old.trim());
  });
});
