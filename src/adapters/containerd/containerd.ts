// A running containerd with the snapshotter: everything that can be known before an import.

import { BimaError } from '../../core/errors.ts';
import { formatPlatform } from '../../core/oci/platform.ts';
import type { Platform } from '../../core/oci/platform.ts';
import { createClient } from './ctr.ts';
import type { CtrAnswer, Client } from './ctr.ts';
import { failureOf } from './failure.ts';
import { findProgram } from './program.ts';
import type { Environment } from '../../core/environment.ts';
import { checkSocket, socketPath } from './socket.ts';
import { parsePlugins, parseVersions } from './tables.ts';
import type { Snapshotter } from './tables.ts';

export interface ContainerdOptions {
  /** The path of its socket, also as a URL `unix://…`. */
  readonly address: string;
  readonly namespace: string;
  /** Absent: images are unpacked for ctr's own default. */
  readonly snapshotter?: string | undefined;
  /** The path or the name of ctr or k3s, instead of the first on the PATH. */
  readonly program?: string | undefined;
  /** The environment: searched for programs, and passed on to them. */
  readonly environment: Environment;
}

export interface Containerd {
  readonly client: Client;
  readonly namespace: string;
  readonly address: string;
  readonly snapshotter?: string;
  /** Version of the client, then of the server. */
  readonly version: string;
  /** The platforms whose images this node runs. */
  readonly platforms: readonly Platform[];
  /** The flags of `ctr images import` that this version has. */
  readonly importFlags: readonly string[];
  /** Every namespace in use. */
  readonly namespaces: readonly string[];
}

/** The snapshotter that ctr unpacks for by default. */
const defaultSnapshotter = 'overlayfs';

/**
 * Finds ctr, and checks that containerd can be used, without changing anything.
 * @throws BimaError CONTAINERD_MISSING, CONTAINERD_UNREACHABLE, CONTAINERD_DENIED or CONTAINERD_FAILED, each with a remedy,
 * INPUT_INVALID for a namespace or snapshotter that it can't have, NOT_AVAILABLE anywhere but on Linux
 */
export async function openContainerd(options: ContainerdOptions): Promise<Containerd> {
  if (process.platform !== 'linux') {
    throw new BimaError(
      'NOT_AVAILABLE',
      `containerd is used on Linux only, and this is ${process.platform}`,
      {
        hint: 'Write an archive or a layout instead, and import it on the node.',
      },
    );
  }
  const { namespace, snapshotter } = options;
  checkNamespace(namespace);
  const address = socketPath(options.address);
  const program = await findProgram(options.environment, options.program);
  await checkSocket(address);

  const client = createClient({ program, address, namespace, environment: options.environment });
  const [version, plugins, help, namespaces] = await Promise.all([
    client.query('version'),
    client.query('plugins', 'ls'),
    client.query('images', 'import', '--help'),
    client.query('namespaces', 'ls', '--quiet'),
  ]);
  const { client: clientVersion, server } = parseVersions(output(version));
  const { snapshotters, platforms } = parsePlugins(output(plugins));
  checkSnapshotter(snapshotter, snapshotters);
  return {
    client,
    namespace,
    address,
    ...(snapshotter === undefined ? {} : { snapshotter }),
    version: `${clientVersion}, ${server}`,
    platforms,
    importFlags: parseImportFlags(output(help)),
    namespaces: output(namespaces)
      .split('\n')
      .filter((name) => name !== ''),
  };
}

function output(answer: CtrAnswer): string {
  if (answer.code !== 0) throw failureOf('answer', answer.stderr);
  return answer.stdout;
}

/** containerd's own rule for identifiers (pkg/identifiers). */
function checkNamespace(namespace: string): void {
  if (/^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/.test(namespace) && namespace.length <= 76) return;
  throw new BimaError('INPUT_INVALID', `expected a namespace of containerd, got "${namespace}"`, {
    hint: 'It has up to 76 letters and digits, with single ".", "_" or "-" between them; that of Kubernetes is k8s.io.',
  });
}

function checkSnapshotter(wanted: string | undefined, snapshotters: readonly Snapshotter[]): void {
  const ready = snapshotters.filter(({ status }) => status === 'ok').map(({ name }) => name);
  const hint = `Choose a snapshotter that is ready: ${ready.join(', ')}.`;
  const found = snapshotters.find(({ name }) => name === (wanted ?? defaultSnapshotter));
  if (found === undefined && wanted !== undefined)
    throw new BimaError('INPUT_INVALID', `containerd has no snapshotter "${wanted}"`, { hint });
  if (found === undefined || found.status === 'ok') return;
  const what =
    wanted === undefined
      ? `containerd's default snapshotter "${found.name}"`
      : `the snapshotter "${found.name}"`;
  throw new BimaError('CONTAINERD_FAILED', `${what} is not ready: its status is "${found.status}"`, {
    hint: `${hint} "ctr plugins ls --detailed" says why it is not.`,
  });
}

/** The flags that `ctr images import --help` lists, such as `--local` from 1.7 on. */
export function parseImportFlags(help: string): string[] {
  return [...help.matchAll(/^\s+(--[a-z-]+)/gm)].map(([, flag = '']) => flag);
}

/** True when the node runs images of this platform: 64-bit x86 and Arm run the images of their 32-bit forms as well. */
export function isNative(
  { platforms }: Pick<Containerd, 'platforms'>,
  { os, architecture }: Platform,
): boolean {
  return platforms.some(
    (node) =>
      node.os === os &&
      (node.architecture === architecture || compatible.get(node.architecture) === architecture),
  );
}

const compatible = new Map([
  ['amd64', '386'],
  ['arm64', 'arm'],
]);

export function formatNode({ platforms }: Pick<Containerd, 'platforms'>): string {
  return platforms.map(formatPlatform).join(' and ');
}
