// The images that another one is made of, as those who look for their flaws need to know them.

import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';
import type { Reference } from './reference.ts';

export interface ImageOrigin {
  /** `base`: its layers are in the image; `copied`: files of it are. */
  readonly role: 'base' | 'copied';
  /** As the Containerfile has it. */
  readonly name: string;
  /** In a registry; undefined for one that was a file or a folder. */
  readonly reference?: Reference | undefined;
  /** Of its manifest. */
  readonly digest: Digest;
  readonly platform: Platform;
  readonly labels: ReadonlyMap<string, string>;
}
