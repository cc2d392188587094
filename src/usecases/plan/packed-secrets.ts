// Secrets that a COPY of a whole folder packs along: everybody who can pull the image would have them.

import { posix } from 'node:path';
import type { Problem } from '../../core/errors.ts';
import type { FileEntry } from '../../core/files/entry.ts';
import type { LayerPlan } from './files.ts';

interface SecretFile {
  /** Matches the path in the image. */
  readonly path: RegExp;
  /** Matches the content; absent where the name says enough. */
  readonly content?: RegExp;
  readonly what: string;
  /** Nobody needs anything of it in an image; without it, the file alone is left out. */
  readonly folder?: string;
}

const secretFiles: readonly SecretFile[] = [
  // Templates hold no values.
  {
    path: /(?:^|\/)\.env(?:\.(?!example$|sample$|template$|dist$)[\w-]+)?$/,
    what: 'settings that are often secret',
  },
  {
    path: /(?:^|\/)\.git\/config$/,
    // What actions/checkout leaves, and addresses with a password in them.
    content:
      /extraheader\s*=\s*authorization|:\/\/[^\s/@]*:[^\s/@]+@|:\/\/gh[a-z]_\w+@|:\/\/github_pat_\w+@/i,
    what: 'credentials for Git',
    folder: '.git',
  },
  { path: /(?:^|\/)\.git-credentials$/, what: 'credentials for Git' },
  { path: /(?:^|\/)\.netrc$/, what: 'passwords' },
  {
    path: /(?:^|\/)\.npmrc$/,
    content: /_auth(?:Token)?\s*=\s*[^\s$]|_password\s*=/,
    what: 'a token for npm',
  },
  { path: /(?:^|\/)\.aws\/credentials$/, what: 'credentials for AWS', folder: '.aws' },
  { path: /(?:^|\/)\.ssh\/id_\w+$/, what: 'a private key', folder: '.ssh' },
  {
    path: /(?:^|\/)\.docker\/config\.json$/,
    content: /"auth"\s*:\s*"[^"]/,
    what: 'credentials for registries',
    folder: '.docker',
  },
];

/** Such files are small: nothing behind this many bytes counts. */
const headSize = 64 * 1024;

/**
 * Warns of each such file that no source of its COPY names itself.
 * @param ignoreFile the one that the context has, if it has one
 */
export async function warnOfSecrets(
  layers: readonly LayerPlan[],
  ignoreFile: string | undefined,
): Promise<Problem[]> {
  const warnings: Problem[] = [];
  for (const { instruction, entries } of layers) {
    const sources = instruction.type === 'copy' ? instruction.sources : [];
    const named = new Set(sources.map(({ path }) => posix.basename(path)));
    for (const entry of entries) {
      if (entry.type !== 'file' || named.has(posix.basename(entry.path))) continue;
      const secret = secretFiles.find(({ path }) => path.test(entry.path));
      if (secret === undefined || !(await hasContent(entry, secret))) continue;
      const name = secret.folder ?? posix.basename(entry.path);
      warnings.push({
        code: 'CONTEXT_PATH',
        message: `expected no secrets in the image, got "/${entry.path}", which holds ${secret.what}`,
        hint: `Add the line "**/${name}" to ${ignoreFile ?? 'a file .dockerignore in the context'}, or copy by name what the unikernel needs.`,
        position: instruction.position,
      });
    }
  }
  return warnings;
}

async function hasContent(entry: FileEntry, { content }: SecretFile): Promise<boolean> {
  if (content === undefined) return entry.size > 0;
  let text = '';
  for await (const chunk of entry.open()) {
    text += Buffer.from(chunk).toString('latin1');
    if (text.length >= headSize) break;
  }
  return content.test(text);
}
