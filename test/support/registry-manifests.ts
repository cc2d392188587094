// The strict registry's manifests, tags and referrers.

import { digestOf, isDigest } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { isObject } from '../../src/core/oci/json.ts';
import { mediaTypes } from '../../src/core/oci/media-types.ts';
import { problem } from './registry.ts';
import type { Call, RegistryOptions, Reply } from './registry.ts';
import { linksOf } from './registry-store.ts';
import type { Links, RegistryStore, StoredManifest } from './registry-store.ts';

/** The least that a registry must take (distribution-spec, "Pushing Manifests"). */
const maxManifest = 4 * 1024 * 1024;

const acceptable = [
  mediaTypes.index,
  mediaTypes.manifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerManifest,
];

const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export type Handler = (call: Call) => Promise<Reply> | Reply;

export function createManifestHandlers(
  store: RegistryStore,
  options: RegistryOptions,
): Readonly<Record<string, Handler | undefined>> {
  /** What `entries` keeps, by repository and tag. */
  const kept = new Map<string, StoredManifest>();

  async function putManifest(call: Call): Promise<Reply> {
    const { repository, name } = call.endpoint;
    const { headers } = call.record;
    const chunks: Buffer[] = [];
    const whole = await call.read((chunk) => {
      chunks.push(chunk);
    });
    if (headers['content-length'] === undefined) call.violate('content-length-missing');
    if (!whole) return problem(400, 'SIZE_INVALID');
    const bytes = Buffer.concat(chunks);
    if (bytes.length > maxManifest) return problem(413, 'SIZE_INVALID', 'the manifest is too large');

    let links: Links;
    try {
      links = linksOf(bytes);
    } catch {
      call.violate('manifest-invalid');
      return problem(400, 'MANIFEST_INVALID');
    }
    if (links.mediaType === undefined || headers['content-type'] !== links.mediaType) {
      call.violate('manifest-content-type');
    }
    const digest = digestOf(bytes);
    if (isDigest(name) && name !== digest) {
      call.violate('manifest-digest');
      return problem(400, 'DIGEST_INVALID');
    }
    const missing = findMissing(call, repository, links);
    if (missing.length > 0) return missingReply(missing);

    const queryTags = call.query.getAll('tag');
    if ([...call.query.keys()].some((key) => key !== 'tag')) call.violate('manifest-query');
    if (queryTags.length > 0 && !isDigest(name)) call.violate('tag-query-with-tag');
    if (queryTags.some((tag) => !tagPattern.test(tag))) call.violate('tag-invalid');
    const tags = isDigest(name) ? queryTags.slice(0, options.queryTags ?? 0) : [name];

    const repo = store.repository(repository);
    const refused = tags
      .map((tag) => checkTag(call, repo.tags.get(tag), tag))
      .find((reply) => reply !== undefined);
    if (refused !== undefined) return refused;
    repo.manifests.set(digest, { mediaType: links.mediaType ?? mediaTypes.manifest, bytes });
    for (const tag of tags) repo.tags.set(tag, digest);
    const subjectHeader = options.subjectHeader ?? options.referrers ?? false;
    return {
      status: 201,
      headers: {
        location: `/v2/${repository}/manifests/${digest}`,
        'docker-content-digest': digest,
        'content-length': 0,
        ...(isDigest(name) && tags.length > 0 ? { 'oci-tag': tags } : {}),
        ...(links.subject !== undefined && subjectHeader ? { 'oci-subject': links.subject } : {}),
      },
    };
  }

  function findMissing(call: Call, repository: string, links: Links): { digest: Digest; code: string }[] {
    const { blobs, manifests } = store.repository(repository);
    const lacking = [
      ...links.blobs
        .filter((link) => blobs.get(link.digest)?.size !== link.size)
        .map(({ digest }) => ({ digest, code: 'MANIFEST_BLOB_UNKNOWN' })),
      ...links.manifests
        .filter((link) => manifests.get(link.digest)?.bytes.length !== link.size)
        .map(({ digest }) => ({ digest, code: 'MANIFEST_UNKNOWN' })),
    ];
    if (lacking.length > 0) call.violate('manifest-before-content');
    return lacking;
  }

  function checkTag(call: Call, current: Digest | undefined, tag: string): Reply | undefined {
    const { headers } = call.record;
    // ECR refuses an immutable tag even with the digest that it has.
    if (options.immutableTags === true && current !== undefined) {
      return problem(400, 'TAG_INVALID', `The image tag '${tag}' already exists and is immutable.`);
    }
    const wanted = headers['if-match'];
    if (wanted !== undefined && wanted !== `"${current ?? ''}"`) return problem(412, 'PRECONDITION_FAILED');
    if (headers['if-none-match'] === '*' && current !== undefined) return problem(412, 'PRECONDITION_FAILED');
    return undefined;
  }

  function readManifest(call: Call): Reply {
    const { repository, name } = call.endpoint;
    const accept = (call.record.headers.accept ?? '').split(',').map((type) => type.trim().split(';')[0]);
    if (!acceptable.every((type) => accept.includes(type))) call.violate('manifest-accept');
    if (call.query.size > 0) call.violate('manifest-query');
    const repo = store.repository(repository);
    const digest = isDigest(name) ? name : repo.tags.get(name);
    const manifest =
      digest === undefined ? undefined : (repo.manifests.get(digest) ?? kept.get(`${repository}:${name}`));
    if (manifest === undefined) return problem(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    return {
      status: 200,
      headers: {
        // Parameters are allowed here, and clients have to look past them.
        'content-type': `${manifest.mediaType}; charset=utf-8`,
        'content-length': manifest.bytes.length,
        'docker-content-digest': digest,
        etag: `"${digest ?? ''}"`,
      },
      body: manifest.bytes,
    };
  }

  function deleteManifest(call: Call): Reply {
    const { repository, name } = call.endpoint;
    const { deletes = 'none' } = options;
    if (call.query.size > 0) call.violate('manifest-query');
    const { manifests, tags } = store.repository(repository);
    const digest = isDigest(name) ? name : tags.get(name);
    if (deletes === 'none') return problem(405, 'UNSUPPORTED', 'The operation is unsupported.');
    if (deletes === 'digests' && !isDigest(name)) return problem(400, 'DIGEST_INVALID');
    const isKept = kept.delete(`${repository}:${name}`);
    const manifest = digest === undefined ? undefined : manifests.get(digest);
    if (digest === undefined || (manifest === undefined && !isKept)) return problem(404, 'MANIFEST_UNKNOWN');
    const own = [...tags].filter(([, target]) => target === digest).map(([tag]) => tag);
    if (!isDigest(name) && deletes !== 'whole') tags.delete(name);
    else if (deletes === 'untagged' && own.length > 0) {
      return problem(400, 'GOOGLE_MANIFEST_DANGLING_TAG', 'Manifest is still referenced by tags');
    } else {
      for (const tag of own) {
        if (deletes === 'entries' && manifest !== undefined) kept.set(`${repository}:${tag}`, manifest);
        else tags.delete(tag);
      }
      manifests.delete(digest);
    }
    return { status: 202, headers: { 'content-length': 0 } };
  }

  function listTags(call: Call): Reply {
    const { repository } = call.endpoint;
    const all = [...store.repository(repository).tags.keys()].sort();
    const last = call.query.get('last');
    const rest = last === null ? all : all.filter((tag) => tag > last);
    const wanted = Number(call.query.get('n') ?? 100);
    if (wanted > 1000) call.violate('tags-page-too-large');
    const limit = Math.min(wanted, options.tagsPerPage ?? 100);
    const tags = rest.slice(0, limit);
    const next =
      rest.length > limit ? `/v2/${repository}/tags/list?n=${limit}&last=${tags.at(-1) ?? ''}` : undefined;
    const link = (options.links ?? linkOf)(next);
    return {
      status: 200,
      headers: { 'content-type': 'application/json', ...(link === undefined ? {} : { link }) },
      body: JSON.stringify({ name: repository, tags }),
    };
  }

  function listReferrers(call: Call): Reply {
    if (options.referrers !== true) return problem(404, 'NOT_FOUND', 'no referrers here');
    const { repository, name } = call.endpoint;
    const manifests = [...store.repository(repository).manifests]
      .filter(([, { bytes }]) => linksOf(bytes).subject === name)
      .map(([digest, { bytes, mediaType }]) => ({
        mediaType,
        digest,
        size: bytes.length,
        ...aboutOf(bytes),
      }));
    const wanted = call.query.get('artifactType');
    return {
      status: 200,
      headers: {
        'content-type': mediaTypes.index,
        ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      },
      body: JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: manifests.filter(({ artifactType }) => wanted === null || artifactType === wanted),
      }),
    };
  }

  return {
    'PUT manifest': putManifest,
    'GET manifest': readManifest,
    'HEAD manifest': readManifest,
    'DELETE manifest': deleteManifest,
    'GET tags': listTags,
    'GET referrers': listReferrers,
  };
}

function linkOf(path: string | undefined): string | undefined {
  return path === undefined ? undefined : `<${path}>; rel="next"`;
}

function missingReply(missing: readonly { digest: Digest; code: string }[]): Reply {
  return {
    status: missing.every(({ code }) => code === 'MANIFEST_UNKNOWN') ? 404 : 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      errors: missing.map(({ digest, code }) => ({ code, message: 'content unknown', detail: { digest } })),
    }),
  };
}

function aboutOf(bytes: Buffer): { artifactType?: unknown; annotations?: unknown } {
  const document: unknown = JSON.parse(bytes.toString());
  if (!isObject(document)) return {};
  const config = isObject(document.config) ? document.config.mediaType : undefined;
  const artifactType = document.artifactType ?? config;
  const { annotations } = document;
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
