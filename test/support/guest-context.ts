// A Linux guest for tests that boot one: busybox, an init that does what its first argument says, and Debian's kernel.

import { copyFileSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { findModules } from './cloud-kernel.ts';
import { temporaryFolder } from './folder.ts';

/** What virtio takes on PCI, in the order in which it is loaded. */
export const virtioModules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
];

/** The guest's init: what it does is its first argument. */
const init = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
echo "guest: $# [$1] [$2] [$3] $GREETING"
echo "guest: $($b stat -c '%a %u:%g' /etc/greeting) $(/bin/sh -c 'echo a link')"
[ -e /urunit.conf ] && echo "guest: $($b tr '\\n' ' ' < /urunit.conf)"
for module in /modules/*; do [ -e "$module" ] && $b insmod "$module"; done
case "$1" in
  off) $b poweroff -f ;;
  panic) exit 3 ;;
  noise) while :; do echo "noise $GREETING"; done ;;
  hang) while :; do $b sleep 1000; done ;;
  write)
    echo text > /written && $b chown 7:8 /written && $b mknod /null c 1 3 && echo lost > /null
    echo "guest: $($b stat -c '%u:%g %F' /written /null | $b tr '\\n' ' ')"
    $b poweroff -f ;;
  serve)
    $b mount -t devtmpfs dev /dev; $b mkdir -p /data
    $b mount -t ext4 /dev/vda /data && echo "guest: $($b cat /data/index.html)"
    $b ip link set lo up; $b ip link set eth0 up; $b ip addr add 10.0.2.15/24 dev eth0
    echo "guest: $ip"
    $b httpd -f -p 80 -h /data ;;
esac
`;

export const guestStage = `COPY busybox /bin/busybox
COPY bin /bin
COPY --chmod=755 init /init
COPY --chmod=755 init /sbin/urunit
COPY --chmod=0640 --chown=5:6 greeting /etc/greeting
COPY modules /modules
WORKDIR /proc
WORKDIR /dev
`;

export const guestLabels = `COPY vmlinuz /boot/vmlinuz
ENV GREETING=hello
ENTRYPOINT ["/init"]
CMD ["off"]
LABEL com.urunc.unikernel.binary=/boot/vmlinuz com.urunc.unikernel.unikernelType=linux
LABEL com.urunc.unikernel.hypervisor=qemu com.urunc.unikernel.version=6.1
`;

/** An image whose guest has its files. */
export const mountedGuest = `FROM scratch\n${guestStage}${guestLabels}LABEL com.urunc.unikernel.mountRootfs=true\n`;

/** A context with a kernel, busybox and the modules in their order. */
export function contextWith(
  test: TestContext,
  kernel: string,
  containerfile: string,
  modules: readonly string[] = [],
): string {
  const folder = temporaryFolder(test, {
    init,
    greeting: 'hello\n',
    'modules/.keep': '',
    Containerfile: containerfile,
  });
  copyFileSync(
    ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? '',
    join(folder, 'busybox'),
  );
  copyFileSync(kernel, join(folder, 'vmlinuz'));
  mkdirSync(join(folder, 'bin'));
  symlinkSync('busybox', join(folder, 'bin/sh'));
  for (const [index, path] of findModules(kernel, modules).entries())
    copyFileSync(path, join(folder, 'modules', `${String(index).padStart(2, '0')}-${basename(path)}`));
  return folder;
}
