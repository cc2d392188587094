// Plain requests to a registry, as anybody can make them: written from the distribution specification and not from src.

import { createHash } from 'node:crypto';
import { isObject } from '../../src/core/oci/json.ts';
import type { JsonObject } from '../../src/core/oci/json.ts';

const indexType = 'application/vnd.oci.image.index.v1+json';

export interface RegistryPlace {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly repository: string;
}

export interface StoredManifest {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly document: JsonObject;
}

/** @param reference a tag or a digest. @returns undefined when there is none */
export async function getManifest(
  place: RegistryPlace,
  reference: string,
): Promise<StoredManifest | undefined> {
  const accept = `${indexType}, application/vnd.oci.image.manifest.v1+json`;
  const response = await fetch(urlOf(place, `manifests/${reference}`), { headers: { accept } });
  if (response.status === 404) return undefined;
  return readStored(response);
}

export async function getBlob(place: RegistryPlace, digest: string): Promise<Buffer> {
  const response = await fetch(urlOf(place, `blobs/${digest}`));
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Descriptors of what refers to a digest, by the referrers API, or by the tag that stands in for it. */
export async function getReferrers(place: RegistryPlace, digest: string): Promise<readonly JsonObject[]> {
  const response = await fetch(urlOf(place, `referrers/${digest}`));
  const list = response.ok
    ? (await readStored(response)).document
    : (await getManifest(place, digest.replace(':', '-')))?.document;
  const { manifests } = list ?? {};
  return Array.isArray(manifests) ? manifests.filter(isObject) : [];
}

/** Puts a manifest there that refers to another, and lists it by tag in a registry that has no list of its own. */
export async function putReferrer(place: RegistryPlace, document: JsonObject): Promise<void> {
  const { mediaType, artifactType, annotations, subject } = document;
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  const answer = await put(place, digest, String(mediaType), bytes);
  if (answer.headers.has('oci-subject')) return;
  const of = isObject(subject) ? String(subject.digest) : '';
  const descriptor = { mediaType, digest, size: bytes.length, artifactType, annotations };
  const manifests = [...(await getReferrers(place, of)), descriptor];
  const list = { schemaVersion: 2, mediaType: indexType, manifests };
  await put(place, of.replace(':', '-'), indexType, Buffer.from(JSON.stringify(list)));
}

async function put(place: RegistryPlace, reference: string, type: string, bytes: Buffer): Promise<Response> {
  const url = urlOf(place, `manifests/${reference}`);
  const headers = { 'content-type': type, 'content-length': String(bytes.length) };
  const response = await fetch(url, { method: 'PUT', headers, body: Uint8Array.from(bytes) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}

async function readStored(response: Response): Promise<StoredManifest> {
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const document: unknown = JSON.parse(bytes.toString());
  if (!isObject(document)) throw new Error(`${response.url}: no object`);
  return { digest: digestOf(bytes), bytes, document };
}

function urlOf({ host, repository }: RegistryPlace, path: string): string {
  return `http://${host}/v2/${repository}/${path}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
