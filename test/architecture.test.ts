// Who may import whom: the table of docs/architecture.md, enforced.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path/posix';
import { describe, it } from 'node:test';

interface Rule {
  /** Path prefixes of the files that the rule is for; the first rule that fits counts. */
  readonly files: readonly string[];
  readonly level: number;
  /** Adapters of one group may import each other. */
  readonly group?: string;
}

const rules: readonly Rule[] = [
  {
    files: [
      'src/csv.ts',
      'src/errors.ts',
      'src/file-names.ts',
      'src/limits.ts',
      'src/reporter.ts',
      'src/unfinished.ts',
      'src/nearest.ts',
      'src/side-by-side.ts',
      'src/printable.ts',
      'src/program-paths.ts',
      'src/progress-lines.ts',
    ],
    level: 0,
  },
  { files: ['src/oci/', 'src/containerfile/', 'src/unikernel/', 'src/merge.ts'], level: 1 },
  {
    files: [
      'src/build/config-fields.ts',
      'src/build/destination.ts',
      'src/build/documents.ts',
      'src/build/entry.ts',
      'src/build/found.ts',
      'src/build/glob.ts',
      'src/build/image.ts',
      'src/build/rootfs',
      'src/build/source-path.ts',
      'src/build/tar-header.ts',
      'src/build/tar-reader.ts',
    ],
    level: 1,
  },
  {
    files: [
      'src/cleanup/brought.ts',
      'src/cleanup/graph.ts',
      'src/cleanup/order.ts',
      'src/cleanup/plan.ts',
      'src/cleanup/preview-mark.ts',
      'src/cleanup/relations.ts',
      'src/cleanup/throwaway.ts',
    ],
    level: 1,
  },
  {
    files: [
      'src/base-',
      'src/build/build.ts',
      'src/build/build-platforms.ts',
      'src/build/plan',
      'src/cleanup/',
      'src/copy.ts',
      'src/early-push.ts',
      'src/inspect',
      'src/kept-layers.ts',
      'src/load.ts',
      'src/merge-layouts.ts',
      'src/previous-images.ts',
      'src/push.ts',
      'src/sbom',
    ],
    level: 3,
  },
  // Below all adapters, and not pure.
  { files: ['src/open-regular.ts'], level: 1.5, group: 'files' },
  { files: ['src/build/'], level: 2, group: 'build' },
  { files: ['src/layout/'], level: 2, group: 'layout' },
  { files: ['src/registry/'], level: 2, group: 'registry' },
  { files: ['src/containerd/'], level: 2, group: 'containerd' },
  { files: ['src/github/'], level: 2, group: 'github' },
  { files: ['src/action/'], level: 4, group: 'action' },
  { files: ['src/cli/'], level: 4, group: 'cli' },
];

/** Packages and modules that only these files may import. */
const homes: Readonly<Record<string, readonly string[]>> = {
  '@actions/artifact': ['src/action/artifact-library.ts'],
  '@actions/core': ['src/action/runner.ts'],
  '@actions/exec': ['src/containerd/client.ts'],
  '@octokit/plugin-retry': ['src/github/octokit.ts'],
  '@octokit/plugin-throttling': ['src/github/octokit.ts'],
  '@octokit/rest': ['src/github/octokit.ts'],
  'cli-progress': ['src/cli/progress.ts'],
  undici: ['src/registry/http.ts', 'src/registry/undici-parts.d.ts'],
  'undici/lib/api/index.js': ['src/registry/undici.ts'],
  'undici/lib/core/symbols.js': ['src/registry/undici.ts'],
  'undici/lib/dispatcher/agent.js': ['src/registry/undici.ts'],
  'undici/lib/dispatcher/dispatcher.js': ['src/registry/undici.ts'],
  'undici/lib/dispatcher/env-http-proxy-agent.js': ['src/registry/undici.ts'],
};

/** What a pure file may use of Node. */
const pureModules = ['node:crypto', 'node:path'];

function ruleOf(file: string): Rule {
  const rule = rules.find(({ files }) => files.some((prefix) => file.startsWith(prefix)));
  return (
    rule ??
    assert.fail(`${file} is in no level: add it to test/architecture.test.ts and docs/architecture.md`)
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [
    ...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ].map(([, name = '']) => name);
}

const files = globSync('src/**/*.ts').map((file) => file.replaceAll('\\', '/'));

describe('the architecture', () => {
  it('has files', () => {
    assert.ok(files.length > 40);
  });

  for (const file of files) {
    it(`lets ${file} import what it imports`, () => {
      const rule = ruleOf(file);
      for (const name of importsOf(file)) {
        if (!name.startsWith('.')) {
          assert.ok(!builtinModules.includes(name), `${name} is written node:${name}`);
          const home = homes[name];
          if (home !== undefined) assert.ok(home.includes(file), `${name} belongs in ${home.join(', ')}`);
          else assert.ok(name.startsWith('node:'), `${name} has no home: add it to the table`);
          if (rule.level <= 1) assert.ok(pureModules.includes(name), `${name} in a pure file`);
          continue;
        }
        const target = join(dirname(file), name);
        if (target === 'package.json') {
          assert.equal(rule.level, 4);
          continue;
        }
        const other = ruleOf(target);
        assert.ok(other.level <= rule.level, `${relative('src', target)} is of a higher level`);
        if (other.level === rule.level && rule.level >= 2 && rule.level !== 3) {
          assert.equal(other.group, rule.group, `${relative('src', target)} is another adapter or shell`);
        }
      }
    });
  }

  it('has no global process outside of the shells', () => {
    const offenders = files.filter((file) => {
      return (
        ruleOf(file).level < 4 &&
        /\bprocess\.(?:env|argv|exit|exitCode|stdout|stderr)\b/.test(readFileSync(file, 'utf8'))
      );
    });
    assert.deepEqual(offenders, []);
  });

  it('has no folder or file that says nothing', () => {
    const vague = /(?:^|\/)(?:utils?|helpers?|common|types|constants|index)(?:\/|\.ts$)/;
    assert.deepEqual(
      files.filter((file) => vague.test(file)),
      [],
    );
  });
});
