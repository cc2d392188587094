// Keys to sign with, and what a registry holds of signatures.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { run } from '../../src/cli/run.ts';
import { parseDigest } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';

/** A private key in PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  /** What was said besides. */
  readonly lines: string;
}

/** Runs the command line in this process. */
export async function runBima(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const [out, lines]: [string[], string[]] = [[], []];
  const code = await run(args, {
    environment,
    stdout: (line) => out.push(line),
    stderr: (line) => lines.push(line),
    stdin: () => Promise.resolve(''),
    home: '/nowhere',
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), lines: lines.join('\n') };
}

export interface FoundBundle {
  readonly manifest: Digest;
  readonly subject: Digest;
  readonly predicateType: string;
  /** As the list of referrers shows it. */
  readonly listedType: string | undefined;
  readonly bytes: Buffer;
  readonly statement: {
    readonly predicateType: string;
    readonly subject: readonly { readonly digest: { readonly sha256: string } }[];
    readonly predicate: unknown;
  };
}

/** What a client says that it takes. */
export const documentTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

interface ListedManifest {
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface BundleManifest {
  readonly artifactType: string;
  readonly config: { readonly mediaType: string };
  readonly subject: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly mediaType: string }[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The bundles about a manifest, as somebody finds them who knows nothing but the specifications. */
export async function bundlesAbout(place: string, subject: string): Promise<readonly FoundBundle[]> {
  const [host = '', ...path] = place.split('/');
  const origin = `http://${host}/v2/${path.join('/')}`;
  const read = async (what: string) => fetch(`${origin}/${what}`, { headers: { accept: documentTypes } });
  let answer = await read(`referrers/${subject}`);
  if (answer.status === 404) answer = await read(`manifests/${subject.replace(':', '-')}`);
  if (answer.status === 404) return [];
  assert.equal(answer.status, 200);
  const { manifests } = (await answer.json()) as { manifests: readonly ListedManifest[] };
  const found: FoundBundle[] = [];
  for (const { digest, artifactType, annotations } of manifests) {
    if (artifactType !== 'application/vnd.dev.sigstore.bundle.v0.3+json') continue;
    const manifest = (await (await read(`manifests/${digest}`)).json()) as BundleManifest;
    assert.equal(manifest.artifactType, artifactType);
    assert.equal(manifest.config.mediaType, 'application/vnd.oci.empty.v1+json');
    assert.equal(manifest.subject.digest, subject);
    assert.equal(manifest.annotations['dev.sigstore.bundle.content'], 'dsse-envelope');
    const [layer, ...others] = manifest.layers;
    assert.ok(layer?.mediaType === artifactType && others.length === 0);
    const bytes = Buffer.from(await (await read(`blobs/${layer.digest}`)).arrayBuffer());
    const { dsseEnvelope } = JSON.parse(bytes.toString()) as { dsseEnvelope: { payload: string } };
    const statement = JSON.parse(
      Buffer.from(dsseEnvelope.payload, 'base64').toString(),
    ) as FoundBundle['statement'];
    const { predicateType } = statement;
    assert.equal(manifest.annotations['dev.sigstore.bundle.predicateType'], predicateType);
    assert.equal(`sha256:${statement.subject[0]?.digest.sha256 ?? ''}`, subject, 'it is about its subject');
    const listedType = annotations?.['dev.sigstore.bundle.predicateType'];
    found.push({
      manifest: parseDigest(digest),
      subject: parseDigest(subject),
      predicateType,
      listedType,
      bytes,
      statement,
    });
  }
  return found;
}
