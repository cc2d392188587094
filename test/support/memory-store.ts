// Blobs in memory as a source and a store, which remembers what was opened.

import { readAll, streamOf } from '../../src/core/oci/blob.ts';
import type { Blob, ByteStream } from '../../src/core/oci/blob.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import type { Source } from '../../src/core/oci/target.ts';

export class MemoryStore implements Source {
  readonly name = 'memory';
  /** By the digest under which they are served, which needn't be their own. */
  readonly blobs = new Map<Digest, Uint8Array>();
  /** One for each reading that was begun. */
  readonly opened: Digest[] = [];

  add(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  open(descriptor: Descriptor): Blob {
    const open = (): ByteStream => {
      const bytes = this.blobs.get(descriptor.digest);
      if (bytes === undefined) throw new Error(`nobody stored ${descriptor.digest}`);
      this.opened.push(descriptor.digest);
      return streamOf(bytes);
    };
    return { descriptor, open };
  }

  async write(stream: ByteStream): Promise<{ readonly digest: Digest; readonly size: number }> {
    const { digest, size } = this.add('', await readAll(stream));
    return { digest, size };
  }
}
