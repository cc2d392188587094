// The patterns of `${NAME#pattern}`, `${NAME%pattern}` and `${NAME/pattern/replacement}`: `*`, `?` and `\` before one
// of them, as BuildKit has them (frontend/dockerfile/shell). No wildcard goes beyond the end of a line.

/** One character that must be there, `?` for any, `*` for any number of any. */
type Token = { readonly literal: string } | '?' | '*';

export type Pattern = readonly Token[];

/** Longer than any real pattern: the work is a pattern's length times that of the value. */
const maxLength = 200;

/** The pattern, or what is wrong with it. */
export function parsePattern(text: string): Pattern | { readonly problem: string } {
  const characters = Array.from(text);
  if (characters.length > maxLength)
    return { problem: `expected a pattern of at most ${maxLength} characters` };
  const tokens: Token[] = [];
  for (let next = 0; next < characters.length; next++) {
    const character = characters[next] ?? '';
    if (character === '*' || character === '?') {
      tokens.push(character);
      continue;
    }
    if (character !== '\\') {
      tokens.push({ literal: character });
      continue;
    }
    const escaped = characters[++next] ?? '';
    if (!['*', '?', '\\', '}', '/'].includes(escaped)) {
      return { problem: `expected "*", "?", "\\", "}" or "/" after "\\" in a pattern` };
    }
    tokens.push({ literal: escaped });
  }
  return tokens;
}

/** The value without the shortest or the longest beginning that matches; the value itself when none does. */
export function trimStart(value: string, pattern: Pattern, longest: boolean): string {
  const characters = Array.from(value);
  const found = findMatch(characters, pattern, 0, longest, true);
  return found === undefined ? value : characters.slice(found.end).join('');
}

/** The value without the shortest or the longest end that matches. */
export function trimEnd(value: string, pattern: Pattern, longest: boolean): string {
  const characters = Array.from(value).reverse();
  const found = findMatch(characters, pattern.toReversed(), 0, longest, true);
  return found === undefined ? value : characters.slice(found.end).reverse().join('');
}

/** The value with the first match replaced, or all of them; of those that begin at one place the longest counts. */
export function replaceMatches(value: string, pattern: Pattern, replacement: string, all: boolean): string {
  const characters = Array.from(value);
  const parts: string[] = [];
  let copied = 0;
  let next = 0;
  while (next <= characters.length) {
    const found = findMatch(characters, pattern, next, true, false);
    if (found === undefined) break;
    const isEmpty = found.start === found.end;
    // An empty match right after another doesn't count.
    if (!isEmpty || found.start > copied || parts.length === 0) {
      parts.push(characters.slice(copied, found.start).join(''), replacement);
      copied = found.end;
      if (!all) break;
    }
    next = isEmpty ? found.end + 1 : found.end;
  }
  return parts.join('') + characters.slice(copied).join('');
}

/**
 * The match that begins first, and of those the shortest or the longest. All places are tried at once, each state with
 * the first place that reaches it, so that no value takes more than linear time.
 */
function findMatch(
  characters: readonly string[],
  pattern: Pattern,
  from: number,
  longest: boolean,
  anchored: boolean,
): { readonly start: number; readonly end: number } | undefined {
  let states: (number | undefined)[] = [];
  let best: { start: number; end: number } | undefined;
  const enter = (into: (number | undefined)[], state: number, start: number) => {
    for (let at = state; ; at++) {
      if ((into[at] ?? Infinity) <= start) return;
      into[at] = start;
      if (pattern[at] !== '*') return;
    }
  };
  for (let place = from; ; place++) {
    if (best === undefined && (!anchored || place === from)) enter(states, 0, place);
    const start = states[pattern.length];
    if (start !== undefined && start <= (best?.start ?? start)) {
      best = { start, end: place };
      if (!longest) return best;
    }
    const character = characters[place];
    if (character === undefined) return best;
    const after: (number | undefined)[] = [];
    for (const [state, begun] of states.entries()) {
      const token = pattern[state];
      if (begun === undefined || token === undefined || begun > (best?.start ?? begun)) continue;
      const isAny = typeof token === 'string';
      if (isAny ? character === '\n' : token.literal !== character) continue;
      enter(after, token === '*' ? state : state + 1, begun);
    }
    if (after.length === 0 && (anchored || best !== undefined)) return best;
    states = after;
  }
}
