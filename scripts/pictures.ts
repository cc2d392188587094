// The pictures of the README, from a real run: a branch is pushed, then a pull request with a change, to a registry and
// a GitHub on this machine. Only the registry's address is written as ghcr.io. `node scripts/pictures.ts`, after a build
// of the bundles, where Debian's Chromium is installed.

import { appendFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mustRunAction } from '../test/support/action.ts';
import { picture, unlessBrowser } from '../test/support/browser.ts';
import { temporaryFolder } from '../test/support/folder.ts';
import { createIssues } from '../test/support/github/issues.ts';
import { createPulls } from '../test/support/github/pulls.ts';
import { startGithub } from '../test/support/github/server.ts';
import { startRegistry } from '../test/support/registry.ts';

const repository = 'Nubificus/Redis-Unikernel';
const token = 'ghs_pictures';
const width = 900;

await test('pictures', async (context) => {
  if (unlessBrowser !== false) throw new Error(unlessBrowser);
  const registry = await startRegistry();
  context.after(() => registry.close());
  const issues = createIssues(repository, [15]);
  const server = await startGithub(context, {
    routes: [...issues.routes, ...createPulls(repository, [])],
    tokens: { [token]: { login: 'github-actions[bot]', permissions: { 'pull-requests': 'write' } } },
  });
  const folder = temporaryFolder(context);
  const hello = join(folder, 'hello');
  cpSync('examples/hello', hello, { recursive: true });
  const inputs = {
    context: hello,
    image: `${registry.host}/nubificus/hello`,
    platforms: 'linux/amd64,linux/arm64',
    push: 'true',
    'github-token': token,
  };
  const env = server.environment;
  await mustRunAction(context, { event: 'push', inputs, env });
  // The change of the pull request: one more file in the image.
  appendFileSync(join(hello, 'Containerfile'), 'COPY README.md /README.md\n');
  const changed = { ...inputs, 'pr-comment': 'true' };
  const { summary } = await mustRunAction(context, { event: 'pull-request', inputs: changed, env });
  const [comment] = issues.comments;
  mkdirSync('docs/pictures', { recursive: true });
  const pictures = { summary: [summary, 262], comment: [comment?.body ?? '', 262] } as const;
  for (const [name, [markdown, height]] of Object.entries(pictures)) {
    const text = markdown.replaceAll(registry.host, 'ghcr.io').replace(/^<!--.*?-->/gms, '');
    picture(folder, text, width, height, join('docs/pictures', `${name}.png`));
  }
});
