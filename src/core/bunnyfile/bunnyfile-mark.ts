// Whether a file is a bunnyfile: its text decides, not its name, and nothing is parsed for that.

/** The start of YAML whose top is a mapping, in lines or in braces. */
const yamlStart = /^(?:[{"']|[\w.-]+[ \t]*:(?:\s|$))/;
const keyOfLine = /^["']?(?:version|platforms)["']?[ \t]*:(?=\s|$)/m;
const keyInBraces = /(?:^|[{,\s])["']?(?:version|platforms)["']?\s*:/;

/**
 * True for a YAML mapping with `version` or `platforms` at its top. The line that begins a Containerfile is never one,
 * whatever its heredocs hold.
 */
export function isBunnyfile(bytes: Uint8Array): boolean {
  // Without a byte order mark, and with something in the place of what is no UTF-8.
  const text = new TextDecoder().decode(bytes);
  const start = startOfContent(text);
  const rest = text.slice(start);
  if (!yamlStart.test(rest)) return false;
  return rest.startsWith('{') ? keyInBraces.test(rest) : keyOfLine.test(rest);
}

/** The offset of the first line that is no comment, no directive of YAML and no mark of a document. */
function startOfContent(text: string): number {
  const before = /(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*\n|---[ \t]*(?:#[^\n]*)?\r?\n)/y;
  let start = 0;
  while (before.test(text)) start = before.lastIndex;
  return start;
}
