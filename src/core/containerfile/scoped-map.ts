// A map that others extend without a copy: stages inherit thousands of arguments from one another.

/** How many maps are searched for one key before they are merged into one. */
const maxDepth = 16;

/** A map of names. Undefined is no value. */
export class ScopedMap<V> {
  readonly #parent: ScopedMap<V> | undefined;
  readonly #depth: number;
  /** Undefined for what was removed. */
  readonly #own = new Map<string, V | undefined>();
  #flat: ScopedMap<V> | undefined;

  /** @param parent what it goes on from; it must not change any more */
  constructor(parent?: ScopedMap<V>) {
    this.#parent = parent !== undefined && parent.#depth >= maxDepth ? parent.#flatten() : parent;
    this.#depth = this.#parent === undefined ? 1 : this.#parent.#depth + 1;
  }

  get(key: string): V | undefined {
    return this.#own.has(key) ? this.#own.get(key) : this.#parent?.get(key);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: V): void {
    this.#own.set(key, value);
  }

  delete(key: string): void {
    if (this.has(key)) this.#own.set(key, undefined);
  }

  keys(): string[] {
    return [...this.#entries().keys()];
  }

  /** Entries that it holds itself: its share of the memory. */
  get ownSize(): number {
    return this.#own.size;
  }

  /** Once for all maps that extend this one. */
  #flatten(): ScopedMap<V> {
    if (this.#flat !== undefined) return this.#flat;
    const flat = new ScopedMap<V>();
    for (const [key, value] of this.#entries()) flat.set(key, value);
    return (this.#flat = flat);
  }

  #entries(): Map<string, V> {
    const entries = this.#parent === undefined ? new Map<string, V>() : this.#parent.#entries();
    for (const [key, value] of this.#own) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    return entries;
  }
}
