// The only importer of the libraries that verify bundles and read repositories of The Update Framework: a bundle of its
// own, loaded when something is verified. Of ours it imports nothing but another importer of a library, so that no class
// exists twice.

import type { TrustedRoot as TrustedRootDocument } from '@sigstore/protobuf-specs';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };

export { bundleFromJSON } from '../../core/trust/bundle-library.ts';
export { TrustedRoot } from '@sigstore/protobuf-specs';
export { toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify';
export { Updater } from 'tuf-js';
export { DownloadHTTPError } from 'tuf-js/dist/error.js';

export type { TrustedRootDocument };

/** The first root of public sigstore's repository, in base64: all later ones follow from it. */
export const sigstoreSeed: string = seeds['https://tuf-repo-cdn.sigstore.dev']['root.json'];
