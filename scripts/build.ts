// Builds the committed bundles: `node scripts/build.ts [folder]`, by default into dist/.

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { collectLicences } from './licences.ts';

const outdir = process.argv[2] ?? 'dist';

const { metafile } = await build({
  entryPoints: { cli: 'src/cli/main.ts' },
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  // The oldest Node that the command line runs on.
  target: 'node20',
  format: 'cjs',
  banner: { js: '#!/usr/bin/env node' },
  // The licences are in a file of their own beside the bundles.
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});

await mkdir(outdir, { recursive: true });
await writeFile(join(outdir, 'licences.txt'), await collectLicences(Object.keys(metafile.inputs)));
await chmod(join(outdir, 'cli.cjs'), 0o755);
