import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './folder.ts';
import { compilePrograms } from './go-programs.ts';
import { tools, unlessFound, unlessInstalled } from './tools.ts';

const module = 'programs.example/tool/v2';
const version = 'v2.0.0';

/** Has Go read modules, with a cache of its own, from a folder with this one, which has three programs: itself and two in folders. */
function serveModule(test: TestContext): void {
  // Its files are read-only.
  test.after(() => execFileSync('go', ['clean', '-modcache']));
  const source = `${module}@${version}`;
  const goMod = `module ${module}\n\ngo 1.20\n`;
  const program = 'package main\n\nfunc main() {}\n';
  const served = `proxy/${module}/@v/${version}`;
  const folder = temporaryFolder(test, {
    [`${source}/go.mod`]: goMod,
    [`${source}/main.go`]: program,
    [`${source}/cmd/first/main.go`]: program,
    [`${source}/cmd/second/main.go`]: program,
    [`${served}.info`]: JSON.stringify({ Version: version }),
    [`${served}.mod`]: goMod,
  });
  const zip = ['-c', '-f', join(folder, `${served}.zip`), '--format', 'zip'];
  execFileSync(tools.bsdtar.paths[0], [...zip, '-C', folder, source]);
  process.env.GOMODCACHE = join(folder, 'cache');
  process.env.GOPROXY = `file://${join(folder, 'proxy')}`;
  process.env.GONOSUMDB = module;
}

describe('compilePrograms', { skip: unlessFound('go') || unlessInstalled('bsdtar') }, () => {
  it('keeps what it has compiled, unless a program is missing that is asked for', (test) => {
    serveModule(test);
    const store = temporaryFolder(test);
    const compile = (...packages: string[]) => {
      const compiled = compilePrograms(store, { name: 'tool', module, version, packages });
      assert.deepEqual(compiled, { folder: join(store, 'tool-v2.0.0') });
      return readdirSync(join(store, 'tool-v2.0.0')).sort();
    };
    assert.deepEqual(compile('', 'cmd/first'), ['first', 'tool']);
    assert.deepEqual(compile('cmd/first'), ['first', 'tool']);
    assert.deepEqual(compile('', 'cmd/first', 'cmd/second'), ['first', 'second', 'tool']);
    assert.deepEqual(readdirSync(store), ['tool-v2.0.0']);
    rmSync(join(store, 'tool-v2.0.0/tool'));
    assert.deepEqual(compile('cmd/second', ''), ['second', 'tool']);
  });
});
