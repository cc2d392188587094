// Addresses of pages on the server of a run.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commitUrl, runUrl, serverUrl } from '../../src/action/page-urls.ts';

describe('the address of the server', () => {
  const rows: readonly [given: string | undefined, address: string][] = [
    [undefined, 'https://github.com'],
    ['', 'https://github.com'],
    ['https://github.com/', 'https://github.com'],
    ['HTTPS://GitHub.com', 'https://github.com'],
    ['http://Gitea.example:3000', 'http://gitea.example:3000'],
    ['https://git.example/Sub/Path//', 'https://git.example/Sub/Path'],
    ['https://git.example/sub?x=1#y', 'https://git.example/sub'],
  ];
  for (const [given, address] of rows) {
    it(`is ${address} for ${given ?? 'none'}`, () => {
      assert.equal(serverUrl({ GITHUB_SERVER_URL: given }), address);
    });
  }

  for (const given of ['github.com', 'ftp://github.com', 'xhttps://github.com', 'http:', '//github.com']) {
    it(`is none for ${given}`, () => {
      assert.throws(() => serverUrl({ GITHUB_SERVER_URL: given }), {
        code: 'INPUT_INVALID',
        message: `expected the address of a server in GITHUB_SERVER_URL, got "${given}"`,
        hint: 'A runner sets it: leave it out of the workflow, or write it as https://github.com.',
      });
    });
  }
});

describe('the pages of a run', () => {
  const environment = {
    GITHUB_SERVER_URL: 'https://git.example/',
    GITHUB_REPOSITORY: 'Own/App',
    GITHUB_RUN_ID: '17',
  };

  it('are the run, and the commit within its pull request', () => {
    assert.equal(runUrl(environment), 'https://git.example/Own/App/actions/runs/17');
    assert.equal(commitUrl(environment, 5, 'abc'), 'https://git.example/Own/App/pull/5/commits/abc');
  });

  it('are addresses also where a local runner names nothing', () => {
    assert.equal(runUrl({}), 'https://github.com//actions/runs/');
  });
});
