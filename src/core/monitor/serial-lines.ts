// The guest's output as lines for a log, up to a limit. Pure.

import { limits } from '../limits.ts';

/** How many lines of one guest a log gets. */
export const maxSerialLines = 2000;

/** Cuts bytes into lines, and stops at the limit. */
export class SerialLines {
  readonly #decoder = new TextDecoder();
  readonly #print: (line: string) => void;
  #rest = '';
  #count = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  add(bytes: Uint8Array): void {
    if (this.#count > maxSerialLines) return;
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true }).replaceAll('\r', '');
    const lines = text.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#give(line);
    // An endless line is shown in parts.
    while (this.#rest.length > limits.line) {
      this.#give(this.#rest.slice(0, limits.line));
      this.#rest = this.#rest.slice(limits.line);
    }
  }

  /** The rest, which has no line end. */
  end(): void {
    if (this.#rest !== '') this.#give(this.#rest);
    this.#rest = '';
  }

  #give(line: string): void {
    this.#count += 1;
    if (this.#count <= maxSerialLines) this.#print(line);
    else if (this.#count === maxSerialLines + 1) this.#print('(more lines than these are not shown)');
  }
}
