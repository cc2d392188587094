// A signing push under faults: a tag stands for an image that is signed, or it has not moved.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRegistryClient } from '../../../src/adapters/registry/client.ts';
import { openSigningTools } from '../../../src/adapters/sigstore/signing-service.ts';
import { BimaError } from '../../../src/core/errors.ts';
import { parseReference } from '../../../src/core/oci/reference.ts';
import { withBlobs } from '../../../src/core/oci/with-blobs.ts';
import { readSigningKey } from '../../../src/core/trust/signing-key.ts';
import { attestImage } from '../../../src/usecases/attest/attest.ts';
import { keySignerOf } from '../../../src/usecases/attest/run-signer.ts';
import { placeIn, signImage } from '../../../src/usecases/attest/sign-image.ts';
import type { SignedImage } from '../../../src/usecases/attest/sign-image.ts';
import { pushImage } from '../../../src/usecases/push/push.ts';
import { repository, startWorld } from '../../support/fault-run.ts';
import type { World } from '../../support/fault-run.ts';
import { onEverything, reply } from '../../support/faults.ts';
import { sampleImage } from '../../support/sample-image.ts';
import { bundlesAbout, newKey } from '../../support/signed-image.ts';

const image = sampleImage({ architectures: ['amd64', 'arm64'], layers: [100] });
const key = readSigningKey(newKey());

/** As the commands and the action do it. */
async function signAndPush(world: Pick<World, 'client' | 'transcript' | 'reference'>): Promise<SignedImage> {
  const { client } = world;
  const { reporter } = world.transcript;
  const references = [parseReference(world.reference(`HOST/${repository}:v2`))];
  const options = { references, created: 0, isToBeSigned: true };
  const { statements } = await attestImage(image.source, image.root, options);
  const [first] = references;
  assert.ok(first !== undefined);
  const places = [placeIn(client.repository(first, { access: 'push' }))];
  const signer = keySignerOf(key, openSigningTools({ reporter }), undefined);
  const signed = await signImage(statements, { signer, places, created: 0, reporter });
  const source = withBlobs(image.source, signed.blobs);
  await pushImage(source, image.root, references, { client, reporter, referrers: signed.referrers });
  return signed;
}

/** As another process does, which knows nothing of the first. */
async function signAgain(world: World): Promise<void> {
  const { reporter } = world.transcript;
  const credentials = { find: () => Promise.resolve(undefined) };
  const client = createRegistryClient({ credentials, reporter, clock: world.clock });
  try {
    await signAndPush({ ...world, client });
  } finally {
    await client.close();
  }
}

async function assertSigned({ registry }: World): Promise<void> {
  for (const { digest } of [image.root, ...image.manifests]) {
    const [bundle, ...others] = await bundlesAbout(`${registry.host}/${repository}`, digest);
    assert.equal(bundle?.predicateType, 'https://sigstore.dev/cosign/sign/v1');
    assert.deepEqual(others, [], 'a run after a failure adds no second one');
  }
}

for (const referrers of [true, false]) {
  describe(`a signing push to a registry that ${referrers ? 'lists' : 'does not list'} referrers`, () => {
    it('moves no tag when it fails, whichever request is the last that is answered; the next run mends it', async () => {
      let answered = 0;
      for (; answered < 200; answered += 1) {
        const fault = { when: onEverything, skip: answered, times: Infinity, act: reply({ status: 500 }) };
        let isBroken = true;
        const when: typeof onEverything = (request) => isBroken && onEverything(request);
        await using world = await startWorld({ registry: { referrers }, faults: [{ ...fault, when }] });
        const error: unknown = await signAndPush(world).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        const tags = world.registry.store.tags(repository);
        if (error === undefined) {
          await assertSigned(world);
          break;
        }
        assert.ok(error instanceof BimaError);
        // The answer to the last request may be all that was lost.
        if (tags.v2 !== undefined) await assertSigned(world);
        isBroken = false;
        await signAgain(world);
        assert.equal(world.registry.store.tags(repository).v2, image.root.digest);
        await assertSigned(world);
      }
      assert.ok(answered > 20 && answered < 200, String(answered));
    });

    it('takes over nothing that another key has signed', async () => {
      await using world = await startWorld({ registry: { referrers } });
      const forger = readSigningKey(newKey());
      const { reporter } = world.transcript;
      const references = [parseReference(world.reference(`HOST/${repository}:v2`))];
      const { statements } = await attestImage(image.source, image.root, {
        references,
        created: 0,
        isToBeSigned: true,
      });
      const other = keySignerOf(forger, openSigningTools({ reporter }), undefined);
      const signed = await signImage(statements, { signer: other, places: [], created: 0, reporter });
      const source = withBlobs(image.source, signed.blobs);
      const { client } = world;
      await pushImage(source, image.root, references, { client, reporter, referrers: signed.referrers });
      const own = await signAndPush(world);
      assert.ok(own.bundles.every(({ isNew }) => isNew));
      const again = await signAndPush(world);
      assert.ok(again.bundles.every(({ isNew }) => !isNew));
      assert.deepEqual(
        again.referrers.map(({ digest }) => digest),
        own.referrers.map(({ digest }) => digest),
      );
    });
  });
}
