// Where a program may be, by the PATH alone: the current folder is the workspace, whose files others wrote. Pure.

import { posix, win32 } from 'node:path';

/** Windows finds the names of variables in any spelling; a copy of its environment doesn't. */
export function readVariable(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  if (platform !== 'win32' || environment[name] !== undefined) return environment[name];
  const key = Object.keys(environment).find((other) => other.toUpperCase() === name.toUpperCase());
  return key === undefined ? undefined : environment[key];
}

/**
 * The paths to look for a program at, the best first. Only absolute folders of the PATH count: an empty entry and a
 * relative one mean the current folder or one below it.
 * @param name without a folder; on Windows with or without an extension
 */
export function programPaths(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): string[] {
  const path = readVariable(environment, 'PATH', platform) ?? '';
  if (platform !== 'win32') {
    const folders = path.split(posix.delimiter).filter((folder) => posix.isAbsolute(folder));
    return folders.map((folder) => posix.join(folder, name));
  }
  const extensions = extensionsOf(readVariable(environment, 'PATHEXT', platform));
  const hasExtension = extensions.includes(win32.extname(name).toLowerCase());
  const names = [...(hasExtension ? [name] : []), ...extensions.map((extension) => name + extension)];
  const folders = path
    .split(win32.delimiter)
    .map((folder) => folder.replace(/^"(.*)"$/, '$1'))
    .filter((folder) => hasDrive.test(folder));
  return folders.flatMap((folder) => names.map((file) => win32.join(folder, file)));
}

/** `\folder` is one of the current drive, and `C:folder` one below the current folder there. */
const hasDrive = /^(?:[A-Za-z]:[\\/]|[\\/]{2}[^\\/])/;

/** What Windows itself starts; others, such as .js, need a program that is registered for them. */
const startable = ['.com', '.exe', '.bat', '.cmd'];

function extensionsOf(variable: string | undefined): readonly string[] {
  const listed = (variable ?? '')
    .toLowerCase()
    .split(';')
    .filter((extension) => startable.includes(extension));
  return listed.length === 0 ? startable : listed;
}

/** What is handed to `spawn`. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** True when the arguments are quoted already. */
  readonly isVerbatim: boolean;
}

/**
 * How to start the program at a path. Windows has batch files started by its command interpreter, which is named by
 * its path too.
 * @param args words without blanks, quotes or other characters that the interpreter reads
 * @returns undefined for a batch file whose path the interpreter would read as something else, quoted or not
 */
export function commandFor(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): Command | undefined {
  if (platform !== 'win32' || !/\.(?:bat|cmd)$/i.test(path)) return { file: path, args, isVerbatim: false };
  if (/["%!\r\n]/.test(path)) return undefined;
  const named = readVariable(environment, 'SYSTEMROOT', platform) ?? '';
  const root = hasDrive.test(named) ? named : 'C:\\Windows';
  // As Node's own shell option does; without what the registry has cmd run first, and without delayed expansion.
  const line = `"${[`"${path}"`, ...args].join(' ')}"`;
  return {
    file: win32.join(root, 'System32', 'cmd.exe'),
    args: ['/d', '/v:off', '/s', '/c', line],
    isVerbatim: true,
  };
}
