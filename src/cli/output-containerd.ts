// The output into containerd, and what its options mean.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openContainerd } from '../adapters/containerd/containerd.ts';
import type { Containerd } from '../adapters/containerd/containerd.ts';
import type { Imported } from '../adapters/containerd/import.ts';
import { BimaError } from '../core/errors.ts';
import { referrersIn } from '../adapters/disk/layout.ts';
import { loadImage } from '../usecases/load.ts';
import { withBlobs } from '../core/oci/with-blobs.ts';
import type { Options } from './args.ts';
import type { Output, OutputContext } from './output.ts';
import type { Terminal } from './terminal.ts';

/** An image of containerd, under every `--tag`. */
export function containerdOutput({ options, references, terminal, reporter }: OutputContext): Output {
  if (references.length === 0) {
    throw new BimaError(
      'INPUT_INVALID',
      'expected --tag with the name of the image in containerd, got none',
      {
        hint: 'Write for example --tag nubificus/image:tag, or one of --tar --dest image.tar, --output oci --dest DIR and --push.',
      },
    );
  }
  let containerd: Containerd | undefined;
  let imported: Imported | undefined;
  const isDefault = !options.isGiven('output') && !options.flag('load');
  const open = async () => {
    try {
      return (containerd ??= await openForOptions(options, terminal));
    } catch (error) {
      throw isDefault ? withOtherOutputs(error) : error;
    }
  };
  return {
    workPath: join(tmpdir(), 'image'),
    check: async () => {
      await open();
    },
    write: async (layout, image, external) => {
      const source = withBlobs(layout, external);
      const referrers = await referrersIn(layout, image);
      const { signal } = terminal;
      imported = await loadImage(await open(), source, image, references, reporter, signal, referrers);
    },
    describe: () =>
      containerd === undefined ? {} : { containerd: { ...describeContainerd(containerd), ...imported } },
  };
}

/** Nobody asked for containerd: what else there is belongs in the hint. */
function withOtherOutputs(error: unknown): unknown {
  if (!(error instanceof BimaError)) return error;
  const { code, message, hint = '' } = error;
  const others =
    'Without --output the image goes into containerd. --tar writes an archive, --output oci --dest DIR a layout, and --push pushes to a registry: none of them needs containerd.';
  return new BimaError(code, message, { hint: `${hint}\n${others}`.trim(), cause: error });
}

/** The containerd that `--address`, `--namespace`, `--snapshotter` and `--ctr` name, checked. */
export function openForOptions(options: Options, { environment }: Terminal): Promise<Containerd> {
  const snapshotter = options.string('snapshotter');
  return openContainerd({
    address: options.string('address') ?? '',
    namespace: options.string('namespace') ?? '',
    // Empty stands for containerd's default.
    ...(snapshotter === '' ? {} : { snapshotter }),
    program: options.string('ctr'),
    environment,
  });
}

/** What `--json` says of it. */
export function describeContainerd({ namespace, address, snapshotter }: Containerd): Record<string, string> {
  return { namespace, address, ...(snapshotter === undefined ? {} : { snapshotter }) };
}
