// The step after the job: removes the private folder, and does nothing else.

import { rm } from 'node:fs/promises';
import { runPostStep } from './post-step.ts';

// Something may hold the folder for a moment, such as a scanner on Windows.
runPostStep((folder) => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
