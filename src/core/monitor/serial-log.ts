// The guest's serial output: searched as it comes, and kept only as far as it is shown. Pure.

import type { Expectation } from './expectation.ts';

/** How many characters are searched at once: a longer text is never found. */
const windowSize = 64 * 1024;
/** How many lines are kept. */
const keptLines = 20;
/** How many characters of a line are kept. */
const keptLine = 1000;

/** Control sequences of terminals, and what may be the start of one (ECMA-48, "CSI"). */
const sequences = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\^_]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g;
const unfinished = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]{0,256}\x1b?)?$/;

const panic = /^(?:\[ *\d+\.\d+\](?:\[[^\]]*\])? )?Kernel panic - not syncing\b/;

export class SerialLog {
  readonly #expectation: Expectation | undefined;
  readonly #decoder = new TextDecoder();
  readonly #lines: string[] = [];
  #carry = '';
  #window = '';
  #line = '';
  #hasFound = false;
  #hasPanicked = false;
  #isEmpty = true;

  constructor(expectation?: Expectation) {
    this.#expectation = expectation;
  }

  /** Whether the expected text has been printed. */
  get hasFound(): boolean {
    return this.#hasFound;
  }

  /** Whether Linux has panicked. */
  get hasPanicked(): boolean {
    return this.#hasPanicked;
  }

  /** True until the guest has printed something. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  add(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#isEmpty = false;
    // A serial port ends lines with CR and LF; an expected text has LF alone.
    const raw = this.#carry + this.#decoder.decode(bytes, { stream: true }).replaceAll('\r', '');
    this.#carry = unfinished.exec(raw)?.[0] ?? '';
    const text = raw.slice(0, raw.length - this.#carry.length).replace(sequences, '');
    this.#lookFor(text);
    this.#keep(text);
  }

  /** The last lines, the newest last, without empty ones at the end. */
  lastLines(): readonly string[] {
    const lines = this.#line === '' ? [...this.#lines] : [...this.#lines, this.#line].slice(-keptLines);
    while (lines.at(-1)?.trim() === '') lines.pop();
    return lines;
  }

  #lookFor(text: string): void {
    if (this.#expectation === undefined || this.#hasFound) return;
    this.#window += text;
    this.#hasFound = this.#expectation.isIn(this.#window);
    this.#window = this.#window.slice(-windowSize);
  }

  #keep(text: string): void {
    const [first = '', ...others] = text.split('\n');
    this.#line = (this.#line + first).slice(0, keptLine);
    for (const line of others) {
      this.#finishLine();
      this.#line = line.slice(0, keptLine);
    }
    if (panic.test(this.#line)) this.#hasPanicked = true;
  }

  #finishLine(): void {
    if (panic.test(this.#line)) this.#hasPanicked = true;
    this.#lines.push(this.#line);
    if (this.#lines.length > keptLines) this.#lines.shift();
  }
}
