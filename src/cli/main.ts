// The command `bima`.

import { runProcess } from './process.ts';
import { run } from './run.ts';

runProcess((terminal) => run(process.argv.slice(2), terminal));
