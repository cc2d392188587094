// The spellings of a secret: what servers and proxies make of a text that they repeat.

/** A shorter piece of base64 or of hexadecimal digits would blot out innocent text. */
const shortestPiece = 8;

/** The secret itself, then every other spelling of it, each once. */
export function formsOf(secret: string): readonly string[] {
  const once = escapesOf(secret);
  // An error in JSON holds another server's in a string, and a URL whatever was asked for.
  const twice = [
    ...once.flatMap((form) => [JSON.stringify(form).slice(1, -1), encoded(form)]),
    ...percentForms(encoded(secret)),
  ];
  const others = misreadingsOf(secret).filter(isTelling);
  const binary = [secret, ...others].flatMap((text) => [
    ...piecesOf(Buffer.from(text)),
    ...piecesOf(Buffer.from(text, 'latin1')),
  ]);
  return [...new Set([secret, ...once, ...twice, ...others, ...others.flatMap(escapesOf), ...binary])];
}

/** In a URL, a form, JSON and HTML. */
function escapesOf(text: string): readonly string[] {
  return [...percentForms(text), ...jsonForms(text), ...htmlForms(text)];
}

function percentForms(text: string): readonly string[] {
  const component = encoded(text);
  const strict = component.replace(/[!'()*]/g, percent);
  const form = component.replace(/[!'()~]/g, percent);
  const forms = [component, strict, strict.replaceAll('~', '%7E'), form, encodeURI(wellFormed(text))];
  // Go leaves these as they are in a path.
  const path = strict.replace(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent);
  const spaced = [...forms, path].flatMap((one) => [one, one.replaceAll('%20', '+')]);
  return spaced.flatMap((one) => [one, one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

function encoded(text: string): string {
  return encodeURIComponent(wellFormed(text));
}

/** A lone surrogate has no bytes. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function jsonForms(text: string): readonly string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const slashed = plain.replaceAll('/', '\\/');
  // Go writes these so, PHP and Python everything beyond ASCII.
  const forms = [plain, slashed].flatMap((form) => [
    form,
    form.replace(/[<>&]/g, unicode),
    form.replace(/[^\x20-\x7e]/g, unicode),
    form.replace(/[<>&]|[^\x20-\x7e]/g, unicode),
    form.replaceAll('\\"', '\\u0022').replace(/['<>&]|[^\x20-\x7e]/g, unicode),
  ]);
  return forms.flatMap((form) => [
    form,
    form.replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`),
  ]);
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const entities: readonly Readonly<Record<string, string>>[] = [
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#x27;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#x27;', '/': '&#x2F;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#039;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;' },
];

function htmlForms(text: string): readonly string[] {
  const named = entities.map((names) =>
    text.replace(/[&<>"'/]/g, (character) => names[character] ?? character),
  );
  const coded = (form: string, code: (point: number) => string) =>
    form.replace(/[^\x20-\x7e]/gu, (character) => `&#${code(character.codePointAt(0) ?? 0)};`);
  return [
    ...named,
    ...named.map((form) => coded(form, String)),
    ...named.map((form) => coded(form, (point) => `x${point.toString(16).toUpperCase()}`)),
    ...named.map((form) => coded(form, (point) => `x${point.toString(16)}`)),
  ];
}

/** Bytes of one character set that were read as another, and the two ways to write an accent. */
function misreadingsOf(text: string): readonly string[] {
  const utf8 = Buffer.from(text);
  const asLatin1 = utf8.toString('latin1');
  const asWindows = new TextDecoder('windows-1252').decode(utf8);
  return [
    asLatin1,
    asWindows,
    Buffer.from(asLatin1).toString('latin1'),
    new TextDecoder('windows-1252').decode(Buffer.from(asWindows)),
    Buffer.from(text, 'latin1').toString('utf8'),
    text.normalize('NFC'),
    text.normalize('NFD'),
    // What can't be told in ASCII is left out, or a question mark.
    ...(/[^\x20-\x7e]/.test(text) ? [text.replace(/[^\x20-\x7e]/g, '?'), utf8.toString('ascii')] : []),
  ];
}

/** Question marks alone would blot out innocent text. */
function isTelling(text: string): boolean {
  return text.replace(/[?\ufffd]/g, '').length >= 4;
}

/** In base64, wherever it begins among the bytes round it, and in hexadecimal digits. */
function piecesOf(bytes: Buffer): readonly string[] {
  const encoded = [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // The characters that hold bits of nothing else.
    const own = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [own, own.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(own)];
  });
  const hex = bytes.toString('hex');
  return [...encoded, hex, hex.toUpperCase()].filter(({ length }) => length >= shortestPiece);
}
