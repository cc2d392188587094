// The kernel and the init that a container image gets: public ones by name, in public-parts.json, or a user's own. Pure.

import { BimaError } from '../errors.ts';
import publicParts from './public-parts.json' with { type: 'json' };

/** A file of an image. */
export interface ImagePart {
  readonly image: string;
  /** Absolute; undefined where the image itself has to tell. */
  readonly path?: string | undefined;
}

/** A row of the table; `npm run kernels` writes the digests. */
interface PublicPart extends ImagePart {
  readonly path: string;
  readonly digest?: string;
}

export const convertMonitors = ['qemu', 'firecracker', 'cloud-hypervisor'] as const;
export type ConvertMonitor = (typeof convertMonitors)[number];

/** The public kernel for a monitor, which bunny uses too; undefined where there is none. */
export function publicKernel(monitor: ConvertMonitor): ImagePart | undefined {
  const kernels: Readonly<Record<string, PublicPart>> = publicParts.kernels;
  const part = kernels[monitor];
  return part === undefined ? undefined : pinned(part);
}

/** urunit, which starts a container's program with its user, its environment and its working directory. */
export function publicInit(): ImagePart {
  return pinned(publicParts.init);
}

function pinned({ image, path, digest }: PublicPart): ImagePart {
  return { image: digest === undefined ? image : `${image}@${digest}`, path };
}

/** What a path is made of that means the same in a COPY, in a label and to urunc. */
const plainPath = /^(?:\/[A-Za-z0-9._-]+)+$/;

/**
 * Reads `REF[:/path]`, where REF may have a transport in front, such as `oci:`.
 * @param flag where it was written, for errors
 * @throws BimaError INPUT_INVALID for a path with characters that urunc refuses
 */
export function parseImagePart(text: string, flag: string): ImagePart {
  const end = text.lastIndexOf(':/');
  const image = text.slice(0, Math.max(0, end));
  // A path behind a transport is that of the image.
  const isTransport = /^(?:oci|oci-layout|oci-archive|docker-archive|dir|docker|docker-image)$/.test(image);
  if (end < 1 || isTransport) return { image: text };
  const path = text.slice(end + 1);
  if (plainPath.test(path)) return { image, path };
  throw new BimaError(
    'INPUT_INVALID',
    `expected a path of letters, digits, ".", "_" and "-" in ${flag}, got "${path}"`,
  );
}

/** Where images have their kernels, besides the path that their label names. */
export const usualKernels: readonly string[] = ['/.boot/kernel', '/kernel', '/boot/vmlinuz', '/vmlinuz'];
export const usualInits: readonly string[] = ['/urunit', '/init', '/sbin/init'];
