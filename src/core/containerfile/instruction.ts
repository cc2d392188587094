// What a Containerfile says, instruction by instruction, each with its place in the file.

import type { RootfsForm } from './rootfs-flag.ts';
import type { Position, Problem } from '../errors.ts';
import type { Platform } from '../oci/platform.ts';

interface InstructionBase {
  /** Position of the instruction's keyword. */
  readonly position: Position;
}

export interface From extends InstructionBase {
  readonly type: 'from';
  /** For example `scratch` or `unikraft.org/base:latest`, or the name of the earlier stage `stage`. */
  readonly image: string;
  readonly imagePosition: Position;
  /** The number of the earlier stage that this one builds on. */
  readonly stage?: number;
  readonly platform?: string;
  /** The name after AS. */
  readonly name?: string;
  /** True where the line can't be read: nobody knows what is in the stage. */
  readonly isFaulty?: true;
}

/** A source of COPY with its place. */
export interface CopySource {
  /** A path, or the URL that ADD downloads. */
  readonly path: string;
  readonly isUrl?: true;
  readonly position: Position;
}

/** The place that COPY takes files from instead of the context. */
export interface CopyFrom {
  /** An image, a layout or an archive, unless `stage` is there. */
  readonly value: string;
  /** The number of the earlier stage that `value` names. */
  readonly stage?: number;
  readonly position: Position;
}

/** A file whose text stands in the Containerfile itself. */
export interface CopyDocument {
  readonly name: string;
  /** The text, with variables replaced unless its name is quoted. */
  readonly text: string;
  /** Position of its `<<`. */
  readonly position: Position;
}

/** The user and the group of `--chown` or USER: numbers, or names to look up in the files of the stage. */
export interface Owner {
  readonly user: number | string;
  /** Absent: the user's own group. Always present with a numeric user. */
  readonly group?: number | string;
}

/** COPY, and ADD of files. */
export interface Copy extends InstructionBase {
  readonly type: 'copy';
  /** True for ADD, which unpacks archives. */
  readonly isAdd?: true;
  /** The flag --unpack of ADD; absent: local archives are unpacked, downloaded ones are not. */
  readonly unpack?: boolean;
  /** Checksum of ADD's one URL, such as `sha256:` and hexadecimal digits. */
  readonly checksum?: string;
  readonly from?: CopyFrom;
  /** At least one, unless there are documents. */
  readonly sources: readonly CopySource[];
  readonly documents?: readonly CopyDocument[];
  /** A trailing slash and a relative path mean something. */
  readonly destination: string;
  /** The value of `--chmod`: permission bits, 0 to 0o7777, or changes for `changeMode`. */
  readonly chmod?: number | string;
  readonly chown?: Owner;
  /** True for --parents: the folders that a source names, from its `/./` on, are made at the destination. */
  readonly parents?: true;
  /** Patterns as in an ignore file, for paths from the folder that is copied. */
  readonly exclude?: readonly string[];
  /** The value of `--rootfs`: the destination is one file, a root file system that holds what is copied. */
  readonly rootfs?: RootfsForm;
  /**
   * True for `include` of a bunnyfile: its sources are paths, never patterns, a link that one names stays a link, and a
   * folder lands inside of a folder that is there already.
   */
  readonly isInclude?: true;
}

export interface LabelPair {
  readonly key: string;
  readonly value: string;
  /** Position of the key. */
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
  /** True in a bunnyfile: the base's Cmd stays in effect. */
  readonly keepsCmd?: true;
}

export interface Env extends InstructionBase {
  readonly type: 'env';
  /** At least one. */
  readonly pairs: readonly LabelPair[];
}

export interface Workdir extends InstructionBase {
  readonly type: 'workdir';
  /** A relative path starts at the current working directory. */
  readonly path: string;
}

export interface User extends InstructionBase {
  readonly type: 'user';
  /** User as in the config: `user` or `user:group`, by name or number. */
  readonly user: string;
}

export interface Expose extends InstructionBase {
  readonly type: 'expose';
  /** Each as `80/tcp`. */
  readonly ports: readonly string[];
}

export interface Volume extends InstructionBase {
  readonly type: 'volume';
  /** At least one. */
  readonly paths: readonly string[];
}

export interface StopSignal extends InstructionBase {
  readonly type: 'stopsignal';
  readonly signal: string;
}

export interface Shell extends InstructionBase {
  readonly type: 'shell';
  /** At least one. */
  readonly words: readonly string[];
}

export interface Maintainer extends InstructionBase {
  readonly type: 'maintainer';
  readonly name: string;
}

/** The field `Healthcheck` of a config, as Docker has it; times are in nanoseconds. */
export interface Health {
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface Healthcheck extends InstructionBase {
  readonly type: 'healthcheck';
  readonly health: Health;
  /** What follows the keyword, as it is written. */
  readonly text: string;
}

export interface OnBuild extends InstructionBase {
  readonly type: 'onbuild';
  /** The instruction for later, as it is written. */
  readonly text: string;
}

/** Instructions that make the image, with their variables replaced. */
export type Instruction =
  | Copy
  | Label
  | Cmd
  | Entrypoint
  | Env
  | Workdir
  | User
  | Expose
  | Volume
  | StopSignal
  | Shell
  | Maintainer
  | Healthcheck
  | OnBuild;

/** A FROM and what follows it, up to the next. */
export interface Stage {
  /** FROM scratch, at the first instruction, in a file without one. */
  readonly from: From;
  readonly instructions: readonly Instruction[];
}

/** The platform that a file names, with the place to blame when its kernel contradicts. */
export interface StatedPlatform {
  readonly platform: Platform;
  readonly position: Position;
}

/** A root file system in the image whose content decides which label names it. */
export interface UnnamedRootfs {
  /** Path in the image. */
  readonly path: string;
  /** Path as written, for messages. */
  readonly source: string;
  /** The guest's mount point, in case it is a block device. */
  readonly mountPoint: string;
  readonly position: Position;
}

/**
 * A file that was read, a bunnyfile too. What is wrong with it is listed, not thrown, so that one run shows everything.
 */
export interface Containerfile {
  /** In their order; the last one is the image. */
  readonly stages: readonly Stage[];
  /** The numbers of stages with RUN, whose files nobody knows. */
  readonly unbuilt: ReadonlySet<number>;
  /** True when a LABEL is so wrong that none of its labels could be read. */
  readonly hasLostLabels: boolean;
  /** Keys of labels that may be absent; none by default. */
  readonly optionalLabels?: readonly string[];
  readonly platform?: StatedPlatform;
  readonly unnamedRootfs?: UnnamedRootfs;
  /** The names of all ARGs, each once; none by default. */
  readonly argumentNames?: readonly string[];
  /** The instructions can't be trusted unless this is empty. */
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}
