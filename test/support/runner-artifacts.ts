// What stands in for actions/upload-artifact and actions/download-artifact under act: the client that they use, without
// their options. Bundled, since actions have no packages beside them.

import { DefaultArtifactClient } from '@actions/artifact';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const input = (name: string) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';
const path = resolve(input('path'));
const client = new DefaultArtifactClient();

if (import.meta.dirname.includes('upload-artifact'))
  await client.uploadArtifact(input('name'), [path], process.cwd());
else await download();

async function download(): Promise<void> {
  // Another run's artifacts are GitHub's API to give, which act doesn't have: its server gives them to that run's token.
  const run = input('run-id');
  if (run !== '') process.env.ACTIONS_RUNTIME_TOKEN = tokenOf(run);
  const { artifacts } = await client.listArtifacts();
  const name = input('name');
  const prefix = input('pattern').replace(/\*$/, '');
  const wanted = artifacts.filter((one) => (name === '' ? one.name.startsWith(prefix) : one.name === name));
  if (wanted.length === 0) throw new Error(`there is no artifact ${name || input('pattern')}`);
  for (const one of wanted) {
    const folder = name === '' ? join(path, one.name) : path;
    await client.downloadArtifact(one.id, { path: folder });
    console.log(`${one.name}: ${readdirSync(folder).join(' ')}`);
  }
}

function tokenOf(run: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ scp: `Actions.Results:${run}:${run}` })}.none`;
}
