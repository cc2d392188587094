// The runner's commands and files: the only place that knows @actions/core.

import { appendFileSync, closeSync, constants, openSync, statSync } from 'node:fs';
import {
  addPath,
  debug,
  endGroup,
  error,
  getInput,
  info,
  saveState,
  setOutput,
  setSecret,
  startGroup,
  warning,
} from '@actions/core';
import type { Environment } from '../core/environment.ts';
import { BimaError } from '../core/errors.ts';
import { outputError } from '../adapters/filesystem/temporary.ts';
import { safeLines } from '../core/text.ts';

/** A place in a file of the workspace. */
export interface AnnotationPlace {
  /** Relative to the workspace, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What the action can tell the runner. Text must already be safe. */
export interface Runner {
  /** The value of an input, trimmed; empty when it isn't set. */
  readonly input: (name: string) => string;
  /** @throws BimaError OUTPUT_FAILED: whoever reads it later would take it for empty */
  readonly output: (name: string, value: string) => void;
  /** Hides a value in everything that is printed from now on. */
  readonly mask: (secret: string) => void;
  /** Saves a value for the post step; a warning if that isn't possible. */
  readonly keep: (name: string, value: string) => void;
  /** Prints a line. */
  readonly line: (text: string) => void;
  readonly debug: (text: string) => void;
  /** An error or a warning of the step, at a place if there is one. */
  readonly annotate: (severity: 'error' | 'warning', text: string, place?: AnnotationPlace) => void;
  readonly startGroup: (title: string) => void;
  readonly endGroup: () => void;
  /** Adds Markdown to the summary of the job, where there is one; a warning if that isn't possible. */
  readonly summarize: (markdown: string) => void;
}

/**
 * Writes to a file of the runner. A FIFO there that nobody reads would keep the process waiting, so it is opened first
 * without waiting.
 */
function withReader(path: string | undefined, body: () => void): void {
  const isPipe = path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
  const file = isPipe ? openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) : undefined;
  try {
    body();
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The library tells of a missing file in words of its own. */
function attempt(what: string, body: () => void): BimaError | undefined {
  try {
    body();
    return undefined;
  } catch (cause) {
    const error = outputError(what, cause);
    if (error instanceof BimaError) return error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new BimaError('OUTPUT_FAILED', `can't ${what}: ${reason}`, {
      hint: 'Look whether an earlier step of the job has removed the files of the runner.',
      cause,
    });
  }
}

function warn(failure: BimaError | undefined): void {
  if (failure === undefined) return;
  const { code, message, hint } = failure;
  warning(safeLines(`${code}: ${message}${hint === undefined ? '' : `\n${hint}`}`));
}

/** Puts a folder first on the PATH of the steps that follow. @throws BimaError OUTPUT_FAILED */
export function addToPath(folder: string, environment: Environment): void {
  const failure = attempt('add to the PATH', () => {
    withReader(environment.GITHUB_PATH, () => {
      addPath(folder);
    });
  });
  if (failure !== undefined) throw failure;
}

export function createRunner(environment: Environment): Runner {
  return {
    input: (name) => getInput(name),
    output: (name, value) => {
      const failure = attempt(`set the output "${name}"`, () => {
        withReader(environment.GITHUB_OUTPUT, () => {
          setOutput(name, value);
        });
      });
      if (failure !== undefined) throw failure;
    },
    mask: setSecret,
    keep: (name, value) => {
      warn(
        attempt(`keep the value "${name}" for the step after the job`, () => {
          withReader(environment.GITHUB_STATE, () => {
            saveState(name, value);
          });
        }),
      );
    },
    line: info,
    debug,
    annotate: (severity, text, place) => {
      const properties =
        place === undefined ? {} : { file: place.file, startLine: place.line, startColumn: place.column };
      (severity === 'error' ? error : warning)(text, properties);
    },
    startGroup,
    endGroup,
    summarize: (markdown) => {
      const path = environment.GITHUB_STEP_SUMMARY ?? '';
      if (path === '') return;
      warn(
        attempt('write the summary of the job', () => {
          withReader(path, () => {
            appendFileSync(path, markdown);
          });
        }),
      );
    },
  };
}
