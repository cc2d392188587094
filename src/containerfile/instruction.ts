// What a Containerfile says, instruction by instruction, each with its place in the file.

import type { Position, Problem } from '../errors.ts';

interface InstructionBase {
  /** Of the instruction's keyword. */
  readonly position: Position;
}

export interface From extends InstructionBase {
  readonly type: 'from';
  /** As written, for example `scratch` or `unikraft.org/base:latest`. */
  readonly image: string;
  readonly platform?: string;
  /** The name after AS. */
  readonly name?: string;
}

/** A source of COPY, as written, with its place. */
export interface CopySource {
  readonly path: string;
  readonly position: Position;
}

export interface Copy extends InstructionBase {
  readonly type: 'copy';
  /** At least one. */
  readonly sources: readonly CopySource[];
  /** As written: a trailing slash and a relative path mean something. */
  readonly destination: string;
  /** Permission bits of `--chmod`, 0 to 0o7777. */
  readonly chmod?: number;
  readonly chown?: { readonly uid: number; readonly gid: number };
}

export interface LabelPair {
  readonly key: string;
  readonly value: string;
  /** Of the key. */
  readonly position: Position;
}

export interface Label extends InstructionBase {
  readonly type: 'label';
  /** At least one. */
  readonly pairs: readonly LabelPair[];
}

/** The arguments of CMD or ENTRYPOINT: a JSON list (`exec`), or the rest of the line (`shell`). */
export type Arguments =
  | { readonly form: 'exec'; readonly words: readonly string[] }
  | { readonly form: 'shell'; readonly text: string };

export interface Cmd extends InstructionBase {
  readonly type: 'cmd';
  readonly arguments: Arguments;
}

export interface Entrypoint extends InstructionBase {
  readonly type: 'entrypoint';
  readonly arguments: Arguments;
}

export type Instruction = From | Copy | Label | Cmd | Entrypoint;

/** A file that was read. What is wrong with it is listed, not thrown, so that one run shows everything. */
export interface Containerfile {
  readonly instructions: readonly Instruction[];
  /** True when a LABEL is so wrong that none of its labels could be made out. */
  readonly hasLostLabels: boolean;
  /** The instructions can't be trusted unless this is empty. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}
