// The boot test of a run: each platform of the image for which the runner has a monitor boots before anything is published.

import { join } from 'node:path';
import { withTemporaryFolder } from '../adapters/filesystem/temporary.ts';
import { findFreePort } from '../adapters/monitor/free-port.ts';
import { readHostFacts } from '../adapters/monitor/host-facts.ts';
import { BimaError } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import { acceleratorNames, parseAccelerator } from '../core/monitor/machine.ts';
import { SerialLines } from '../core/monitor/serial-lines.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Source } from '../core/oci/target.ts';
import { codeBlock, codeSpan, printable } from '../core/text.ts';
import { bootGuest } from '../usecases/run/boot.ts';
import type { BootResult } from '../usecases/run/boot.ts';
import { findImages, readBootImage } from '../usecases/run/boot-image.ts';
import type { FoundImage } from '../usecases/run/boot-image.ts';
import { prepareBoot } from '../usecases/run/prepare-boot.ts';
import type { BootReport } from './boot-text.ts';
import type { BootInputs } from './boot-inputs.ts';
import type { World } from './world.ts';

export interface BootTestRequest {
  readonly boot: BootInputs;
  readonly source: Source;
  readonly root: Descriptor;
  /** Whether a failure is also said in the summary. */
  readonly summary: boolean;
}

export type BootTestWorld = Pick<World, 'environment' | 'runner' | 'reporter' | 'folder' | 'signal'>;

/** @throws BimaError BOOT_FAILED, and MONITOR_MISSING when nothing could be booted */
export async function bootForWorkflow(
  request: BootTestRequest,
  world: BootTestWorld,
): Promise<readonly BootReport[]> {
  const images = await findImages(request.source, [request.root]);
  const reports: BootReport[] = [];
  const missing: Problem[] = [];
  for (const image of images) {
    const report = await bootPlatform(image, request, world);
    reports.push({ platform: image.platform, text: report.text });
    if (report.missing !== undefined) missing.push(report.missing);
  }
  const [first] = missing;
  if (first === undefined) return reports;
  if (missing.length === images.length) {
    throw new BimaError(first.code, first.message, {
      ...(first.hint === undefined ? {} : { hint: first.hint }),
    });
  }
  for (const problem of missing) world.reporter.warning(problem);
  return reports;
}

interface PlatformReport {
  readonly text: string;
  /** Where there is no monitor for it. */
  readonly missing?: Problem;
}

async function bootPlatform(
  image: FoundImage,
  request: BootTestRequest,
  world: BootTestWorld,
): Promise<PlatformReport> {
  const { reporter, folder } = world;
  const name = formatPlatform(image.platform);
  let result: BootResult;
  try {
    result = await reporter.group(`Boot the image for ${name}`, () =>
      withTemporaryFolder(join(folder, 'boot'), (own) =>
        bootOne(image, request.boot, { ...world, folder: own }),
      ),
    );
  } catch (error) {
    if (!(error instanceof BimaError) || !isOfRunner(error)) throw error;
    const { code, message, hint } = error;
    const problem: Problem = { code, message: `the image for ${name} was not booted: ${message}` };
    return { text: `not booted: ${message}`, missing: hint === undefined ? problem : { ...problem, hint } };
  }
  const on = `${result.monitor} (${acceleratorNames[result.accelerator]})`;
  const seconds = `${result.seconds.toFixed(1)} s`;
  if (!result.isGood) throw failBoot({ name, on, seconds, result }, request, world);
  reporter.info(`the image for ${name} booted on ${on}: ${result.what} after ${seconds}`);
  return { text: `booted on ${on} in ${seconds}` };
}

/** What this runner lacks, and another may have. */
function isOfRunner({ code }: BimaError): boolean {
  return code === 'MONITOR_MISSING' || code === 'NOT_AVAILABLE' || code === 'PLATFORM_FOREIGN';
}

async function bootOne(image: FoundImage, boot: BootInputs, world: BootTestWorld): Promise<BootResult> {
  const { environment, reporter, folder, signal } = world;
  const address = '127.0.0.1';
  const host = boot.port === undefined ? 0 : await findFreePort(address);
  const forwarded = (guest: number) => ({ address, host, guest, protocol: 'tcp' }) as const;
  const prepared = await prepareBoot(
    await readBootImage(image, folder, false),
    {
      arguments: boot.arguments,
      environment: boot.environment,
      accelerator: parseAccelerator(environment.BIMA_ACCEL, 'the variable BIMA_ACCEL'),
      cpus: 1,
      ports: boot.port === undefined ? [] : [forwarded(boot.port)],
    },
    { folder, host: await readHostFacts() },
  );
  const lines = new SerialLines((line) => {
    reporter.info(line);
  });
  const answer = boot.port === undefined ? undefined : { address, port: host, path: boot.path };
  const goal = { expectation: boot.expectation, answer, timeout: boot.timeout };
  const result = await bootGuest(prepared, goal, {
    ...{ environment, folder, signal },
    input: 'ignore',
    mayFallBack: (environment.BIMA_ACCEL ?? '') === '',
    print: (bytes) => {
      lines.add(bytes);
    },
    started: (accelerator) => {
      const { program, machine, root } = prepared;
      reporter.info(`booting with ${program} (${acceleratorNames[accelerator]}, ${machine.memory} MiB)`);
      if (root.why !== undefined) reporter.info(`its root file system is over ${root.kind}: ${root.why}`);
    },
  });
  lines.end();
  return result;
}

interface Failure {
  readonly name: string;
  readonly on: string;
  readonly seconds: string;
  readonly result: BootResult;
}

/** Says it in the log and in the summary. */
function failBoot(
  { name, on, seconds, result }: Failure,
  { boot, summary }: BootTestRequest,
  { runner, reporter }: BootTestWorld,
): BimaError {
  const { lines, complaints, program, what } = result;
  const said = complaints.split('\n').filter((line) => line.trim() !== '');
  const last = [...lines, ...said.map((line) => `${program}: ${line}`)].map(printable);
  reporter.info(`the last lines of the image for ${name}:`);
  for (const line of last) reporter.info(`  | ${line}`);
  const title = `**The image for ${codeSpan(name)} did not boot** on ${on}: ${codeSpan(what, 400)} after ${seconds}`;
  if (summary) runner.summarize(`${title}\n\n${codeBlock(last.join('\n'), '')}\n\n`);
  return new BimaError(
    'BOOT_FAILED',
    `expected the image for ${name} to boot on ${on} and ${describeWish(boot)}: ${what} (after ${seconds})`,
    { hint: 'Its last lines are in the log above. Nothing was published.' },
  );
}

function describeWish({ expectation, port, path }: BootInputs): string {
  return [
    ...(expectation === undefined ? [] : [`print ${JSON.stringify(expectation.text)}`]),
    ...(port === undefined ? [] : [`answer ${path} on its port ${port}`]),
  ].join(' and ');
}
