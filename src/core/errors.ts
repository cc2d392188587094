// The one error class, and the plain problem that it carries.
// Printing them is the shells' work (cli/, action/).

import { limits } from './limits.ts';

/** What went wrong, as a word that scripts can test for. */
export type ErrorCode =
  | 'ARCHITECTURE_MISMATCH'
  | 'ARCHITECTURE_UNKNOWN'
  | 'ARTIFACT_EXISTS'
  | 'ARTIFACT_FAILED'
  | 'ASSET_EXISTS'
  | 'BINARY_INVALID'
  | 'BINARY_MISSING'
  | 'BOOT_FAILED'
  | 'BUNNYFILE_INVALID'
  | 'CLEANUP_SKIPPED'
  | 'CLEANUP_UNSAFE'
  | 'COMPRESSION_UNSUPPORTED'
  | 'CONTAINERD_DENIED'
  | 'CONTAINERD_FAILED'
  | 'CONTAINERD_MISSING'
  | 'CONTAINERD_UNREACHABLE'
  | 'CONTAINERFILE_MISSING'
  | 'CONTAINERFILE_SYNTAX'
  | 'CONTAINERFILE_UNSUPPORTED'
  | 'CONTEXT_CHANGED'
  | 'CONTEXT_PATH'
  | 'CREDENTIALS_FAILED'
  | 'DIGEST_MISMATCH'
  | 'DOWNLOAD_FAILED'
  | 'GITHUB_DENIED'
  | 'GITHUB_FAILED'
  | 'GITHUB_NOT_FOUND'
  | 'INPUT_INVALID'
  | 'INTERRUPTED'
  | 'LABEL_INVALID'
  | 'LABEL_MISSING'
  | 'LAYOUT_INVALID'
  | 'MONITOR_MISSING'
  | 'NOT_AVAILABLE'
  | 'OUTPUT_FAILED'
  | 'PLATFORM_FOREIGN'
  | 'PLATFORM_MISSING'
  | 'REFERENCE_INVALID'
  | 'REGISTRY_DENIED'
  | 'REGISTRY_NOT_FOUND'
  | 'REGISTRY_PROTOCOL'
  | 'REGISTRY_REFUSED'
  | 'REGISTRY_UNAUTHORIZED'
  | 'REGISTRY_UNAVAILABLE'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_WARNING'
  | 'SIGNATURE_HIDDEN'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_MISSING'
  | 'SIGNER_UNEXPECTED'
  | 'SIGNING_FAILED'
  | 'SIGNING_KEY_INVALID'
  | 'SIGNING_TOKEN_MISSING'
  | 'TRUST_CONFIGURATION_INVALID'
  | 'TRUST_ROOT_UNAVAILABLE';

/** A place in a file. Lines and columns count from 1; columns count UTF-16 code units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One finding: an error or a warning, without a stack. */
export interface Problem {
  readonly code: ErrorCode;
  /** A lower-case fragment without a full stop, the offending value in double quotes. */
  readonly message: string;
  /** One sentence that the reader can act on. */
  readonly hint?: string;
  readonly position?: Position;
}

/** Everything that bima throws on purpose. Any other error that reaches a shell is a bug. */
export class BimaError extends Error implements Problem {
  override readonly name = 'BimaError';
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly position?: Position;
  /** Every problem found in the same run; the error's own alone, unless there are several. */
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; position?: Position; cause?: unknown; problems?: readonly Problem[] } = {},
  ) {
    super(shorten(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.hint !== undefined) this.hint = shorten(options.hint);
    if (options.position !== undefined) this.position = options.position;
    this.problems = options.problems === undefined ? [problemOf(this)] : limitProblems(options.problems);
  }
}

/**
 * Throws one error that holds every given problem, so that a user sees them all in one run.
 * Does nothing when there is none.
 */
export function throwProblems(problems: readonly Problem[]): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const message =
    others.length === 0 ? first.message : `${problems.length} problems, the first: ${first.message}`;
  throw new BimaError(first.code, message, { ...optionalParts(first), problems });
}

/** Runs `body`, and adds the problems of a BimaError that it throws to the list. */
export async function collectProblems(problems: Problem[], body: () => unknown): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof BimaError)) throw error;
    // One by one: a folder may have more of them than a call has arguments.
    for (const problem of error.problems) problems.push(problem);
  }
}

/** Limits the number and the length of problems to what people read; the last one says how many more there are. */
export function limitProblems(problems: readonly Problem[]): readonly Problem[] {
  const shown = problems.slice(0, limits.problems).map((problem): Problem => {
    const { message, hint } = problem;
    if (message.length <= limits.message && (hint?.length ?? 0) <= limits.message) return problem;
    return { ...problem, message: shorten(message), ...(hint === undefined ? {} : { hint: shorten(hint) }) };
  });
  const last = shown.at(-1);
  const more = problems.length - shown.length;
  if (last === undefined || more === 0) return shown;
  return [...shown, { code: last.code, message: `${more} more problems like these are not shown` }];
}

function shorten(text: string): string {
  return text.length > limits.message ? `${text.slice(0, limits.message)}…` : text;
}

function problemOf(error: BimaError): Problem {
  return { code: error.code, message: error.message, ...optionalParts(error) };
}

function optionalParts(problem: Problem): { hint?: string; position?: Position } {
  return {
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.position === undefined ? {} : { position: problem.position }),
  };
}

/** True for an error that the operating system gave, such as `ENOENT`; with `code`, for that one alone. */
export function isSystemError(error: unknown, code?: string): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    'errno' in error &&
    'code' in error &&
    (code === undefined || error.code === code)
  );
}
