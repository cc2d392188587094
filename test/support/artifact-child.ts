// Uploads one artifact in a process of its own, as the library reads where to from that process's environment.
// Usage: node artifact-child.ts REQUEST (JSON). The last line of its output is the outcome, as JSON.

import { uploadArtifact } from '../../src/action/artifact.ts';
import type { ArtifactRequest, ArtifactWorld } from '../../src/action/artifact.ts';
import { BimaError } from '../../src/core/errors.ts';
import type { Problem } from '../../src/core/errors.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { createFastClock } from './fast-clock.ts';

export interface ArtifactOutcome {
  readonly uploaded?: { readonly id: number; readonly url: string; readonly digest: string };
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  readonly warnings: readonly Problem[];
  /** How often it waited before another attempt. */
  readonly waits: number;
}

const clock = createFastClock();
const warnings: Problem[] = [];
const request = JSON.parse(process.argv[2] ?? '') as ArtifactRequest;
const world: ArtifactWorld = {
  environment: process.env,
  reporter: { ...silentReporter, warning: (problem) => warnings.push(problem) },
  runner: {
    mask: (secret) => {
      console.log(`::add-mask::${secret}`);
    },
  },
  clock,
};
const outcome = await uploadArtifact(request, world).then(
  (uploaded) => (uploaded === undefined ? {} : { uploaded }),
  (error: unknown) => {
    if (!(error instanceof BimaError)) throw error;
    const { code, message, hint } = error;
    return { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
  },
);
const result: ArtifactOutcome = { ...outcome, warnings, waits: clock.sleeps.length };
console.log(JSON.stringify(result));
