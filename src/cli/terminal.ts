// What a command may use of the process: its streams, its variables and its signals.

import type { Environment } from '../core/environment.ts';
import type { ByteStream } from '../core/oci/blob.ts';

export interface Terminal {
  readonly environment: Environment;
  /** Prints a line of the result. */
  readonly stdout: (line: string) => void;
  /** Writes bytes to standard output; missing where that is a terminal, which is for lines alone. */
  readonly stdoutBytes?: (stream: ByteStream) => Promise<void>;
  /** Writes bytes to standard output as they are, and waits until they have gone; a program on the screen may be behind them. */
  readonly stdoutRaw?: (bytes: Uint8Array) => Promise<void>;
  /** Prints a line of everything else. */
  readonly stderr: (line: string) => void;
  /** Standard error, if it is a terminal that can show bars. */
  readonly screen?: NodeJS.WriteStream;
  /** All of standard input, as text. */
  readonly stdin: () => Promise<string>;
  /** The bytes of standard input; missing where that is a terminal. */
  readonly stdinBytes?: () => ByteStream;
  /** The user's home directory. */
  readonly home: string | undefined;
  /** Aborted on SIGINT, SIGTERM and the like. */
  readonly signal: AbortSignal;
}
