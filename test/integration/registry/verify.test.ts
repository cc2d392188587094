// Images and statements at Debian's docker-registry, which has no referrers API and ignores If-Match.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../../../src/cli/run.ts';
import { referrersTag } from '../../../src/core/oci/referrers.ts';
import { parseDigest } from '../../../src/core/oci/digest.ts';
import { startDockerRegistry } from '../../support/docker-registry.ts';
import { sampleContainerfile, sampleContext } from '../../support/sample.ts';
import { bundlesAbout, newKey, runBima } from '../../support/signed-image.ts';
import { unlessInstalled } from '../../support/tools.ts';

async function bima(...args: readonly string[]): Promise<{ code: number; out: string; lines: string }> {
  const [out, lines]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment: {},
    stdout: (line) => out.push(line),
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), lines: lines.join('\n') };
}

async function mustRun(...args: readonly string[]): Promise<string> {
  const { code, out, lines } = await bima(...args);
  assert.equal(code, 0, out + lines);
  return out;
}

/** What the fallback tag of an image lists. */
async function listedAt(host: string, digest: string): Promise<readonly { artifactType?: string }[]> {
  const answer = await fetch(`http://${host}/v2/a/b/manifests/${referrersTag(parseDigest(digest))}`, {
    headers: { accept: 'application/vnd.oci.image.index.v1+json' },
  });
  return ((await answer.json()) as { manifests: { artifactType?: string }[] }).manifests;
}

const quiet = { stdio: 'pipe' } as const;

describe('verify at docker-registry', { skip: unlessInstalled('docker-registry', 'skopeo') }, () => {
  it('finds the record, and reproduces what skopeo copied elsewhere too', async (test) => {
    await using registry = await startDockerRegistry();
    const context = sampleContext(test);
    const name = `${registry.host}/a/b:1`;
    const files = ['--provenance', join(context, '../p.json'), '--sbom', join(context, '../s.json')];
    const digest = await mustRun('build', '--push', '-t', name, '--label=a=b', ...files, context);
    assert.equal((await listedAt(registry.host, digest)).length, 2);
    assert.equal(await mustRun('verify', '--source', context, name), `REPRODUCED ${digest}`);

    // skopeo takes no referrers along: the options have to say what was recorded.
    const copy = join(context, '../copy');
    execFileSync('skopeo', ['copy', '--src-tls-verify=false', `docker://${name}`, `oci:${copy}:1`], quiet);
    assert.equal(
      await mustRun('verify', '--label=a=b', '--source', context, `oci:${copy}:1`),
      `REPRODUCED ${digest}`,
    );
    // Another tool compresses the same content in another way, and keeps our marks, which are void then.
    execFileSync('skopeo', ['copy', '--dest-decompress', `oci:${copy}:1`, `dir:${copy}-plain`], quiet);
    execFileSync('skopeo', ['copy', `dir:${copy}-plain`, `oci:${copy}-9:1`], quiet);
    const { code, out } = await bima('verify', '--label=a=b', '--source', context, `oci:${copy}-9:1`);
    assert.equal(code, 3, out);
    assert.match(out, /same content, other compression: the image has gzip of another tool/);
  });

  it('trap 6: of eight writers of a fallback tag no statement is lost', async (test) => {
    await using registry = await startDockerRegistry();
    const context = sampleContext(test);
    writeFileSync(
      join(context, 'Containerfile'),
      sampleContainerfile.replace('scratch\n', 'scratch\nARG N\n'),
    );
    const build = (writer: number) =>
      mustRun(
        ...['build', '--push', '-t', `${registry.host}/a/b:${writer}`, `--build-arg=N=${writer}`],
        ...['--provenance', join(context, `../${writer}.json`), context],
      );
    const digests = await Promise.all(Array.from({ length: 8 }, (_, writer) => build(writer)));
    assert.equal(new Set(digests).size, 1, 'the argument changes no byte of the image');
    const listed = await listedAt(registry.host, digests[0] ?? '');
    assert.equal(listed.length, 8);
    assert.ok(listed.every(({ artifactType }) => artifactType === 'application/vnd.in-toto+json'));
  });

  it('trap 6: of eight signers of one image no signature is lost, and each takes over its own', async (test) => {
    await using registry = await startDockerRegistry();
    const context = sampleContext(test);
    const place = `${registry.host}/a/b`;
    const keys = Array.from({ length: 8 }, newKey);
    const sign = async (KEY: string, writer: number) => {
      const args = ['build', '--push', '-t', `${place}:${writer}`, '--key=env://KEY', context];
      const { code, out, lines } = await runBima(args, { KEY });
      assert.equal(code, 0, lines);
      return out;
    };
    const [digest = '', ...others] = await Promise.all(keys.map(sign));
    assert.ok(others.every((other) => other === digest));
    const bundles = await bundlesAbout(place, digest);
    assert.equal(bundles.length, 16, 'a signature and a provenance of each');
    await Promise.all(keys.map(sign));
    assert.equal((await bundlesAbout(place, digest)).length, 16);
    assert.equal(await mustRun('verify', '--source', context, `${place}:1`), `REPRODUCED ${digest}`);
  });
});
