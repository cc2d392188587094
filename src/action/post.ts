// The step after the job: removes the private folder, and does nothing else.

import { rm } from 'node:fs/promises';
import { runPostStep } from './post-step.ts';

// The folder may be in use for a moment, by a scanner on Windows for example.
runPostStep((folder) => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
