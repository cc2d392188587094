// `bima verify --repo` and `--key` of layouts and archives: the signatures are in them, and no registry is asked.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { sampleContext } from '../support/sample.ts';
import { newKey, runBima } from '../support/signed-image.ts';
import { startSigstore } from '../support/sigstore/sigstore.ts';
import type { Sigstore } from '../support/sigstore/sigstore.ts';

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

interface Places {
  readonly context: string;
  readonly at: (name: string) => string;
}

function placesFor(test: TestContext): Places {
  const context = sampleContext(test);
  return { context, at: (name) => join(context, '..', name) };
}

/** The same signed image, and where it is. */
async function build(
  { context, at }: Places,
  signing: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const made: readonly (readonly [output: string, path: string])[] = [
    ['oci', at('layout')],
    ['tar', at('app.oci.tar')],
  ];
  for (const [output, path] of made) {
    const args = ['build', `--output=${output}`, '--dest', path, '-t', 'owner/app:1', ...signing, context];
    const { code, out, lines } = await runBima(args, environment);
    assert.equal(code, 0, out + lines);
  }
  return made.map(([, path]) => path);
}

function writeTrust({ at }: Places, { trustedRoot, trustConfiguration }: Sigstore): void {
  writeFileSync(at('root.json'), JSON.stringify(trustedRoot));
  writeFileSync(at('trust.json'), JSON.stringify(trustConfiguration));
}

function writePublicKey({ at }: Places, name: string, key: string): string {
  writeFileSync(at(name), createPublicKey(key).export({ type: 'spki', format: 'pem' }));
  return at(name);
}

async function exitCode(...args: readonly string[]): Promise<number> {
  return (await runBima(['verify', ...args])).code;
}

describe('bima verify of a layout and of an archive', () => {
  it('finds the signature of a workflow, and whose it is', async (test) => {
    await using sigstore = await startSigstore();
    const places = placesFor(test);
    writeTrust(places, sigstore);
    const signing = ['--attest', '--trust-config', places.at('trust.json')];
    const trust = ['--trusted-root', places.at('root.json'), '--issuer', sigstore.issuer.url];
    for (const path of await build(places, signing, sigstore.issuer.environment())) {
      const { code, out, lines } = await runBima(['verify', ...trust, '--repo', 'owner/app', path]);
      assert.equal(code, 0, out + lines);
      assert.match(out, /^VERIFIED sha256:.*\nsigned by https:.*image\.yml@refs\/heads\/main\n/);
      assert.match(out, /^statements: (?:signature, provenance|provenance, signature)$/m);
      assert.equal(await exitCode(...trust, '--repo', 'owner/other', path), 7);
      assert.equal(await exitCode(...trust, '--repo', 'owner/app', '--ref', 'v1', path), 7);
    }
  });

  it('finds the signature of a key, and no other', async (test) => {
    const places = placesFor(test);
    const KEY = newKey();
    const own = writePublicKey(places, 'own.pub', KEY);
    const other = writePublicKey(places, 'other.pub', newKey());
    for (const path of await build(places, ['--key=env://KEY'], { KEY })) {
      const { code, out, lines } = await runBima(['verify', '--key', own, path]);
      assert.equal(code, 0, out + lines);
      assert.equal(await exitCode('--key', other, path), 8);
    }
  });

  it('says that an image is not signed', async (test) => {
    const places = placesFor(test);
    const key = writePublicKey(places, 'own.pub', newKey());
    for (const path of await build(places, [], {})) assert.equal(await exitCode('--key', key, path), 6);
  });

  it('takes no bundle whose bytes are not those of its digest', async (test) => {
    const places = placesFor(test);
    const KEY = newKey();
    const key = writePublicKey(places, 'own.pub', KEY);
    const [layout = ''] = await build(places, ['--key=env://KEY'], { KEY });
    const blobs = join(layout, 'blobs/sha256');
    const changed = readdirSync(blobs).filter((name) => {
      const text = readFileSync(join(blobs, name), 'latin1');
      if (!text.startsWith(`{"mediaType":"${bundleType}"`)) return false;
      writeFileSync(join(blobs, name), ` ${text}`, 'latin1');
      return true;
    });
    assert.equal(changed.length, 2);
    assert.equal(await exitCode('--key', key, layout), 6);
  });
});
