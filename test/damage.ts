// Damages kernels, initrds and disks at random, and has all of it read: `npm run test:damage [count [seed]]`, a million
// by default. `npm run test:unit` does some thousands of them.

import { spawnSync } from 'node:child_process';

const [count = '1000000', seed = new Date().toISOString()] = process.argv.slice(2);
const env = { ...process.env, BIMA_DAMAGE: count, BIMA_DAMAGE_SEED: seed };
console.log(`${count} mutations by the seed "${seed}"`);
const test = 'test/core/unikernel/damage.test.ts';
const { status } = spawnSync(process.execPath, ['test/run.ts', '--unit', test], { env, stdio: 'inherit' });
process.exitCode = status ?? 1;
