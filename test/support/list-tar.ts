// What a tar without extended headers holds, read by hand.

/** Lines such as `bin/ 755 0:0`, `bin/run 644 7:8` and `link -> run 777 0:0`. */
export function listTar(tar: Uint8Array): string[] {
  const lines: string[] = [];
  const bytes = Buffer.from(tar);
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const text = (from: number, length: number) =>
      bytes.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const number = (from: number, length: number) => Number.parseInt(text(from, length), 8);
    const target = text(156, 1) === '2' ? ` -> ${text(157, 100)}` : '';
    lines.push(`${text(0, 100)}${target} ${number(100, 8).toString(8)} ${number(108, 8)}:${number(116, 8)}`);
    at += 512 + Math.ceil(number(124, 12) / 512) * 512;
  }
  return lines;
}
