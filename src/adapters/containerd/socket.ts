// Whether containerd listens on its socket. ctr would try for ten seconds, and not say why it can't connect.

import { access } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { BimaError, isSystemError } from '../../core/errors.ts';

/** Where distributions of Kubernetes and others put the socket of their containerd. */
const knownSockets = [
  '/run/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/k0s/containerd.sock',
  '/var/snap/microk8s/common/run/containerd.sock',
  '/run/docker/containerd/containerd.sock',
];

/** The path of the socket, as ctr takes it. */
export function socketPath(address: string): string {
  return address.replace(/^unix:\/\//, '');
}

/** @throws BimaError CONTAINERD_UNREACHABLE, or CONTAINERD_DENIED when only the permission is missing */
export async function checkSocket(path: string): Promise<void> {
  try {
    await connect(path);
  } catch (cause) {
    const code = isSystemError(cause) ? cause.code : undefined;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new BimaError('CONTAINERD_DENIED', `no permission to use containerd's socket "${path}"`, {
        hint: `Run it as root (sudo), or give the socket to a group of this user: "gid" in [grpc] of containerd's config.toml.`,
        cause,
      });
    }
    const reason = code === 'ENOENT' ? `no socket at "${path}"` : `nothing answers at the socket "${path}"`;
    const others = await existing(knownSockets.filter((known) => known !== path));
    const elsewhere =
      others.length === 0 ? 'the address of its socket' : `another address (${others.join(', ')} exists)`;
    throw new BimaError('CONTAINERD_UNREACHABLE', `containerd does not run: ${reason}`, {
      hint: `Start it (systemctl start containerd), or name ${elsewhere}; to a container, mount the socket.`,
      cause,
    });
  }
}

/** True when something listens there. */
export async function isAnswering(path: string): Promise<boolean> {
  return connect(path).then(
    () => true,
    () => false,
  );
}

function connect(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path }, () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return found.flat();
}
