// The options that say by whom an image has to be signed, for the table of commands.

import type { OptionSpec } from './commands.ts';

export const signerOptions = {
  repo: {
    type: 'string',
    value: 'OWNER/NAME',
    help: 'The image has to be signed by a workflow of this repository on GitHub (also HOST/OWNER/NAME), started by no pull request',
  },
  workflow: {
    type: 'string',
    value: 'PATH',
    help: 'The workflow that was run, such as .github/workflows/image.yml (default: any of the repository)',
  },
  ref: {
    type: 'string',
    value: 'REF',
    help: 'The branch or tag that it was run for (default: main, master or any tag)',
  },
  'signer-workflow': {
    type: 'string',
    value: 'OWNER/NAME/PATH[@REF]',
    help: 'The reusable workflow that signed, if it is of another repository',
  },
  issuer: {
    type: 'string',
    value: 'URL',
    help: "Who vouches for the workflow (default: GitHub's issuer of identity tokens)",
  },
  key: {
    type: 'string',
    value: 'FILE',
    help: 'The image has to be signed with the private key to this public key (PEM)',
  },
  'trusted-root': {
    type: 'string',
    value: 'FILE',
    help: "The authorities and logs to trust, as JSON, and no network for them (default: those of public sigstore or GitHub's own, from their repositories)",
  },
  'trust-config': {
    type: 'string',
    value: 'FILE',
    help: 'The same from the trust configuration of a sigstore of your own (ClientTrustConfig)',
  },
} as const satisfies Record<string, OptionSpec>;
