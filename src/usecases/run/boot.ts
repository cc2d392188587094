// The use case: a guest boots, and what it does is judged.

import { findMonitor } from '../../adapters/monitor/find-monitor.ts';
import { placeBytes } from '../../adapters/monitor/boot-folder.ts';
import { startGuest } from '../../adapters/monitor/guest-process.ts';
import type { GuestProcess, GuestProcessOptions } from '../../adapters/monitor/guest-process.ts';
import { waitForAnswer } from '../../adapters/monitor/http-answer.ts';
import type { Environment } from '../../core/environment.ts';
import type { Expectation } from '../../core/monitor/expectation.ts';
import { hasEndedWell } from '../../core/monitor/guest-end.ts';
import type { MonitorEnd } from '../../core/monitor/guest-end.ts';
import type { Accelerator } from '../../core/monitor/machine.ts';
import { SerialLog } from '../../core/monitor/serial-log.ts';
import type { KnownMonitor } from '../../core/unikernel/bootable.ts';
import type { PreparedBoot } from './prepare-boot.ts';

/** What the guest is expected to do: with nothing set, to end by itself with success. */
export interface BootGoal {
  readonly expectation?: Expectation | undefined;
  /** An HTTP answer with a status under 400. */
  readonly answer?: { readonly address: string; readonly port: number; readonly path: string } | undefined;
  /** The limit for that, in milliseconds. */
  readonly timeout?: number | undefined;
}

export interface BootWorld {
  readonly environment: Environment;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly input: GuestProcessOptions['input'];
  readonly print: GuestProcessOptions['print'];
  /** Called when the monitor starts, and again when it starts once more with another accelerator. */
  readonly started?: (accelerator: Accelerator) => void;
}

export interface BootResult {
  readonly monitor: KnownMonitor;
  readonly program: string;
  readonly accelerator: Accelerator;
  /** True where the goal was reached. */
  readonly isGood: boolean;
  /** What the guest did, such as `it printed "ready"`. */
  readonly what: string;
  /** From the start of the monitor until then, in milliseconds. */
  readonly seconds: number;
  /** The last lines that it printed. */
  readonly lines: readonly string[];
  /** What the monitor itself said, where that may be the reason. */
  readonly complaints: string;
}

/** @throws BimaError MONITOR_MISSING; what the signal was aborted with */
export async function bootGuest(
  prepared: PreparedBoot,
  goal: BootGoal,
  world: BootWorld & { readonly mayFallBack: boolean },
): Promise<BootResult> {
  const path = await findMonitor(prepared.program, world.environment);
  const { accelerator } = prepared.machine;
  const result = await bootOnce(prepared, goal, { ...world, path, accelerator });
  // An accelerator that looks available may still fail: in a container without the right, or in a nested virtual machine.
  const isUnable = accelerator !== 'tcg' && !result.isGood && result.lines.length === 0;
  if (!world.mayFallBack || !isUnable || prepared.monitor !== 'qemu') return result;
  if (!/kvm|hvf|hypervisor|accel/i.test(result.complaints)) return result;
  return bootOnce(prepared, goal, { ...world, path, accelerator: 'tcg' });
}

interface OnceWorld extends BootWorld {
  readonly path: string;
  readonly accelerator: Accelerator;
}

async function bootOnce(prepared: PreparedBoot, goal: BootGoal, world: OnceWorld): Promise<BootResult> {
  const { monitor, type, program } = prepared;
  const { path, accelerator, signal, environment, input } = world;
  const { args, config } = prepared.commandFor(accelerator);
  if (config !== undefined) await placeBytes(world.folder, 'settings.json', config.text);
  signal.throwIfAborted();
  world.started?.(accelerator);
  const log = new SerialLog(goal.expectation);
  const start = performance.now();
  const watch = new GoalWatch(goal, log);
  const guest = startGuest({
    ...{ path, args, environment, input },
    print: async (bytes) => {
      log.add(bytes);
      watch.look();
      await world.print(bytes);
    },
  });
  const end = await watch.follow(guest, signal);
  signal.throwIfAborted();
  const seconds = ((watch.reachedAt ?? performance.now()) - start) / 1000;
  const common = {
    monitor,
    program,
    accelerator,
    seconds,
    lines: log.lastLines(),
    complaints: guest.complaints(),
  };
  if (watch.reachedAt !== undefined) return { ...common, isGood: true, what: describeGoal(goal) };
  if (watch.isLate)
    return { ...common, isGood: false, what: `it still ran after ${(goal.timeout ?? 0) / 1000} s` };
  const isWell = hasEndedWell(end, { monitor, type }) && !log.hasPanicked;
  const isGood = isWell && goal.expectation === undefined && goal.answer === undefined;
  return { ...common, isGood, what: describeEnd(end, log, isWell) };
}

/** Ends the guest as soon as everything expected has come, or at the limit. */
class GoalWatch {
  readonly #goal: BootGoal;
  readonly #log: SerialLog;
  readonly #done = new AbortController();
  #hasAnswered = false;
  #isLate = false;
  #reachedAt: number | undefined;

  constructor(goal: BootGoal, log: SerialLog) {
    this.#goal = goal;
    this.#log = log;
  }

  /** Milliseconds on the clock of `performance`. */
  get reachedAt(): number | undefined {
    return this.#reachedAt;
  }

  get isLate(): boolean {
    return this.#isLate;
  }

  look(): void {
    const { expectation, answer } = this.#goal;
    if (this.#reachedAt !== undefined || (expectation === undefined && answer === undefined)) return;
    const hasText = expectation === undefined || this.#log.hasFound;
    if (!hasText || (answer !== undefined && !this.#hasAnswered)) return;
    this.#reachedAt = performance.now();
    this.#done.abort();
  }

  async follow(guest: GuestProcess, signal: AbortSignal): Promise<MonitorEnd> {
    const { timeout, answer } = this.#goal;
    const done = this.#done.signal;
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            this.#isLate = this.#reachedAt === undefined;
            this.#done.abort();
          }, timeout);
    for (const one of [done, signal]) {
      one.addEventListener('abort', guest.stop, { once: true });
      if (one.aborted) guest.stop();
    }
    const asking =
      answer === undefined
        ? undefined
        : waitForAnswer(answer, AbortSignal.any([done, signal])).then((status) => {
            this.#hasAnswered = status !== undefined;
            this.look();
          });
    try {
      return await guest.ended;
    } finally {
      clearTimeout(timer);
      this.#done.abort();
      signal.removeEventListener('abort', guest.stop);
      await asking;
    }
  }
}

function describeGoal({ expectation, answer }: BootGoal): string {
  return [
    ...(expectation === undefined ? [] : [`it printed ${JSON.stringify(expectation.text)}`]),
    ...(answer === undefined ? [] : [`it answered ${answer.path} over HTTP`]),
  ].join(' and ');
}

function describeEnd({ code, signal }: MonitorEnd, log: SerialLog, isWell: boolean): string {
  if (log.hasPanicked) return 'its kernel panicked';
  if (isWell) return 'it switched itself off';
  return signal === null ? `its monitor ended with ${code ?? '?'}` : `its monitor was ended by ${signal}`;
}
