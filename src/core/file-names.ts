// Names of files that mean something: what Windows can't give to a file ("Naming Files, Paths, and Namespaces" of its
// documentation), and what desktops leave behind. Pure.

import { BimaError } from './errors.ts';

/** Devices, whatever follows after a dot and in whatever folder. */
const devices = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ .]*(?:\..*)?$/iu;

/** True for a name that stands for a device on Windows. */
export function isDeviceName(name: string): boolean {
  return devices.test(name);
}

/** True for what Finder and Explorer leave in a folder that somebody has looked at: with nothing else, it is empty. */
export function isDesktopFile(name: string): boolean {
  return name === '.DS_Store' || name === 'Thumbs.db' || name === 'desktop.ini';
}

/**
 * Checks where a file or a folder is to be made, on Windows; every other system has all of these names.
 * @param path with its drive, or relative
 * @param hint how to name another place
 * @throws BimaError OUTPUT_FAILED
 */
export function checkFileNames(
  path: string,
  hint: string,
  platform: NodeJS.Platform = process.platform,
): void {
  if (platform !== 'win32') return;
  const [, below = path] = /^(?:[\\/]{2}[?.][\\/])?(?:[A-Za-z]:)?(.*)$/s.exec(path) ?? [];
  for (const name of below.split(/[\\/]/)) {
    const why = reasonAgainst(name);
    if (why === undefined) continue;
    throw new BimaError(
      'OUTPUT_FAILED',
      `expected a name that Windows can give to a file, got "${name}" in "${path}": ${why}`,
      {
        hint,
      },
    );
  }
}

function reasonAgainst(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return undefined;
  if (isDeviceName(name)) return 'it is that of a device';
  const [character] = /[<>:"|?*\u0000-\u001f]/.exec(name) ?? [];
  if (character !== undefined) return `it has the character ${JSON.stringify(character)}`;
  return /[. ]$/.test(name) ? 'it ends with a dot or a blank' : undefined;
}
