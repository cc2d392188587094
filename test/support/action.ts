// Starts the committed bundle of the action as a runner does: inputs and files in its environment, and it reads back
// what the runner would.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { readEventFixture } from './events.ts';
import { temporaryFolder } from './folder.ts';

export const actionBundle = resolve(import.meta.dirname, '../../dist/action.cjs');
export const postBundle = resolve(import.meta.dirname, '../../dist/post.cjs');
export const cleanupBundle = resolve(import.meta.dirname, '../../dist/cleanup.cjs');
const cleanupFile = resolve(import.meta.dirname, '../../cleanup/action.yml');
const actionFiles: Readonly<Record<string, string>> = {
  [cleanupBundle]: cleanupFile,
  [resolve(import.meta.dirname, '../../src/action/cleanup-main.ts')]: cleanupFile,
};
const actionFile = resolve(import.meta.dirname, '../../action.yml');

export interface ActionOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  /** The name of a fixture in test/fixtures/events: `push` by default. */
  readonly event?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The workspace; a folder of its own by default. */
  readonly workspace?: string;
  readonly bundle?: string;
  readonly node?: string;
  /** A signal that is sent once, as soon as the log holds this text. */
  readonly interrupt?: { readonly after: string; readonly signal: NodeJS.Signals };
  /** What runs it; this one by default. */
  readonly machine?: Machine;
}

export interface Machine {
  /** A path of this machine as the runner there has it. */
  readonly toPath: (path: string) => string;
  /** Runs the bundle to its end. */
  readonly run: (
    bundle: string,
    options: { readonly cwd: string; readonly env: Record<string, string | undefined> },
    interrupt: ActionOptions['interrupt'],
  ) => Promise<{ readonly code: number | null; readonly log: string }>;
}

export interface Annotation {
  readonly severity: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

export interface FinishedAction {
  readonly code: number | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Everything that it printed. */
  readonly log: string;
  /** The lines that the runner takes for commands. */
  readonly commands: readonly Command[];
  readonly annotations: readonly Annotation[];
  readonly workspace: string;
  /** RUNNER_TEMP. */
  readonly temporary: string;
}

export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

export async function runAction(test: TestContext, options: ActionOptions = {}): Promise<FinishedAction> {
  const folder = temporaryFolder(test);
  const workspace = options.workspace ?? join(folder, 'workspace');
  const temporary = join(folder, 'temp');
  for (const path of [workspace, temporary, join(folder, 'home')]) mkdirSync(path, { recursive: true });
  const files = Object.fromEntries(
    ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH'].map((name) => {
      const path = join(folder, name.toLowerCase());
      writeFileSync(path, '');
      return [`GITHUB_${name}`, path];
    }),
  );
  const event = readEventFixture(options.event ?? 'push');
  const eventPath = join(folder, 'event.json');
  writeFileSync(eventPath, JSON.stringify(event.payload));
  const { machine = thisMachine(options.node ?? process.execPath) } = options;
  const env = {
    PATH: process.env.PATH,
    HOME: machine.toPath(join(folder, 'home')),
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_WORKSPACE: machine.toPath(workspace),
    GITHUB_EVENT_PATH: machine.toPath(eventPath),
    RUNNER_TEMP: machine.toPath(temporary),
    ...event.env,
    ...Object.fromEntries(Object.entries(files).map(([name, path]) => [name, machine.toPath(path)])),
    ...inputVariables(options.inputs ?? {}, actionFiles[options.bundle ?? actionBundle]),
    ...options.env,
  };
  const bundle = options.bundle ?? actionBundle;
  const { code, log } = await machine.run(bundle, { cwd: workspace, env }, options.interrupt);
  const commands = log.split(/\r?\n/).flatMap((line) => parseCommand(line) ?? []);
  const read = (name: string) => readFileSync(files[`GITHUB_${name}`] ?? '', 'utf8');
  return {
    code,
    outputs: parseFileCommands(read('OUTPUT')),
    state: parseFileCommands(read('STATE')),
    summary: read('STEP_SUMMARY'),
    log,
    commands,
    annotations: commands
      .filter(({ name }) => name === 'error' || name === 'warning')
      .map(({ name, properties, data }) => ({ severity: name, properties, message: data }))
      .filter(({ message }) => !ofSample.test(message)),
    workspace,
    temporary,
  };
}

