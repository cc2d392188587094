// Builds the committed bundles: `node scripts/build.ts [folder]`, by default into dist/.

import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { BuildOptions, Plugin } from 'esbuild';
import { cleanupInputNames, inputNames } from '../src/action/input-names.ts';
import { collectLicences } from './licences.ts';

const outdir = process.argv[2] ?? 'dist';

await mkdir(outdir, { recursive: true });
const encoder = join(outdir, 'deflate.wasm');
compileEncoder(encoder);

/** Puts the bytes of the compiled encoder in place of the file that reads them. */
const embedEncoder: Plugin = {
  name: 'embed-encoder',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]deflate-module\.ts$/ }, async () => {
      const bytes = (await readFile(encoder)).toString('base64');
      return { contents: `export const readDeflateModule = () => Buffer.from('${bytes}', 'base64');` };
    });
  },
};

/** Puts the names of the inputs in place of the file that reads them. */
const embedInputNames: Plugin = {
  name: 'embed-input-names',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/]input-names\.ts$/ }, () => {
      const names = Object.entries({ inputNames, cleanupInputNames });
      return {
        contents: names.map(([name, list]) => `export const ${name} = ${JSON.stringify(list)};`).join('\n'),
      };
    });
  },
};

/** What only verification and sigstore's own repository need stays out of everybody's way. */
const trustApart: Plugin = {
  name: 'trust-apart',
  setup(bundler) {
    bundler.onResolve({ filter: /\/trust-library\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './trust.cjs', external: true },
    );
  },
};

/** What takes longer to load than all the rest stays out of the action's bundle. */
const apart: Plugin = {
  name: 'apart',
  setup(bundler) {
    for (const [filter, path] of [
      [/\/artifact-library\.ts$/, './artifact.cjs'],
      [/\/octokit\.ts$/, './octokit.cjs'],
      [/\/yaml-library\.ts$/, './yaml.cjs'],
    ] as const) {
      bundler.onResolve({ filter }, ({ kind }) =>
        kind === 'entry-point' ? undefined : { path, external: true },
      );
    }
  },
};

/**
 * Lets the parts of @actions/core that aren't used go, and with them an HTTP client of their own: importing them
 * does nothing, though their package.json doesn't say so.
 */
const leanToolkit: Plugin = {
  name: 'lean-toolkit',
  setup(bundler) {
    bundler.onResolve({ filter: /./ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === leanToolkit || !/[\\/]@actions[\\/]core[\\/]/.test(importer)) return undefined;
      const found = await bundler.resolve(path, { importer, kind, resolveDir, pluginData: leanToolkit });
      return { ...found, sideEffects: false };
    });
  },
};

/** Leaves out how the artifact library unpacks downloads, which never happens here. */
const uploadsOnly: Plugin = {
  name: 'uploads-only',
  setup(bundler) {
    bundler.onResolve({ filter: /^unzip-stream$/ }, ({ path }) => ({ path, namespace: 'unused' }));
    bundler.onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'export default {};' }));
  },
};

const shared: BuildOptions = {
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  // The oldest Node that the command line runs on.
  target: 'node20',
  format: 'cjs',
  // The licences are in a file of their own beside the bundles.
  legalComments: 'none',
  logLevel: 'warning',
};

const results = await Promise.all([
  build({
    ...shared,
    metafile: true,
    entryPoints: { cli: 'src/cli/main.ts' },
    banner: { js: '#!/usr/bin/env node' },
    plugins: [trustApart, embedEncoder],
  }),
  build({
    ...shared,
    metafile: true,
    entryPoints: {
      action: 'src/action/action-main.ts',
      cleanup: 'src/action/cleanup-main.ts',
      post: 'src/action/post.ts',
      setup: 'src/action/setup-main.ts',
    },
    plugins: [apart, trustApart, leanToolkit, embedEncoder, embedInputNames],
  }),
  build({
    ...shared,
    metafile: true,
    entryPoints: { artifact: 'src/action/artifact-library.ts' },
    plugins: [uploadsOnly],
    // A CommonJS bundle has no import.meta, which the library reads where it stands.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  }),
  build({ ...shared, metafile: true, entryPoints: { octokit: 'src/adapters/github/octokit.ts' } }),
  build({ ...shared, metafile: true, entryPoints: { yaml: 'src/core/bunnyfile/yaml-library.ts' } }),
  build({ ...shared, metafile: true, entryPoints: { trust: 'src/adapters/sigstore/trust-library.ts' } }),
]);

const outputs = results.flatMap(({ metafile }) => Object.values(metafile.outputs));
const inputs = outputs.flatMap((output) =>
  Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
);
await writeFile(join(outdir, 'licences.txt'), await collectLicences(inputs));
await chmod(join(outdir, 'cli.cjs'), 0o755);

/** AssemblyScript to WebAssembly. All of its memory is laid out in src/core/deflate/memory.ts: 200 pages hold it. */
function compileEncoder(path: string): void {
  const compiler = 'node_modules/assemblyscript/bin/asc.js';
  const options = [
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--use',
    'abort=',
  ];
  const memory = ['--initialMemory', '200', '--maximumMemory', '200', '--memoryBase', '1024'];
  const args = ['src/core/deflate/encoder.ts', '-o', path, ...options, ...memory];
  execFileSync(process.execPath, [compiler, ...args], { stdio: 'inherit' });
}
