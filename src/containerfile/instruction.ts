// What a Containerfile says, instruction by instruction, each with its place in the file.

import type { Position, Problem } from '../errors.ts';

interface InstructionBase {
  /** Of the instruction's keyword. */
  readonly position: Position;
}

export interface From extends InstructionBase {
  readonly type: 'from';
  /** For example `scratch` or `unikraft.org/base:latest`, or the name of the earlier stage `stage`. */
  readonly image: string;
  readonly imagePosition: Position;
  /** The number of the earlier stage that this one goes on from. */
  readonly stage?: number;
  readonly platform?: string;
  /** The name after AS. */
  readonly name?: string;
  /** True where the line can't be read: nobody knows what is in the stage. */
  readonly isFaulty?: true;
}

/** A source of COPY with its place. */
export interface CopySource {
  readonly path: string;
  readonly position: Position;
}

/** What COPY takes files from instead of the context. */
export interface CopyFrom {
  /** An image, a layout or an archive, unless `stage` is there. */
  readonly value: string;
  /** The number of the earlier stage that `value` names. */
  readonly stage?: number;
  readonly position: Position;
}

export interface Copy extends InstructionBase {
  readonly type: 'copy';
  readonly from?: CopyFrom;
  /** At least one. */
  readonly sources: readonly CopySource[];
  /** A trailing slash and a relative path mean something. */
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

/** The arguments of CMD or ENTRYPOINT: a JSON list (`exec`), or the rest of the line with its quotes (`shell`). */
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

/** Those that make the image, with their variables replaced. */
export type Instruction = Copy | Label | Cmd | Entrypoint;

/** A FROM and what follows it, up to the next. */
export interface Stage {
  /** FROM scratch, at the first instruction, in a file without one. */
  readonly from: From;
  readonly instructions: readonly Instruction[];
}

/** A file that was read. What is wrong with it is listed, not thrown, so that one run shows everything. */
export interface Containerfile {
  /** In their order; the last one is the image. */
  readonly stages: readonly Stage[];
  /** True when a LABEL is so wrong that none of its labels could be made out. */
  readonly hasLostLabels: boolean;
  /** The instructions can't be trusted unless this is empty. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}
