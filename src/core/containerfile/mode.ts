// The modes of `--chmod`: octal, or the changes of chmod(1), such as `u+x,go=rX`.

const special = { setUid: 0o4000, setGid: 0o2000, sticky: 0o1000 } as const;
/** Permissions of one class. */
const letters: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };
/** The bit at which the permissions of a class begin. */
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

const clause = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/;
const action = /([-+=])([rwxXstugo]*)/g;

/** Permission bits, or changes for `changeMode`; undefined for what is no mode. */
export function parseMode(text: string): number | string | undefined {
  const octal = /^(?:0o)?([0-7]+)$/.exec(text)?.[1];
  if (octal !== undefined) {
    const mode = Number.parseInt(octal, 8);
    return mode <= 0o7777 ? mode : undefined;
  }
  return text.length <= 200 && text.split(',').every((part) => clause.test(part)) ? text : undefined;
}

/**
 * The mode after changes that `parseMode` has taken. Without a class they are for all three, whatever the umask.
 * @see POSIX.1-2017, chmod, "Extended Description"
 */
export function changeMode(changes: string, mode: number, isDirectory: boolean): number {
  const canExecute = isDirectory || (mode & 0o111) !== 0;
  let changed = mode;
  for (const part of changes.split(',')) {
    const [, who = '', actions = ''] = clause.exec(part) ?? [];
    const classes = who === '' || who.includes('a') ? ['u', 'g', 'o'] : [...new Set(who)];
    for (const [, operator = '', what = ''] of actions.matchAll(action)) {
      const bits = bitsOf(classes, what, changed, canExecute && operator !== '-');
      // A minus removes the x, whether it is written as X or x.
      const all = operator === '-' && what.includes('X') ? bits | bitsOf(classes, 'x', changed, false) : bits;
      if (operator === '=') changed &= ~maskOf(classes);
      changed = operator === '-' ? changed & ~all : changed | all;
    }
  }
  return changed;
}

function bitsOf(classes: readonly string[], what: string, mode: number, withX: boolean): number {
  let bits = 0;
  for (const letter of what) {
    const copied = shifts[letter];
    let permissions = letters[letter] ?? 0;
    if (copied !== undefined) permissions = (mode >> copied) & 7;
    if (letter === 'X' && withX) permissions = 1;
    for (const name of classes) bits |= permissions << (shifts[name] ?? 0);
    if (letter === 's') bits |= classes.includes('u') ? special.setUid : 0;
    if (letter === 's') bits |= classes.includes('g') ? special.setGid : 0;
    if (letter === 't' && classes.some((name) => name !== 'o')) bits |= special.sticky;
  }
  return bits;
}

/** All bits that `=` replaces. */
function maskOf(classes: readonly string[]): number {
  let mask = 0;
  for (const name of classes) mask |= 7 << (shifts[name] ?? 0);
  if (classes.includes('u')) mask |= special.setUid;
  if (classes.includes('g')) mask |= special.setGid;
  return mask;
}
