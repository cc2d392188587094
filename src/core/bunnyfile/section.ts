// One mapping of a bunnyfile: its keys read one by one, and what is wrong with them reported.

import type { Findings } from '../containerfile/findings.ts';
import type { Position } from '../errors.ts';
import { nearest } from '../suggest.ts';
import { quote } from '../text.ts';
import type { BunnyVariables } from './bunny-variables.ts';
import type { Stated } from './stated.ts';
import type { YamlEntry, YamlMapping, YamlNode } from './yaml-tree.ts';

/** State shared by the sections of one file. */
export interface SectionOptions {
  readonly findings: Findings;
  readonly variables: BunnyVariables;
}

/** Keys that have no meaning, and what to write in their place. */
export type Refused = Readonly<Record<string, string>>;

export class Section {
  /** Name of the mapping; absent for the whole file. */
  readonly #name: string | undefined;
  readonly #options: SectionOptions;
  readonly #entries = new Map<string, YamlEntry>();
  readonly position: Position;

  /**
   * @param position of the key that the mapping belongs to
   * @param keys all that there are
   */
  constructor(
    name: string | undefined,
    mapping: YamlMapping,
    position: Position,
    keys: readonly string[],
    options: SectionOptions,
    refused: Refused = {},
  ) {
    this.#name = name;
    this.#options = options;
    this.position = position;
    for (const entry of mapping.entries) this.#add(entry, keys, refused);
  }

  #add(entry: YamlEntry, keys: readonly string[], refused: Refused): void {
    const { key, position } = entry;
    const earlier = this.#entries.get(key);
    if (earlier !== undefined) {
      const message = `the key ${quote(key)} is given twice, first on line ${earlier.position.line}`;
      this.error(position, message, 'Remove one of the two.');
      return;
    }
    this.#entries.set(key, entry);
    if (keys.includes(key)) return;
    const hint = Object.hasOwn(refused, key) ? refused[key] : undefined;
    const meant = nearest(key, keys);
    const advice = meant === undefined ? `The keys are ${keys.join(', ')}.` : `Did you mean ${quote(meant)}?`;
    const message = `${hint === undefined ? 'unknown key' : 'expected no key'} ${quote(key)}${this.#where()}`;
    this.error(position, message, hint ?? advice);
  }

  /** Such as ` in "kernel"`; empty at the top of the file. */
  #where(): string {
    return this.#name === undefined ? '' : ` in ${quote(this.#name)}`;
  }

  error(position: Position, message: string, hint?: string): void {
    const { errors } = this.#options.findings;
    errors.push({ code: 'BUNNYFILE_INVALID', message, ...(hint === undefined ? {} : { hint }), position });
  }

  warn(position: Position, message: string, hint: string): void {
    this.#options.findings.warnings.push({ code: 'BUNNYFILE_INVALID', message, hint, position });
  }

  /** The full name of a key, such as `kernel.path`. */
  nameOf(key: string): string {
    return this.#name === undefined ? key : `${this.#name}.${key}`;
  }

  /** True when the key has a value. */
  has(key: string): boolean {
    return this.node(key) !== undefined;
  }

  /** The key's place, or else that of the mapping. */
  placeOf(key: string): Position {
    return this.#entries.get(key)?.position ?? this.position;
  }

  /** Undefined for a key that is missing or empty. */
  node(key: string): YamlNode | undefined {
    const value = this.#entries.get(key)?.value;
    return value?.type === 'nothing' ? undefined : value;
  }

  /**
   * A text as it is written, or its variables replaced. Undefined when it is missing or empty, which is an error only
   * with `hint`, and when it is no text.
   */
  text(
    key: string,
    options: { readonly hint?: string; readonly isLiteral?: boolean } = {},
  ): Stated | undefined {
    const node = this.node(key);
    if (node === undefined || (node.type === 'scalar' && node.text.trim() === '')) {
      if (options.hint !== undefined) this.#missing(key, node?.position, options.hint);
      return undefined;
    }
    if (node.type !== 'scalar') {
      const got = node.type === 'list' ? 'a list' : 'a mapping';
      this.error(node.position, `expected a text in ${quote(this.nameOf(key))}, got ${got}`, options.hint);
      return undefined;
    }
    return options.isLiteral === true ? node : this.expand(node);
  }

  #missing(key: string, place: Position | undefined, hint: string): void {
    const message = `expected ${quote(this.nameOf(key))}, got nothing`;
    this.error(place ?? this.placeOf(key), message, hint);
  }

  /** Replaces variables; undefined, with an error, when that fails or leaves nothing. */
  expand({ text, position }: Stated): Stated | undefined {
    const expanded = this.#options.variables.expand(text, position);
    if (expanded === undefined) return undefined;
    if (expanded !== '') return { text: expanded, position };
    this.error(position, `expected a text, got nothing: the variables in ${quote(text)} are empty`);
    return undefined;
  }

  /** The mapping at a key; undefined, with an error where `hint` is given, when there is none. */
  mapping(key: string, hint?: string): YamlMapping | undefined {
    const node = this.node(key);
    if (node?.type === 'mapping') return node;
    if (node === undefined) {
      if (hint !== undefined) this.#missing(key, undefined, hint);
      return undefined;
    }
    const got = node.type === 'list' ? 'a list' : quote(node.type === 'scalar' ? node.text : '');
    this.error(node.position, `expected a mapping in ${quote(this.nameOf(key))}, got ${got}`, hint);
    return undefined;
  }

  /** The items of a list, each a text as it is written; undefined, with errors, for anything else. */
  words(key: string, hintFor: (text: string) => string): readonly Stated[] | undefined {
    const node = this.node(key);
    if (node === undefined) return [];
    if (node.type !== 'list') {
      const got = node.type === 'scalar' ? quote(node.text) : 'a mapping';
      const hint = hintFor(node.type === 'scalar' ? node.text : '');
      this.error(node.position, `expected a list in ${quote(this.nameOf(key))}, got ${got}`, hint);
      return undefined;
    }
    const wrong = node.items.find(({ type }) => type !== 'scalar');
    if (wrong === undefined) return node.items.flatMap((item) => (item.type === 'scalar' ? [item] : []));
    const hint = 'Put an item that holds ": " or begins with "[" or "{" into quotes.';
    this.error(wrong.position, `expected texts in ${quote(this.nameOf(key))}, got ${describe(wrong)}`, hint);
    return undefined;
  }
}

function describe({ type }: YamlNode): string {
  return type === 'nothing' ? 'nothing' : `a ${type}`;
}
