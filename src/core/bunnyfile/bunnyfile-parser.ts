// Parses a bunnyfile into the stages that a Containerfile would have: nothing after it tells the two apart.

import type { Findings } from '../containerfile/findings.ts';
import type { Containerfile } from '../containerfile/instruction.ts';
import type { VariableSources } from '../containerfile/variables.ts';
import type { Position, Problem } from '../errors.ts';
import { quote } from '../text.ts';
import { uruncKeys } from '../unikernel/urunc-annotations.ts';
import { unnamedRootfsOf, stagesOfBunnyfile } from './bunnyfile-stages.ts';
import { createBunnyVariables } from './bunny-variables.ts';
import { readCmdline, readEnvs, readGuestWords } from './stated-words.ts';
import { Section } from './section.ts';
import type { SectionOptions } from './section.ts';
import type { Bunnyfile } from './stated.ts';
import { checkFormat, readPlatforms } from './stated-platforms.ts';
import { readKernel, readRootfs } from './stated-rootfs.ts';
import type { YamlTree } from './yaml-tree.ts';

const keys = ['version', 'platforms', 'kernel', 'rootfs', 'cmd', 'cmdline', 'entrypoint', 'envs'];

const refused = {
  app: 'Nothing is compiled here: build the application before, and name its kernel in "kernel".',
};

/**
 * Never throws: problems are listed in the order of their places. `file` is the name in positions.
 * The format is that of bunny v0.0.5 (https://github.com/nubificus/bunny).
 */
export function parseBunnyfile(
  { root, errors: ofSyntax }: YamlTree,
  file: string,
  sources: VariableSources = {},
): Containerfile {
  const findings: Findings = { errors: [...ofSyntax], warnings: [] };
  const variables = createBunnyVariables(sources, findings);
  const bunnyfile =
    root === undefined ? undefined : readBunnyfile(root, file, { findings, variables }, sources);
  if (sources.target !== undefined) {
    const message = `expected no target with a bunnyfile, which has no stages, got ${quote(sources.target)}`;
    findings.errors.push({
      code: 'INPUT_INVALID',
      message,
      hint: 'Leave --target (the input "target") out.',
    });
  }
  if (bunnyfile !== undefined) findings.warnings.push(...variables.unused());
  const unnamedRootfs = bunnyfile === undefined ? undefined : unnamedRootfsOf(bunnyfile);
  return {
    stages: bunnyfile === undefined ? [] : stagesOfBunnyfile(bunnyfile),
    unbuilt: new Set(),
    // A file with errors may have labels that were not understood: none is reported as missing.
    hasLostLabels: findings.errors.length > 0,
    optionalLabels: [uruncKeys.version, uruncKeys.cmdline],
    ...(bunnyfile?.architecture === undefined ? {} : { platform: bunnyfile.architecture }),
    ...(unnamedRootfs === undefined ? {} : { unnamedRootfs }),
    errors: findings.errors.sort(byPlace),
    warnings: findings.warnings.sort(byPlace),
  };
}

/** Undefined, with errors, when something that decides what is built is missing. */
function readBunnyfile(
  root: NonNullable<YamlTree['root']>,
  file: string,
  options: SectionOptions,
  { platform }: VariableSources,
): Bunnyfile | undefined {
  const start: Position = { file, line: 1, column: 1 };
  if (root.type !== 'mapping') {
    const hint = 'Begin with "version: v0.1" and "platforms:".';
    const message = 'expected a mapping with "version", "platforms" and "kernel"';
    options.findings.errors.push({ code: 'BUNNYFILE_INVALID', message, hint, position: root.position });
    return undefined;
  }
  const section = new Section(undefined, root, start, keys, options, refused);
  checkFormat(section);
  const platforms = readPlatforms(section, options, platform);
  const kernel = readKernel(section, options);
  const rootfs = readRootfs(section, options, platforms?.framework.text);
  const entrypoint = readGuestWords(section, 'entrypoint');
  const cmd = readGuestWords(section, 'cmd');
  const cmdline = readCmdline(section, cmd !== undefined);
  const envs = readEnvs(section);
  if (platforms === undefined || kernel === undefined || rootfs === 'wrong') return undefined;
  const words = cmd ?? cmdline;
  const bunnyfile: Bunnyfile = {
    ...platforms,
    kernel,
    ...(rootfs === undefined ? {} : { rootfs }),
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(words === undefined ? {} : { cmd: words }),
    envs,
  };
  // They may be under a mistyped key.
  if (options.findings.errors.length === 0) warnOfNoWords(section, bunnyfile);
  return bunnyfile;
}

/** Labels may come from the base image. */
function warnOfNoWords(file: Section, { kernel, rootfs, entrypoint, cmd }: Bunnyfile): void {
  const isBased = kernel.image !== undefined || rootfs?.image !== undefined;
  if (isBased || entrypoint !== undefined || cmd !== undefined) return;
  const key = ['cmd', 'cmdline', 'entrypoint'].find((one) => file.has(one)) ?? 'platforms';
  file.warn(
    file.placeOf(key),
    'expected arguments for the guest in "cmd", got none',
    'Write cmd: ["…"] with at least one word, or name one at each start: Kubernetes and Docker start no image without a command.',
  );
}

function byPlace({ position: left }: Problem, { position: right }: Problem): number {
  if (left === undefined || right === undefined) return 0;
  return left.line - right.line || left.column - right.column;
}
