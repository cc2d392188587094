// The folder is the rule: a file's path says what it may import and touch (docs/architecture.md).

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, it } from 'node:test';

/** From the innermost ring outwards: each may import what stands before it, and itself unless it is split. */
const rings = ['core', 'adapters', 'usecases', 'action', 'cli'] as const;

/** Adapters that the others may use. */
const shared = ['src/adapters/http', 'src/adapters/filesystem'];

/** The modules of Node that a ring without a hand in the world may use. */
const pureModules = ['node:crypto', 'node:events', 'node:path'];

/** Packages, each with the one folder that may import it. */
const homes: Readonly<Record<string, string>> = {
  '@actions/artifact': 'src/action/',
  '@actions/core': 'src/action/',
  '@actions/exec': 'src/adapters/containerd/',
  '@actions/github': 'src/action/',
  '@octokit/plugin-retry': 'src/adapters/github/',
  '@octokit/plugin-throttling': 'src/adapters/github/',
  '@octokit/rest': 'src/adapters/github/',
  '@sigstore/bundle': 'src/core/trust/',
  '@sigstore/protobuf-specs': 'src/adapters/sigstore/',
  '@sigstore/tuf': 'src/adapters/sigstore/',
  '@sigstore/verify': 'src/adapters/sigstore/',
  'cli-progress': 'src/cli/',
  'tuf-js': 'src/adapters/sigstore/',
  undici: 'src/adapters/http/',
  yaml: 'src/core/bunnyfile/',
};

const files = globSync('src/**/*.ts').map((file) => file.replaceAll('\\', '/'));

describe('the architecture', () => {
  it('has five rings and nothing beside them', () => {
    const found = new Set(files.map(ringOf));
    assert.deepEqual([...found].sort(), [...rings].sort());
  });

  for (const file of files) {
    it(`lets ${file} import what it imports`, () => {
      for (const name of importsOf(file)) {
        if (name.startsWith('.'))
          assert.ok(mayImport(file, join(dirname(file), name)), `${name} is out of reach`);
        else if (name.startsWith('node:')) assert.ok(mayTouch(file, name), `${name} touches the world`);
        else assert.ok(file.startsWith(homeOf(name)), `${name} belongs in ${homeOf(name)}`);
      }
    });
  }

  it('keeps the process to the shells', () => {
    const world = /\bprocess\.(?:env|argv|exit|exitCode|stdout|stderr)\b/;
    const offenders = files.filter((file) => isInner(file) && world.test(readFileSync(file, 'utf8')));
    assert.deepEqual(offenders, []);
  });

  it('has no folder or file that says nothing, and no name for two things', () => {
    const vague = /(?:^|\/)(?:utils?|helpers?|common|types|constants|index|build)(?:\/|\.ts$)/;
    assert.deepEqual(
      files.filter((file) => vague.test(file) && !file.endsWith('/build.ts')),
      [],
    );
  });
});

function ringOf(file: string): string {
  return file.split('/')[1] ?? '';
}

/** A ring, or one adapter of the second ring. */
function roomOf(file: string): string {
  return file
    .split('/')
    .slice(0, ringOf(file) === 'adapters' ? 3 : 2)
    .join('/');
}

function isInner(file: string): boolean {
  return !['action', 'cli'].includes(ringOf(file));
}

function mayImport(file: string, target: string): boolean {
  if (roomOf(file) === roomOf(target)) return true;
  if (target === 'package.json') return !isInner(file);
  if (ringOf(file) === ringOf(target)) return shared.includes(roomOf(target));
  if (ringOf(target) === 'action') return false;
  return (
    rings.findIndex((ring) => ring === ringOf(target)) < rings.findIndex((ring) => ring === ringOf(file))
  );
}

function mayTouch(file: string, module: string): boolean {
  return !['core', 'usecases'].includes(ringOf(file)) || pureModules.includes(module);
}

function homeOf(name: string): string {
  const found = Object.entries(homes).find(([known]) => name === known || name.startsWith(`${known}/`));
  return found?.[1] ?? assert.fail(`${name} has no home: add it to the table`);
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [
    ...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ].map(([, name = '']) => name.replace(/^[./]+\/node_modules\//, ''));
}
