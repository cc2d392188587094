// Link headers (RFC 8288): where a server says that more can be found. Knows no server in particular.

export interface WebLink {
  /** Target as written: an absolute URL, or one relative to the request's. */
  readonly target: string;
  /** The relations, in lower case, such as `next`. */
  readonly relations: readonly string[];
  /** The context of the link, when that isn't the requested document. */
  readonly anchor: string | undefined;
}

export interface LinkHeader {
  /** The links of all headers, in order. */
  readonly links: readonly WebLink[];
  /** True when something unreadable was left out, perhaps a link. */
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

/** Everything after something unreadable is left out as well: where the next link begins would be a guess. */
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
