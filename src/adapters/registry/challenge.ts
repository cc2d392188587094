// WWW-Authenticate: what a registry asks for before it answers (RFC 9110, section 11.6.1).

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** The scheme as the server spells it, which may be anything. */
  readonly spelled: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * All challenges of all headers, in their order. Several may share one header, and commas stand between
 * challenges, between parameters and inside quotes alike. What can't be read is left out.
 */
export function parseChallenges(headers: string | readonly string[] | undefined): readonly Challenge[] {
  const all = typeof headers === 'string' ? [headers] : (headers ?? []);
  return all.flatMap(parseHeader);
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** Realms are often sent without their quotes, though a URL is no token. */
const parameterPattern = new RegExp(`(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`, 'y');
const schemePattern = new RegExp(`(${token})(?=[ \\t]|,|$)`, 'y');
const token68Pattern = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const separatorPattern = /[ \t,]+/y;

function parseHeader(header: string): Challenge[] {
  const challenges: { scheme: string; spelled: string; parameters: Map<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match === null) return undefined;
    position = pattern.lastIndex;
    return match;
  };

  while (position < header.length) {
    if (take(separatorPattern) !== undefined) continue;
    const current = challenges.at(-1);
    const parameter = current === undefined ? undefined : take(parameterPattern);
    if (current !== undefined && parameter !== undefined) {
      const [, name = '', quoted, bare = ''] = parameter;
      const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1');
      const key = name.toLowerCase();
      if (!current.parameters.has(key)) current.parameters.set(key, value);
      continue;
    }
    const spelled = take(schemePattern)?.[1];
    if (spelled === undefined) break;
    challenges.push({ scheme: spelled.toLowerCase(), spelled, parameters: new Map() });
    take(token68Pattern);
  }
  return challenges;
}
