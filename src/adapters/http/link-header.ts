// Link headers (RFC 8288): where a server says that more of what it told can be found. Of no server in particular.

export interface WebLink {
  /** As written: an absolute URL, or one relative to what was asked for. */
  readonly target: string;
  /** The relations, in lower case, such as `next`. */
  readonly relations: readonly string[];
  /** What the link belongs to, when that isn't what was asked for. */
  readonly anchor: string | undefined;
}

export interface LinkHeader {
  /** In their order, those of all headers. */
  readonly links: readonly WebLink[];
  /** True when something was left out that can't be read: a link with it, perhaps. */
  readonly isCut: boolean;
}

/** All links of all headers. Takes linear time, whatever it is given (RFC 8288, section 3 and appendix B). */
export function parseLinks(headers: string | readonly string[] | undefined): LinkHeader {
  const all = typeof headers === 'string' ? [headers] : (headers ?? []);
  const parsed = all.map(parseHeader);
  return { links: parsed.flatMap(({ links }) => links), isCut: parsed.some(({ isCut }) => isCut) };
}

const separatorPattern = /[ \t,]+/y;
const targetPattern = /<([^<>]*)>[ \t]*/y;
const semicolonPattern = /;[ \t]*/y;
const namePattern = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*/y;
const equalsPattern = /=[ \t]*/y;
const quotedPattern = /"([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*/y;
const barePattern = /([^\s;,"]+)[ \t]*/y;

/** What follows something that can't be read is left out as well: where the next link begins is a guess then. */
function parseHeader(header: string): LinkHeader {
  const links: WebLink[] = [];
  let position = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match === null) return undefined;
    position = pattern.lastIndex;
    return match[1] ?? '';
  };

  take(separatorPattern);
  while (position < header.length) {
    const target = take(targetPattern);
    if (target === undefined) return { links, isCut: true };
    const parameters = new Map<string, string>();
    while (take(semicolonPattern) !== undefined) {
      const name = take(namePattern)?.toLowerCase();
      // Nothing at all may stand between two semicolons, or after the last.
      if (name === undefined) continue;
      const hasValue = take(equalsPattern) !== undefined;
      const value = hasValue ? (take(quotedPattern)?.replace(/\\(.)/g, '$1') ?? take(barePattern)) : '';
      if (value === undefined) return { links, isCut: true };
      // Of a parameter that comes twice, the first counts.
      if (!parameters.has(name)) parameters.set(name, value);
    }
    const relations = (parameters.get('rel') ?? '')
      .toLowerCase()
      .split(/[ \t]+/)
      .filter((rel) => rel !== '');
    const isEnd = position === header.length || header[position] === ',';
    // Every link has a relation.
    if (relations.length === 0 || !isEnd) return { links, isCut: true };
    links.push({ target, relations, anchor: parameters.get('anchor') });
    take(separatorPattern);
  }
  return { links, isCut: false };
}
