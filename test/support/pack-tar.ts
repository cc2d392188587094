// A tar of entries that are written down, also of such as no tool would pack.

export interface TarPart {
  readonly name: string;
  /** A symbolic link with a target and a file without one, unless it is said. */
  readonly type?: 'directory' | 'link' | 'character-device' | 'pax';
  readonly target?: string;
  readonly content?: string;
  /** 0644 unless it is said. */
  readonly mode?: number;
  readonly uid?: number;
  /** Seconds since 1970. */
  readonly mtime?: number;
}

const typeflags = {
  file: '0',
  link: '1',
  symlink: '2',
  'character-device': '3',
  directory: '5',
  pax: 'x',
} as const;

export function packTar(parts: readonly TarPart[]): Buffer {
  return Buffer.concat([...parts.flatMap(packPart), Buffer.alloc(1024)]);
}

/** What doesn't fit into a header, or would end there, goes into one of pax before it. */
function packPart(part: TarPart): Buffer[] {
  const { name, target = '' } = part;
  const isPlain = (text: string) => Buffer.byteLength(text) <= 100 && !text.includes('\0');
  if (isPlain(name) && isPlain(target)) return [packOne(part)];
  const content = paxLine('path', name) + (target === '' ? '' : paxLine('linkpath', target));
  return [
    packOne({ name: 'pax', content, type: 'pax' }),
    packOne({ ...part, name: 'x', ...(target === '' ? {} : { target: 'x' }) }),
  ];
}

/** ASCII alone. The length counts its own digits. */
function paxLine(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const digits = String(rest.length + String(rest.length + 1).length).length;
  return `${rest.length + digits}${rest}`;
}

function packOne({
  name,
  target = '',
  content = '',
  type,
  mode = 0o644,
  uid = 0,
  mtime = 0,
}: TarPart): Buffer {
  const header = Buffer.alloc(512);
  const write = (text: string, offset: number, length: number) => {
    if (Buffer.byteLength(text) > length) throw new Error(`${text} is too long`);
    header.write(text, offset);
  };
  const octal = (value: number, offset: number, length: number) => {
    write(value.toString(8).padStart(length - 1, '0'), offset, length);
  };
  const body = Buffer.from(content);
  write(name, 0, 100);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(0, 116, 8);
  octal(body.length, 124, 12);
  octal(mtime, 136, 12);
  write(typeflags[type ?? (target === '' ? 'file' : 'symlink')], 156, 1);
  write(target, 157, 100);
  write('ustar\x0000', 257, 8);
  header.fill(' ', 148, 156);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  header[154] = 0;
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}
