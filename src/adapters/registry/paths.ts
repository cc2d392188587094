// The paths of the distribution API.

/** How many tags a page is asked to have. ECR takes no more. */
export const tagsPerPage = 1000;

/** The API's paths (distribution-spec, "Endpoints"). */
export const paths = {
  ping: '/v2/',
  manifest: (repository: string, reference: string) => `/v2/${repository}/manifests/${reference}`,
  blob: (repository: string, digest: string) => `/v2/${repository}/blobs/${digest}`,
  uploads: (repository: string) => `/v2/${repository}/blobs/uploads/`,
  mount: (repository: string, digest: string, from: string) =>
    `/v2/${repository}/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`,
  tags: (repository: string, last?: string) =>
    `/v2/${repository}/tags/list?n=${tagsPerPage}${last === undefined ? '' : `&last=${encodeURIComponent(last)}`}`,
  referrers: (repository: string, digest: string) => `/v2/${repository}/referrers/${digest}`,
} as const;
