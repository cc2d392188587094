// Arguments and environment of the guest: the image's own, and those given in their place. Pure.

import { BimaError } from '../errors.ts';
import { quote } from '../text.ts';

export interface WordsRequest {
  /** The image's own. */
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** The cmdline label, which counts where the image has neither. */
  readonly cmdline: string;
  /** In place of ENTRYPOINT; the image's CMD is then void, as for Docker. */
  readonly ownEntrypoint?: string | undefined;
  /** In place of CMD. */
  readonly ownArguments?: readonly string[] | undefined;
}

/** ENTRYPOINT and CMD as one list. */
export function guestWords(request: WordsRequest): readonly string[] {
  const { cmd, cmdline, ownEntrypoint, ownArguments } = request;
  const entrypoint =
    ownEntrypoint === undefined ? request.entrypoint : ownEntrypoint === '' ? [] : [ownEntrypoint];
  const words = [...entrypoint, ...(ownArguments ?? (ownEntrypoint === undefined ? cmd : []))];
  if (words.length > 0 || ownEntrypoint !== undefined || ownArguments !== undefined) return words;
  return cmdline.split(/\p{White_Space}+/u).filter((word) => word !== '');
}

/** What containerd gives a process whose image has no variables (containerd, pkg/oci, "defaultUnixEnv"). */
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `NAME=value` of the image; given ones replace them or are added. */
export function guestEnvironment(
  image: readonly string[],
  given: ReadonlyMap<string, string>,
): readonly string[] {
  const values = new Map<string, string>();
  for (const variable of image.length === 0 ? [defaultPath] : image) {
    const [name = ''] = variable.split('=', 1);
    values.set(name, variable);
  }
  for (const [name, value] of given) values.set(name, `${name}=${value}`);
  return [...values.values()];
}

/**
 * Reads `NAME=value`, or NAME alone for its value in the environment; it is left out where that has none.
 * @param place where the texts come from, for errors, which show no value
 * @throws BimaError INPUT_INVALID
 */
export function parseGuestVariables(
  texts: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  place: string,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(0, equals);
    if (name === '' || /[\s\0]/.test(name)) {
      throw new BimaError('INPUT_INVALID', `expected NAME=value in ${place}, got the name ${quote(name)}`, {
        hint: 'A name has no blanks.',
      });
    }
    const value = equals === -1 ? environment[name] : text.slice(equals + 1);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

/** The numbers of `uid[:gid]`; undefined for a name, which only the image's /etc/passwd resolves. */
export function parseUser(text: string): { readonly uid: number; readonly gid: number } | undefined {
  if (text === '') return { uid: 0, gid: 0 };
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid ?? 0) };
}
