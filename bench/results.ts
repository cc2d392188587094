// The form of a benchmark's results, which table, targets and plot are made from.

export interface Results {
  /** The day of the run, such as 2026-11-23. */
  readonly date: string;
  readonly machine: Machine;
  /** What was run, by name: the versions as the programs say them. */
  readonly versions: Readonly<Record<string, string>>;
  /** Programs that are looked for and weren't there. */
  readonly missing: readonly string[];
  readonly cases: readonly CaseResult[];
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** In bytes. */
  readonly memory: number;
  readonly system: string;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly contestants: readonly ContestantResult[];
  /** Why nothing was measured, or not all. */
  readonly notes: readonly string[];
}

export interface ContestantResult {
  readonly name: string;
  /** The commands that were timed, with `$context`, `$work` and `$registry` for what differs from run to run. */
  readonly commands: readonly string[];
  /** Of each run, in their order. */
  readonly seconds: readonly number[];
  /** The largest resident set of any of the processes, in bytes, of each run; empty where it wasn't measured. */
  readonly peaks: readonly number[];
  /** Bytes of what was made; undefined where nothing is kept. */
  readonly size?: number;
}

/** This program's own name among the contestants starts so: a Node's version follows. */
export const ours = 'this, Node';
