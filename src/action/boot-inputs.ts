// The inputs of the boot test.

import type { Environment } from '../core/environment.ts';
import { BimaError } from '../core/errors.ts';
import { parseArgumentText } from '../core/monitor/argument-text.ts';
import { parseExpectation } from '../core/monitor/expectation.ts';
import type { Expectation } from '../core/monitor/expectation.ts';
import { parseGuestVariables } from '../core/monitor/guest-words.ts';
import type { Attempt } from './input-problems.ts';
import { readLines, readNumber, readText } from './input-values.ts';
import type { InputReader } from './input-values.ts';

export interface BootInputs {
  /** What is to be printed; undefined where an answer over HTTP alone counts. */
  readonly expectation?: Expectation | undefined;
  /** Port of the guest that is to answer, and what it is asked for. */
  readonly port?: number | undefined;
  readonly path: string;
  /** In place of CMD. */
  readonly arguments?: readonly string[] | undefined;
  readonly environment: ReadonlyMap<string, string>;
  /** In milliseconds. */
  readonly timeout: number;
}

/** Undefined without a test. */
export function readBoot(
  read: InputReader,
  environment: Environment,
  attempt: Attempt,
): BootInputs | undefined {
  const text = (name: string) => readText(read, name);
  const [expected, args, path] = [text('boot-test'), text('boot-args'), text('boot-path')];
  const port = attempt(() => readNumber(read, 'boot-port', [1, 65535]), undefined);
  const timeout = attempt(() => readNumber(read, 'boot-timeout', [1, 3600]), undefined);
  const variables = attempt(
    () => parseGuestVariables(readLines(read, 'boot-env'), environment, 'the input "boot-env"'),
    new Map<string, string>(),
  );
  attempt(() => {
    checkAlone(read, expected !== undefined || text('boot-port') !== undefined);
    checkPath(path, text('boot-port') !== undefined);
  }, undefined);
  const expectation =
    expected === undefined
      ? undefined
      : attempt(() => parseExpectation(expected, 'the input "boot-test"'), undefined);
  const words =
    args === undefined
      ? undefined
      : attempt(() => parseArgumentText(args, 'the input "boot-args"'), undefined);
  if (expectation === undefined && port === undefined) return undefined;
  return {
    expectation,
    port,
    path: path ?? '/',
    arguments: words,
    environment: variables,
    timeout: (timeout ?? 60) * 1000,
  };
}

/** An input that has no effect is a test that its author believes to have. */
function checkAlone(read: InputReader, isWanted: boolean): void {
  if (isWanted) return;
  const names = ['boot-args', 'boot-env', 'boot-path'].filter((name) => readText(read, name) !== undefined);
  if (names.length === 0) return;
  throw new BimaError(
    'INPUT_INVALID',
    `expected the input "boot-test" or "boot-port" beside "${names.join('", "')}"`,
    {
      hint: 'Say what the guest is to print, or the port on which it is to answer: without, nothing is booted.',
    },
  );
}

function checkPath(path: string | undefined, hasPort: boolean): void {
  if (path === undefined) return;
  if (!hasPort) {
    throw new BimaError('INPUT_INVALID', 'expected the input "boot-port" beside "boot-path"', {
      hint: 'Name the port of the guest that answers over HTTP.',
    });
  }
  // What a URL has no place for would change what is asked for.
  if (/^\/[!-~]*$/.test(path) && !path.includes('#')) return;
  throw new BimaError(
    'INPUT_INVALID',
    `expected a path such as "/health" for the input "boot-path", got "${path}"`,
  );
}
