// How an image is started.

import { isUruncImage } from '../core/unikernel/container-labels.ts';
import type { PlatformFacts } from './image-facts.ts';

/** The line for a shell that starts an image, with urunc if it is for that. @param name a reference in full */
export function runCommand(name: string, images: readonly Pick<PlatformFacts, 'labels'>[]): string {
  const isPlain = images.every(({ labels }) => !isUruncImage(Object.keys(labels)));
  if (isPlain) return `docker run --rm ${name}`;
  return `nerdctl run --rm --runtime io.containerd.urunc.v2 ${name}`;
}
