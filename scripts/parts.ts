// A program as one file in parts. V8 looks at every function of a file before it runs the first line, 10 ms for each
// MB, but passes over comments at once: so each part stands in a comment of its own, and is read out of it when something
// first asks for it. The first part runs at once.
//
// esbuild cuts the parts: what stands behind an `import()` is one, and so is what several of them share.

import { basename } from 'node:path';
import { build, transform } from 'esbuild';
import type { BuildOptions, Metafile } from 'esbuild';

export interface ProgramInParts {
  /** The whole file. It is ASCII: Node reads that faster. */
  readonly text: string;
  readonly metafile: Metafile;
}

/** Stands for the end of a comment within one. */
const commentEnd = '*^^/';

/**
 * @param options of esbuild, with one entry point
 * @throws Error when the sources hold something that the file can't
 */
export async function buildInParts(options: BuildOptions): Promise<ProgramInParts> {
  const { banner = {}, ...others } = options;
  // Only modules can be cut; each is made CommonJS afterwards.
  const result = await build({
    ...others,
    outExtension: {},
    format: 'esm',
    splitting: true,
    write: false,
    metafile: true,
  });
  const parts = await Promise.all(result.outputFiles.map(({ path, text }) => convert(basename(path), text)));
  const [entry] = Object.keys(options.entryPoints ?? {});
  const first = parts.find(({ name }) => name === `${entry}.js`);
  if (first === undefined) throw new Error(`expected a part "${entry}.js", got none`);
  const later = parts.filter((part) => part !== first).map(({ name, text }) => inComment(name, text));
  const text = `${banner.js ?? ''}\n'use strict';\n${loader}({\n${later.join('')}}, require)((require) => {\n${first.text}});\n`;
  return { text, metafile: result.metafile };
}

interface Part {
  readonly name: string;
  readonly text: string;
}

async function convert(name: string, module: string): Promise<Part> {
  // A comment of this kind stays: it says which source the code is from.
  const marked = module.replace(/^\/\/ (?=src\/|node_modules\/)/gm, '//! ');
  const { code } = await transform(marked, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    legalComments: 'inline',
    supported: { 'dynamic-import': false },
  });
  // esbuild writes strings with escapes, and leaves regular expressions as they are.
  const text = code.replace(
    /[^\n\t -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { name, text };
}

function inComment(name: string, text: string): string {
  if (text.includes(commentEnd)) throw new Error(`expected no "${commentEnd}" in ${name}`);
  return `'./${name}'() {/*\n${text.replaceAll('*/', commentEnd)}*/},\n`;
}

/** Gives the first part a `require` that knows the parts. */
const loader = `((parts, builtin) => {
  const loaded = new Map();
  const compile = (name) => {
    const text = parts[name].toString();
    const code = text.slice(text.indexOf('/*') + 2, text.lastIndexOf('*/')).replaceAll('${commentEnd}', '*' + '/');
    const filename = \`bima/\${name.slice(2)}\`;
    return builtin('node:vm').compileFunction(code, ['require', 'module', 'exports'], { filename });
  };
  const load = (name) => {
    if (!Object.hasOwn(parts, name)) return builtin(name);
    let module = loaded.get(name);
    if (module === undefined) {
      module = { exports: {} };
      loaded.set(name, module);
      compile(name)(load, module, module.exports);
    }
    return module.exports;
  };
  return (first) => first(load);
})`;
