// The licences of the packages that a bundle contains.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
  readonly repository?: string | { readonly url: string };
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
  const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackageJson;
  const file = (await readdir(folder)).sort().find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file === undefined ? declaration(about) : await readFile(join(folder, file), 'utf8');
  const title = `${about.name} ${about.version} (${about.license ?? 'see below'})`;
  return `${'-'.repeat(78)}\n${title}\n\n${text.trim().replaceAll('\r\n', '\n')}\n`;
}

/** For a package without a licence file: what it says of itself. */
function declaration({ name, license, author, repository }: PackageJson): string {
  if (license === undefined) throw new Error(`${name} has no licence`);
  const owner = typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`);
  const home = typeof repository === 'string' ? repository : (repository?.url ?? '');
  return `Copyright ${owner}. The package comes without a licence file and names ${license} as its licence. ${home}`;
}
