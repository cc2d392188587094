// The runner's commands and files: the only place that knows @actions/core.

import { appendFileSync } from 'node:fs';
import {
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

export type Environment = Readonly<Record<string, string | undefined>>;

/** A place in a file of the workspace. */
export interface AnnotationPlace {
  /** Relative to the workspace, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What the action may say to the runner. Text must have been made safe before. */
export interface Runner {
  /** The value of an input, trimmed; empty when it isn't set. */
  readonly input: (name: string) => string;
  readonly output: (name: string, value: string) => void;
  /** Hides a value in everything that is printed from now on. */
  readonly mask: (secret: string) => void;
  /** Keeps a value for the post step. */
  readonly keep: (name: string, value: string) => void;
  /** Prints a line. */
  readonly line: (text: string) => void;
  readonly debug: (text: string) => void;
  /** An error or a warning of the step, at a place if there is one. */
  readonly annotate: (severity: 'error' | 'warning', text: string, place?: AnnotationPlace) => void;
  readonly startGroup: (title: string) => void;
  readonly endGroup: () => void;
  /** Adds Markdown to the summary of the job, where there is one. */
  readonly summarize: (markdown: string) => void;
}

export function createRunner(environment: Environment): Runner {
  return {
    input: (name) => getInput(name),
    output: setOutput,
    mask: setSecret,
    keep: saveState,
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
      if (path !== '') appendFileSync(path, markdown);
    },
  };
}
