// The one importer of sigstore's library of bundles, which only a run that signs needs: it is loaded then.

export { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
