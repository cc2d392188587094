// The command line is one file in parts, of which each run compiles those that it needs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { compileFunction } from 'node:vm';
import { bundle } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { skipPrefix, unlessInstalled } from '../support/tools.ts';

/** The `script` of other systems takes other options. */
const skipWithoutTerminal =
  process.platform === 'linux' ? unlessInstalled('script') : `${skipPrefix} Linux`;

const text = readFileSync(bundle, 'utf8');
const parts = new Map(
  [...text.matchAll(/^'\.\/([^']+)'\(\) \{\/\*\n(.*?)\*\/\},$/gms)].map(([, name = '', code = '']) => [
    name,
    code.replaceAll('*^^/', '*/'),
  ]),
);

/** The sources of the parts that a command compiles, as their comments name them. */
function sourcesOf(test: TestContext, args: readonly string[]): string {
  const folder = temporaryFolder(test);
  const [probe, list] = [join(folder, 'probe.cjs'), join(folder, 'list')];
  writeFileSync(
    probe,
    `const vm = require('node:vm');
      const { compileFunction } = vm;
      vm.compileFunction = (code, names, options) => {
        require('node:fs').appendFileSync(${JSON.stringify(list)}, code);
        return compileFunction(code, names, options);
      };`,
  );
  execFileSync(process.execPath, ['--require', probe, bundle, ...args], { stdio: 'ignore' });
  return [...readFileSync(list, 'utf8').matchAll(/^\/\/! (.*)$/gm)].map(([, name]) => name).join('\n');
}

describe('the parts of dist/cli.cjs', () => {
  it('are all there, and are programs', () => {
    assert.ok(parts.size > 20);
    for (const [name, code] of parts) {
      compileFunction(code, ['require', 'module', 'exports']);
      for (const [, other = ''] of code.matchAll(/\brequire\("\.\/([^"]+)"\)/g))
        assert.ok(parts.has(other), `${name} asks for ${other}`);
    }
  });

  it('are ASCII, which Node reads faster', () => {
    assert.doesNotMatch(text, /[^\n\t -~]/);
  });

  const example = resolve(import.meta.dirname, '../../examples/hello');
  const rows: [args: string[], needed: RegExp, unused: RegExp][] = [
    [['--help'], /^src\/cli\/commands\.ts$/m, /node_modules|src\/usecases/],
    [['lint', example], /^src\/usecases\/plan\/plan\.ts$/m, /node_modules|adapters\/(?:registry\/client|containerd)/],
  ];
  for (const [args, needed, unused] of rows)
    it(`are compiled where ${args[0]} needs them`, (test) => {
      const sources = sourcesOf(test, args);
      assert.match(sources, needed);
      assert.doesNotMatch(sources, unused);
    });

  it('have bars for a build on a terminal', { skip: skipWithoutTerminal }, (test) => {
    const command = [process.execPath, bundle, 'build', '--output', 'oci', '--dest', join(temporaryFolder(test), 'image'), example];
    const line = command.map((word) => `'${word}'`).join(' ');
    const output = execFileSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' });
    assert.match(output, /^.*image sha256:[0-9a-f]{64} for linux\/amd64\r$/m);
    // What cli-progress hides while it draws.
    assert.match(output, /\u001b\[\?25h/);
  });
});
