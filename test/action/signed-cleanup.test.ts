// Signed previews: pushed by the action, and cleaned up by its other half.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readCleanupInputs } from '../../src/action/cleanup-inputs.ts';
import { runCleanup } from '../../src/action/cleanup-run.ts';
import type { WorkflowEvent } from '../../src/action/event.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { eventFixture } from '../support/events.ts';
import { createFastClock } from '../support/fast-clock.ts';
import { startRegistry } from '../support/registry.ts';
import { runWithLines } from '../support/run-inputs.ts';
import { sampleContext } from '../support/sample.ts';
import { bundlesAbout, newKey } from '../support/signed-image.ts';

const repository = 'own/app';
const server = { GITHUB_SERVER_URL: 'https://github.com' };

/** @param number of the pull request */
async function eventOf(name: string, number = 15): Promise<WorkflowEvent> {
  const event = await eventFixture(name);
  const request = event.payload.pull_request as object;
  return { ...event, payload: { ...event.payload, number, pull_request: { ...request, number } } };
}

async function clean(event: WorkflowEvent, image: string, tags = ''): Promise<string> {
  const given: Readonly<Record<string, string>> = { image, tags };
  const outputs: Record<string, string> = {};
  const nothing = () => undefined;
  await runCleanup(
    readCleanupInputs((name) => given[name] ?? ''),
    {
      environment: server,
      event,
      token: undefined,
      reporter: silentReporter,
      signal: new AbortController().signal,
      clock: createFastClock(),
      runner: {
        ...{
          input: () => '',
          keep: nothing,
          line: nothing,
          debug: nothing,
          annotate: nothing,
          mask: nothing,
        },
        ...{ startGroup: nothing, endGroup: nothing, summarize: nothing },
        output: (name, value) => void (outputs[name] = value),
      },
    },
  );
  return outputs.deleted ?? '';
}

describe('the cleanup of signed previews', () => {
  for (const referrers of [true, false]) {
    const kind = referrers ? 'that keeps referrers' : 'with lists of referrers';
    it(`takes the bundles of a closed pull request alone, in a registry ${kind}`, async (test: TestContext) => {
      await using registry = await startRegistry({ referrers, deletes: 'digests' });
      const { store } = registry;
      const image = `${registry.host}/${repository}`;
      const context = sampleContext(test);
      const inputs = { context, image, push: 'true', attest: 'true', 'attest-key': newKey(), sbom: 'true' };
      const present = () => new Set(store.repository(repository).manifests.keys());
      /** @returns the image, and all that the push has added */
      const push = async (event: WorkflowEvent, more: Readonly<Record<string, string>> = {}) => {
        const before = present();
        const { outputs } = await runWithLines(test, { ...inputs, ...more }, server, undefined, { event });
        const added = [...present()].filter((digest) => !before.has(digest));
        return { digest: outputs.digest ?? '', added };
      };
      const main = await push(await eventFixture('push'));
      const other = await push(await eventOf('pull-request', 16));
      const first = await push(await eventOf('pull-request'), { tags: 'pr-15-amd64' });
      const again = await push(await eventOf('pull-request'), { sbom: 'false' });
      writeFileSync(join(context, 'redis.conf'), 'maxmemory 32mb\n');
      const moved = await push(await eventOf('pull-request'), { tags: 'pr-15-new' });
      assert.equal(first.digest, again.digest);
      const kept = await bundlesAbout(image, main.digest);
      assert.equal(kept.length, 3);
      assert.equal((await bundlesAbout(image, first.digest)).length, 3);

      const closed = await eventOf('pull-request-closed');
      const said = await clean(closed, image, 'pr-15 pr-15-amd64 pr-15-new');
      const own = new Set<Digest>([...first.added, ...again.added, ...moved.added]);
      assert.deepEqual(
        [...present()].filter((digest) => own.has(digest)),
        [],
        said,
      );
      for (const digest of [...main.added, ...other.added]) assert.ok(present().has(digest), digest);
      for (const tag of Object.keys(store.tags(repository))) {
        const subject = tag.startsWith('sha256-') ? tag.replace('-', ':') : undefined;
        assert.ok(
          subject === undefined ? !tag.startsWith('pr-15') : [main.digest, other.digest].includes(subject),
          tag,
        );
      }
      for (const { digest } of [main, other]) assert.equal((await bundlesAbout(image, digest)).length, 3);
      registry.assertRules();
    });
  }
});
