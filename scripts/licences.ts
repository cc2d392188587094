// The licences of the packages that a bundle contains.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** @param inputs the paths of a bundle's source files */
export async function collectLicences(inputs: readonly string[]): Promise<string> {
  const folders = new Set(
    inputs.flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  const texts = await Promise.all([...folders].sort().map(licenceOf));
  return `bima contains the following packages.\n\n${texts.join('\n')}`;
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as PackageJson;
  const file = (await readdir(folder)).sort().find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  const text = await readFile(join(folder, file), 'utf8');
  const title = `${name} ${version} (${license ?? 'see below'})`;
  return `${'-'.repeat(78)}\n${title}\n\n${text.trim().replaceAll('\r\n', '\n')}\n`;
}
