// `version` and `platforms` of a bunnyfile: which bunny reads it, and what the image is for.

import type { StatedPlatform } from '../containerfile/instruction.ts';
import type { Position } from '../errors.ts';
import { formatPlatform, normalPlatform } from '../oci/platform.ts';
import type { Platform } from '../oci/platform.ts';
import { nearest } from '../suggest.ts';
import { quote } from '../text.ts';
import { Section } from './section.ts';
import type { SectionOptions } from './section.ts';
import type { Bunnyfile, Stated } from './stated.ts';

export type StatedPlatforms = Pick<
  Bunnyfile,
  'position' | 'framework' | 'monitor' | 'version' | 'architecture'
>;

const keys = ['framework', 'version', 'monitor', 'architecture'];

const shape =
  'Write "framework: linux" and "monitor: qemu", each on a line of its own, indented below "platforms:".';

/** The newest version that is read here; earlier ones are read as well. */
const supported = [0, 1];

/** Reports a version of the format that is missing, malformed, or newer than `v0.1`. */
export function checkFormat(file: Section): void {
  const version = file.text('version', { hint: 'Write "version: v0.1".', isLiteral: true });
  if (version === undefined) return;
  const [, digits] = /^v?(\d+(?:\.\d+)*)(?:-[\w.-]+)?(?:\+[\w.-]+)?$/.exec(version.text.trim()) ?? [];
  if (digits === undefined) {
    file.error(version.position, `expected a version such as v0.1, got ${quote(version.text)}`);
    return;
  }
  const parts = digits.split('.').map(Number);
  const length = Math.max(parts.length, supported.length);
  for (let at = 0; at < length; at++) {
    const [part = 0, limit = 0] = [parts[at], supported[at]];
    if (part < limit) return;
    if (part === limit) continue;
    const message = `expected a bunnyfile of version v0.1 or earlier, got ${quote(version.text)}`;
    file.error(version.position, message, 'The version of the framework stands in "platforms".');
    return;
  }
}

/**
 * Undefined, with errors, when something that an image needs is missing.
 * @param target what is built
 */
export function readPlatforms(
  file: Section,
  options: SectionOptions,
  target: Platform | undefined,
): StatedPlatforms | undefined {
  const hint =
    file.node('platforms')?.type === 'list'
      ? `${shape} For several platforms, build the file with --platform linux/amd64,linux/arm64 and write "architecture: \${TARGETARCH}".`
      : shape;
  const mapping = file.mapping('platforms', hint);
  if (mapping === undefined) return undefined;
  const position = file.placeOf('platforms');
  const section = new Section('platforms', mapping, position, keys, options, {
    arch: 'Write "architecture".',
    hypervisor: 'Write "monitor".',
  });
  const framework = section.text('framework', { hint: 'Write for example "framework: unikraft".' });
  const monitor = readMonitor(section);
  const version = section.text('version');
  const architecture = readArchitecture(section, target);
  if (framework === undefined || monitor === undefined) return undefined;
  return {
    position,
    framework,
    monitor,
    ...(version === undefined ? {} : { version }),
    ...(architecture === undefined ? {} : { architecture }),
  };
}

/** Reads the monitor. `fc`, which urunc doesn't know, is an error, and is read as `firecracker`. */
function readMonitor(section: Section): Stated | undefined {
  const monitor = section.text('monitor', { hint: 'Write for example "monitor: qemu".' });
  if (monitor?.text !== 'fc') return monitor;
  const message = 'expected a monitor that urunc knows, got "fc"';
  section.error(monitor.position, message, 'Write "firecracker".');
  return { ...monitor, text: 'firecracker' };
}

/** Names that bunnyfiles use besides those of platforms. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['x86', 'amd64'],
  ['x86-64', 'amd64'],
  ['x64', 'amd64'],
  ['riscv', 'riscv64'],
]);

const architectures = ['amd64', 'arm64', 'arm', '386', 'riscv64', 'ppc64le', 's390x'];

function readArchitecture(section: Section, target: Platform | undefined): StatedPlatform | undefined {
  const stated = section.text('architecture');
  if (stated === undefined) return undefined;
  const { position } = stated;
  const name = stated.text.trim().toLowerCase();
  const platform = normalPlatform({ os: 'linux', architecture: otherNames.get(name) ?? name });
  const { architecture } = platform;
  if (!architectures.includes(architecture)) {
    const known = ['x86', 'x86_64', 'aarch64', ...architectures];
    const meant = nearest(name, known);
    const hint = meant === undefined ? `Write one of ${known.join(', ')}.` : `Did you mean ${quote(meant)}?`;
    section.error(position, `expected an architecture, got ${quote(stated.text)}`, hint);
    return undefined;
  }
  if (target !== undefined && normalPlatform(target).architecture !== architecture) {
    reportOther(section, stated, target, position);
    return undefined;
  }
  return { platform: target ?? platform, position };
}

function reportOther(section: Section, stated: Stated, target: Platform, position: Position): void {
  section.error(
    position,
    `expected an architecture for ${formatPlatform(target)}, which is built, got ${quote(stated.text)}`,
    'Write "architecture: ${TARGETARCH}" in a file for several platforms, or leave it out.',
  );
}
