// Name patterns, in the language of Go's filepath.Match (https://pkg.go.dev/path/filepath#Match), which Docker uses.
// A pattern here is one part of a path: none of them ever sees a `/`.

/** True when the text holds a `*`, `?` or `[` that no backslash escapes. */
export function hasWildcards(text: string): boolean {
  return /[*?[]/.test(text.replace(/\\./gsu, ''));
}

/** The text that a pattern without wildcards stands for. */
export function unescapePattern(pattern: string): string {
  return pattern.replace(/\\(.)/gsu, '$1');
}

/** Matches the names that the pattern names; undefined when the pattern is malformed. */
export function compilePattern(pattern: string): RegExp | undefined {
  const tokens = /\*+|\?|\[(?:\^|(?!\^))(?:(?:[^\]\\-]|\\.)(?:-(?:[^\]\\-]|\\.))?)+\]|\\.|[^*?[\\]/gsuy;
  let source = '';
  for (let end = 0; end < pattern.length; end = tokens.lastIndex) {
    const token = tokens.exec(pattern)?.[0];
    if (token === undefined) return undefined;
    const part = compileToken(token);
    if (part === undefined) return undefined;
    source += part;
  }
  return new RegExp(`^${source}$`, 'su');
}

function compileToken(token: string): string | undefined {
  if (token.startsWith('*')) return '.*';
  if (token === '?') return '.';
  if (token.startsWith('[')) return compileClass(token);
  return literal(unescapePattern(token));
}

function compileClass(token: string): string | undefined {
  const negated = token.startsWith('[^');
  const ranges = token.slice(negated ? 2 : 1, -1).matchAll(/(\\?.)(?:-(\\?.))?/gsu);
  let source = '';
  for (const [, first = '', last = first] of ranges) {
    const [low, high] = [unescapePattern(first), unescapePattern(last)];
    if ((low.codePointAt(0) ?? 0) > (high.codePointAt(0) ?? 0)) return undefined;
    source += `${literal(low)}-${literal(high)}`;
  }
  return `[${negated ? '^' : ''}${source}]`;
}

function literal(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
