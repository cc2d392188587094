// Attaches a file to a release, in a process of its own, and tells the most memory that it took.
// Usage: node release-child.ts ARCHIVE, with GITHUB_API_URL in the environment

import { attachArchive, openRelease } from '../../src/action/release-archive.ts';
import { silentReporter } from '../../src/core/reporter.ts';
import { defaultToken } from './github/server.ts';

const [archive = ''] = process.argv.slice(2);

const event = { name: 'push', ref: 'refs/tags/v1.2.3', repository: 'owner/app', actor: 'x', payload: {} };
const world = {
  event,
  token: defaultToken,
  environment: process.env,
  reporter: silentReporter,
  signal: new AbortController().signal,
};
const release = await openRelease({}, world);
await attachArchive({ path: archive, name: 'archive.tar', label: 'test', release }, world);
// In KiB.
console.log(process.resourceUsage().maxRSS);
