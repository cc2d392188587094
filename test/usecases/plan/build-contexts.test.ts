import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Downloads } from '../../../src/adapters/download/downloads.ts';
import { BlobCache } from '../../../src/adapters/disk/blob-cache.ts';
import { findBuildContext, parseBuildContexts } from '../../../src/core/containerfile/build-contexts.ts';
import { silentReporter } from '../../../src/core/reporter.ts';
import { createBaseImages } from '../../../src/usecases/plan/base-images.ts';
import { baseLayout } from '../../support/base-image.ts';
import { buildContext } from '../../support/build.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { listTar } from '../../support/list-tar.ts';

const hello = readFileSync(join(import.meta.dirname, '../../../examples/hello/hello-arm64'));
const labels =
  'LABEL com.urunc.unikernel.binary=/app com.urunc.unikernel.unikernelType=unikraft com.urunc.unikernel.hypervisor=qemu com.urunc.unikernel.version=1 com.urunc.unikernel.cmdline=x';

describe('a build context', () => {
  it('stands for a folder in COPY, and for an image in FROM', async (test) => {
    const folder = temporaryFolder(test, {
      'more/app': hello,
      'more/left': 'x',
      'more/.dockerignore': 'left',
    });
    const base = { layers: [[{ path: 'base', content: 'x' }]], architecture: 'arm64' };
    await baseLayout(join(folder, 'layout'), [base], ['one']);
    const lines = ['FROM alpine:latest AS base', 'COPY --from=more . /', labels];
    const context = temporaryFolder(test, { Containerfile: lines.join('\n') });
    const options = (contexts: ReadonlyMap<string, string>) => ({
      images: createBaseImages({
        client: () => Promise.reject(new Error('no registry')),
        cache: new BlobCache({ directory: join(folder, 'cache'), reporter: silentReporter }),
        directory: context,
        folder: join(folder, 'files'),
        downloads: new Downloads({ folder, privateHosts: [] }),
        contexts,
      }),
    });
    const texts = [`alpine=oci:${folder}/layout:one`, `more=${folder}/more`];
    const { image } = await buildContext(test, context, options(parseBuildContexts(texts, '')));
    assert.deepEqual(
      listTar(image.tars[1] ?? Buffer.alloc(0)).map((line) => line.split(' ')[0]),
      ['.dockerignore', 'app'],
    );
    const folderOnly = options(parseBuildContexts([`alpine=${folder}/more`, `more=${folder}/more`], ''));
    await assert.rejects(buildContext(test, context, folderOnly), {
      code: 'NOT_AVAILABLE',
      message: /"alpine:latest" is the folder/,
    });
  });

  for (const text of ['a', '=b', 'a=', '-a=b', 'a b=c', 'a=https://x.example/y', 'a=git@x.example:y'])
    it(`is refused: ${text}`, () => {
      assert.throws(() => parseBuildContexts([text], '--build-context'), { code: 'INPUT_INVALID' });
    });

  it('has the tag latest by default', () => {
    const contexts = parseBuildContexts(['a=b', 'c:1=d', 'a=e'], '');
    assert.deepEqual(
      ['a', 'a:latest', 'a:1', 'c:1'].map((name) => findBuildContext(contexts, name)),
      ['e', 'e', undefined, 'd'],
    );
  });
});
