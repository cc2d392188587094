// Shorthands of this folder's tests: the text of a bunnyfile in, instructions and problems out.

import assert from 'node:assert/strict';
import { parseBunnyfile } from '../../../src/core/bunnyfile/bunnyfile-parser.ts';
import { readYamlTree } from '../../../src/core/bunnyfile/yaml-tree.ts';
import { formatContainerfile } from '../../../src/core/containerfile/format.ts';
import type { Containerfile } from '../../../src/core/containerfile/instruction.ts';
import type { VariableSources } from '../../../src/core/containerfile/variables.ts';
import type { Problem } from '../../../src/core/errors.ts';

export async function parseBunny(text: string, sources?: VariableSources): Promise<Containerfile> {
  return parseBunnyfile(await readYamlTree(text, 'bunnyfile'), 'bunnyfile', sources);
}

/** The Containerfile that says the same as a bunnyfile in which nothing is wrong, without the prefix of urunc's labels. */
export async function formatBunny(text: string, sources?: VariableSources): Promise<string[]> {
  const { stages, errors } = await parseBunny(text, sources);
  assert.deepEqual(errors, []);
  const lines = formatContainerfile(stages).trimEnd().replaceAll('com.urunc.unikernel.', '').split('\n');
  return lines.map((line) => line.replaceAll('"', ''));
}

/** Such as `3:7 message → hint`. */
export function told(problems: readonly Problem[]): string[] {
  return problems.map(({ position, message, hint }) => {
    const place = position === undefined ? '-' : `${position.line}:${position.column}`;
    return `${place} ${message}${hint === undefined ? '' : ` → ${hint}`}`;
  });
}

/** What a file needs besides. */
export const head = `version: v0.1
platforms:
  framework: linux
  monitor: qemu
`;
export const kernel = `kernel:
  from: local
  path: vmlinuz
cmd: [/init]
`;
