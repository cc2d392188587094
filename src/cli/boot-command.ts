// `bima run`: an image boots, and its serial port is the terminal.

import { tmpdir } from 'node:os';
import { isatty } from 'node:tty';
import { join, sep } from 'node:path';
import { withTemporaryFolder } from '../adapters/filesystem/temporary.ts';
import { findFreePort } from '../adapters/monitor/free-port.ts';
import { readHostFacts } from '../adapters/monitor/host-facts.ts';
import { BimaError } from '../core/errors.ts';
import { acceleratorNames } from '../core/monitor/machine.ts';
import type { Accelerator, ForwardedPort } from '../core/monitor/machine.ts';
import { formatCommandLine } from '../core/monitor/shell-words.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Reporter } from '../core/reporter.ts';
import { printable } from '../core/text.ts';
import { bootGuest } from '../usecases/run/boot.ts';
import type { BootGoal, BootResult } from '../usecases/run/boot.ts';
import { chooseForMachine, readBootImage } from '../usecases/run/boot-image.ts';
import type { BootImage, FoundImage } from '../usecases/run/boot-image.ts';
import { prepareBoot } from '../usecases/run/prepare-boot.ts';
import type { PreparedBoot } from '../usecases/run/prepare-boot.ts';
import type { Options } from './args.ts';
import { readBootRequest } from './boot-options.ts';
import type { BootRequest } from './boot-options.ts';
import { withBootSource } from './boot-source.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runBoot(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) {
    throw new BimaError(
      'INPUT_INVALID',
      `"bima run" requires exactly 1 argument (an image or a context), got ${positionals.length}`,
      { hint: 'Arguments of the guest stand behind "--", as in bima run IMAGE -- ARGUMENT.' },
    );
  }
  const request = readBootRequest(options, terminal.environment);
  const reporter = terminalReporter(terminal, options);
  try {
    return await withTemporaryFolder(join(tmpdir(), 'run'), (folder) => {
      const world = { options, terminal, reporter, folder };
      return withBootSource(name, request, world, async (images) => {
        const { architecture } = await readHostFacts();
        return bootFound(chooseForMachine(images, request.platform, architecture), request, world);
      });
    });
  } finally {
    reporter.close();
  }
}

interface CommandWorld {
  readonly options: Options;
  readonly terminal: Terminal;
  readonly reporter: Reporter & { close(): void };
  readonly folder: string;
}

async function bootFound(found: FoundImage, request: BootRequest, world: CommandWorld): Promise<number> {
  const { options, terminal, reporter, folder } = world;
  const ports = await Promise.all(request.ports.map(takePort));
  const image = await readBootImage(found, folder, request.options.rootfs !== undefined);
  const host = await readHostFacts();
  const prepared = await prepareBoot(image, { ...request.options, ports }, { folder, host });
  const { accelerator } = prepared.machine;
  if (options.flag('print')) {
    terminal.stdout(showCommand(prepared, folder));
    return 0;
  }
  const result = await bootGuest(prepared, request.goal, {
    environment: terminal.environment,
    folder,
    signal: terminal.signal,
    input: isatty(0) || terminal.stdinBytes !== undefined ? 'inherit' : 'ignore',
    mayFallBack: request.options.accelerator === undefined,
    print: async (bytes) => terminal.stdoutRaw?.(bytes),
    started: (actual) => {
      for (const line of introduce(image, prepared, actual)) reporter.info(line);
      if (actual !== accelerator)
        reporter.info(`${acceleratorNames[accelerator]} can't be used here: it is emulated`);
      // From here on the terminal is the guest's.
      reporter.close();
    },
  });
  return report(result, request.goal, world);
}

async function takePort(port: ForwardedPort): Promise<ForwardedPort> {
  return port.host === 0 ? { ...port, host: await findFreePort(port.address) } : port;
}

/** With the files by their names in the folder, which isn't there afterwards. */
function showCommand(prepared: PreparedBoot, folder: string): string {
  const { program, args, config } = prepared.commandFor(prepared.machine.accelerator);
  const shown = (text: string) => text.replaceAll(`${folder}${sep}`, '').replaceAll(`${folder}/`, '');
  const line = formatCommandLine([program, ...args].map(shown));
  return config === undefined ? line : `${line}\n${shown(config.text)}`;
}

function introduce(image: BootImage, prepared: PreparedBoot, accelerator: Accelerator): string[] {
  const { program, machine, root } = prepared;
  const what = `${image.label('unikernelType')} for ${formatPlatform(image.platform)}`;
  const how = acceleratorNames[accelerator];
  const memory = `${machine.memory} MiB`;
  return [
    `booting ${what} with ${program} (${how}, ${memory})`,
    ...(root.isMade
      ? [`its root file system is over ${root.kind}${root.why === undefined ? '' : `: ${root.why}`}`]
      : []),
    ...machine.ports.map(
      ({ address, host, guest, protocol }) => `${protocol} ${address}:${host} is its port ${guest}`,
    ),
  ];
}

function report(result: BootResult, goal: BootGoal, { terminal, reporter }: CommandWorld): number {
  const seconds = `${result.seconds.toFixed(1)} s`;
  if (result.isGood) {
    if (goal.expectation !== undefined) reporter.info(`${result.what} after ${seconds}`);
    return 0;
  }
  for (const line of result.complaints.split('\n'))
    if (line !== '') terminal.stderr(`bima: ${result.program}: ${printable(line)}`);
  if (goal.expectation !== undefined)
    for (const line of result.lines) terminal.stderr(`  | ${printable(line)}`);
  const wanted =
    goal.expectation === undefined
      ? 'expected a guest that switches itself off'
      : `expected a guest that prints ${JSON.stringify(goal.expectation.text)}`;
  throw new BimaError('BOOT_FAILED', `${wanted}: ${result.what} (after ${seconds})`);
}
