// Statements that come with a layout to a preview: they name an image that the preview no longer is.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { describeBytes } from '../../src/core/oci/descriptor.ts';
import { hexOf } from '../../src/core/oci/digest.ts';
import { encodeJson } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { startRegistry } from '../support/registry.ts';
import { runWithLines } from '../support/run-inputs.ts';
import { sampleContext } from '../support/sample.ts';
import { documentTypes } from '../support/signed-image.ts';

const statement = 'application/vnd.in-toto+json';
const picture = 'application/vnd.example.picture';
/** A signature of Notation's, which names the digest in what it signs. */
const notation = 'application/vnd.cncf.notary.signature';

interface ListedReferrer {
  readonly artifactType: string;
  readonly digest: string;
}

/** The digest in each statement about the image, as the registry has it. */
async function readAbout(place: string, subject: string) {
  const read = async (what: string) => {
    const answer = await fetch(`${place}/${what}`, { headers: { accept: documentTypes } });
    assert.equal(answer.status, 200, what);
    return await answer.json();
  };
  const { manifests } = (await read(`referrers/${subject}`)) as { manifests: readonly ListedReferrer[] };
  const named: string[] = [];
  for (const { digest, artifactType } of manifests) {
    if (artifactType !== statement) continue;
    const { layers } = (await read(`manifests/${digest}`)) as { layers: readonly { digest: string }[] };
    const document = (await read(`blobs/${layers[0]?.digest ?? ''}`)) as {
      subject: readonly { digest: { sha256: string } }[];
    };
    named.push(`sha256:${document.subject[0]?.digest.sha256 ?? ''}`);
  }
  return { types: manifests.map(({ artifactType }) => artifactType).sort(), named };
}

/** A build with a bill of materials and its provenance, a signature, and something attached that names no digest. */
async function buildLayout(test: TestContext): Promise<{ readonly layout: string; readonly digest: string }> {
  const context = sampleContext(test);
  const layout = join(context, '../layout');
  const given = {
    context,
    sbom: 'true',
    provenance: 'true',
    push: 'false',
    tags: 'a/b:1',
    registry: 'r.example',
  };
  const { outputs } = await runWithLines(test, { ...given, 'oci-layout': layout });
  const path = join(layout, 'index.json');
  const index = JSON.parse(readFileSync(path, 'utf8')) as { manifests: Record<string, unknown>[] };
  const root = index.manifests.find(({ digest }) => digest === outputs.digest);
  const empty = Buffer.from('{}');
  const config = describeBytes('application/vnd.oci.empty.v1+json', empty);
  const { mediaType, digest, size } = root ?? assert.fail();
  writeFileSync(join(layout, 'blobs/sha256', hexOf(config.digest)), empty);
  const attached = [picture, notation].map((artifactType) => {
    const bytes = encodeJson({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType,
      config,
      layers: [config],
      subject: { mediaType, digest, size },
    });
    const descriptor = describeBytes(mediaTypes.manifest, bytes);
    writeFileSync(join(layout, 'blobs/sha256', hexOf(descriptor.digest)), bytes);
    return descriptor;
  });
  // As a tool that says nothing of types.
  const plain = index.manifests.map((one) => ({ ...one, artifactType: undefined }));
  writeFileSync(path, JSON.stringify({ ...index, manifests: [...plain, ...attached] }));
  return { layout, digest: outputs.digest ?? '' };
}

describe('statements that come with a layout', () => {
  const cases = [
    { event: 'push', sbom: 'false', isMoved: false, types: [picture, notation, statement, statement] },
    // What is built for the push of a merged pull request is no preview.
    {
      event: 'pull-request-closed',
      sbom: 'false',
      isMoved: false,
      types: [picture, notation, statement, statement],
    },
    { event: 'pull-request', sbom: 'false', isMoved: true, types: [picture] },
    // This run's own.
    { event: 'pull-request', sbom: 'true', isMoved: true, types: [picture, statement] },
  ];
  for (const { event, sbom, isMoved, types } of cases) {
    const fate = isMoved ? 'stay behind' : 'go along';
    it(`${fate} on ${event}${sbom === 'true' ? ', and are made anew where they are asked for' : ''}`, async (test) => {
      await using registry = await startRegistry({ referrers: true });
      const { layout, digest } = await buildLayout(test);
      const given = { 'from-layout': layout, push: 'true', sbom, tags: `${registry.host}/a/b:1` };
      const { outputs, lines } = await runWithLines(test, given, {}, event);
      assert.equal(outputs.digest !== digest, isMoved);
      const found = await readAbout(`${registry.origin}/v2/a/b`, outputs.digest ?? '');
      assert.deepEqual(found.types, [...types].sort());
      for (const named of found.named) assert.equal(named, outputs.digest);
      assert.equal(
        lines.some((line) => /^signatures and statements .* stay behind: the mark/.test(line)),
        isMoved,
        lines.join('\n'),
      );
      registry.assertRules();
    });
  }
});