function thisMachine(node: string): Machine {
  return {
    toPath: (path) => path,
    async run(bundle, options, interrupt) {
      const child = spawn(node, [bundle], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
      let log = '';
      const collect = (text: string) => {
        log += text;
        if (interrupt === undefined || !log.includes(interrupt.after)) return;
        child.kill(interrupt.signal);
        interrupt = undefined;
      };
      child.stdout.setEncoding('utf8').on('data', collect);
      child.stderr.setEncoding('utf8').on('data', collect);
      const code = await new Promise<number | null>((done, fail) => {
        child.on('error', fail);
        child.on('close', done);
      });
      return { code, log };
    },
  };
}

/** The sample has another kernel in its unikernel's place, and every run says so: test/cli/binary-checks.test.ts is about that. */
const ofSample = /will not boot: .*"\/(?:unikernel\/)?test-redis\.hvt", got .*no note of Solo5/;

/** Fails, with everything that was printed, unless the step succeeds. */
export async function mustRunAction(test: TestContext, options: ActionOptions = {}): Promise<FinishedAction> {
  const finished = await runAction(test, options);
  if (finished.code === 0) return finished;
  throw new Error(`the action exited with ${finished.code}:\n${finished.log}`);
}

/** The runner's rule: spaces become `_`, and letters capitals; what isn't given has its default from action.yml. */
export function inputVariables(
  inputs: Readonly<Record<string, string>>,
  file = actionFile,
): Record<string, string> {
  const values = { ...readDefaults(file), ...inputs };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  );
}

/** Every input with its default, read from the action's file; the token is none here. */
function readDefaults(file: string): Record<string, string> {
  const text = readFileSync(file, 'utf8');
  const section = text.slice(text.indexOf('\ninputs:\n'), text.indexOf('\noutputs:\n'));
  return Object.fromEntries(
    [...section.matchAll(/^ {2}([a-z-]+):\n((?: {4}.*\n)+)/gm)].map(([, name = '', body = '']) => {
      const value = /^ {4}default: (.*)$/m.exec(body)?.[1] ?? '';
      return [name, value.startsWith('${{') ? '' : value.replace(/^'(.*)'$/, '$1')];
    }),
  );
}

/** As actions/runner reads a line (ActionCommand.cs), in both of its forms. */
export function parseCommand(line: string): Command | undefined {
  const trimmed = line.trimStart();
  const v2 = trimmed.startsWith('::') ? trimmed.indexOf('::', 2) : -1;
  if (v2 !== -1) return makeCommand(trimmed.slice(2, v2), ',', trimmed.slice(v2 + 2));
  const start = line.indexOf('##[');
  const end = start === -1 ? -1 : line.indexOf(']', start);
  return end === -1 ? undefined : makeCommand(line.slice(start + 3, end), ';', line.slice(end + 1));
}

function makeCommand(head: string, separator: string, data: string): Command {
  const space = head.indexOf(' ');
  const name = space === -1 ? head : head.slice(0, space);
  const pairs = space === -1 ? [] : head.slice(space + 1).split(separator);
  const properties = Object.fromEntries(
    pairs
      .filter((pair) => pair.includes('='))
      .map((pair) => {
        const equals = pair.indexOf('=');
        return [pair.slice(0, equals).trim(), unescape(pair.slice(equals + 1))];
      }),
  );
  return { name, properties, data: unescape(data) };
}

function unescape(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}

/** `name<<delimiter`, lines, `delimiter`, as the runner reads its files. */
function parseFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  while (lines.length > 0) {
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(lines.shift() ?? '') ?? [];
    if (name === undefined || delimiter === undefined) continue;
    const end = lines.indexOf(delimiter);
    values[name] = lines.splice(0, end).join('\n');
    lines.shift();
  }
  return values;
}
