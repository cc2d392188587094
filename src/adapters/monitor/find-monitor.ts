// Finds the program of a monitor.

import { win32 } from 'node:path';
import type { Environment } from '../../core/environment.ts';
import { BimaError } from '../../core/errors.ts';
import { installHint } from '../../core/monitor/monitor-packages.ts';
import { readVariable } from '../../core/program-paths.ts';
import { findOnPath, isExecutable } from '../filesystem/find-program.ts';
import { readSystemName } from './host-facts.ts';

/** Its path. @throws BimaError MONITOR_MISSING, with what to install on this system */
export async function findMonitor(program: string, environment: Environment): Promise<string> {
  const found = (await findOnPath(program, environment)) ?? (await findInstalled(program, environment));
  if (found !== undefined) return found;
  throw new BimaError('MONITOR_MISSING', `there is no ${program} on the PATH`, {
    hint: installHint(program, await readSystemName()),
  });
}

/** QEMU's installer for Windows leaves the PATH alone. */
async function findInstalled(program: string, environment: Environment): Promise<string | undefined> {
  if (process.platform !== 'win32') return undefined;
  const folder = readVariable(environment, 'PROGRAMFILES') ?? '';
  if (!win32.isAbsolute(folder)) return undefined;
  const path = win32.join(folder, 'qemu', `${program}.exe`);
  return (await isExecutable(path)) ? path : undefined;
}
