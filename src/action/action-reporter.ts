// A reporter that writes to the workflow log: groups, lines, and annotations at the lines of the Containerfile.

import { realpathSync } from 'node:fs';
import type { Problem } from '../core/errors.ts';
import { progressLines } from '../core/progress-lines.ts';
import type { Reporter } from '../core/reporter.ts';
import type { AnnotationPlace, Runner } from './runner.ts';
import { safeLine, safeLines } from '../core/text.ts';
import { workspacePath } from './workspace-path.ts';

/** The runner keeps this many of each kind per step, and silently drops the others. */
const maxAnnotations = 10;

export interface ActionReporter extends Reporter {
  /** Reports that the step has failed, and why; the last call. */
  fail(problems: readonly Problem[]): void;
}

/** @param now milliseconds since some moment */
export function actionReporter(runner: Runner, workspace: string, now: () => number): ActionReporter {
  const line = (text: string) => {
    runner.line(safeLine(text));
  };
  const progress = progressLines(line, now);
  let depth = 0;
  let warnings = 0;

  const annotate = (severity: 'error' | 'warning', problem: Problem) => {
    runner.annotate(severity, safeLines(describe(problem)), placeOf(problem, workspace));
  };
  const print = (severity: 'error' | 'warning', problem: Problem) => {
    for (const part of describe(problem).split('\n')) line(`${severity}: ${part}`);
  };

  return {
    async group(title, body) {
      // Groups don't nest: an inner one would end the outer one.
      if (depth > 0) line(title);
      else runner.startGroup(safeLine(title));
      depth += 1;
      try {
        return await body();
      } finally {
        depth -= 1;
        if (depth === 0) runner.endGroup();
      }
    },
    info: line,
    debug: (message) => {
      runner.debug(safeLine(message));
    },
    warning: (problem) => {
      warnings += 1;
      if (warnings <= maxAnnotations) annotate('warning', problem);
      else print('warning', problem);
    },
    progress: (task, done, total) => {
      progress.update(task, done, total);
    },
    fail(problems) {
      const isMany = problems.length > 1;
      const shown = isMany ? maxAnnotations - 1 : 1;
      for (const problem of problems.slice(0, shown)) annotate('error', problem);
      for (const problem of problems.slice(shown)) print('error', problem);
      if (isMany) runner.annotate('error', `${problems.length} problems, each with its place above`);
    },
  };
}

/** The code, what is wrong and where, and below it what to do. */
function describe({ code, message, hint, position }: Problem): string {
  const place = position === undefined ? '' : ` (${position.file}:${position.line}:${position.column})`;
  return `${code}: ${message.replace(/\s*\n\s*/g, ' ')}${place}${hint === undefined ? '' : `\n${hint}`}`;
}

function realOrWritten(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** Place of a problem in the workspace; undefined for files outside of it, which annotations can't show. */
function placeOf({ position }: Problem, workspace: string): AnnotationPlace | undefined {
  if (position === undefined) return undefined;
  const file =
    workspacePath(workspace, position.file) ??
    // On macOS the same folder is in /tmp and in /private/tmp.
    workspacePath(realOrWritten(workspace), realOrWritten(position.file));
  return file === undefined ? undefined : { file, line: position.line, column: position.column };
}
