// Writes into src/core/unikernel/public-parts.json, or another file of its kind, what the public kernels and urunit are
// now, by digest: `bima convert` takes these until the next time. Needs the network.

import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { createRegistryClient } from '../src/adapters/registry/client.ts';
import { openRemoteImage } from '../src/adapters/registry/remote-image.ts';
import { parseReference } from '../src/core/oci/reference.ts';

const path = process.argv[2] ?? 'src/core/unikernel/public-parts.json';

interface Part {
  readonly image: string;
  digest?: string;
}

const parts = JSON.parse(readFileSync(path, 'utf8')) as {
  readonly kernels: Readonly<Record<string, Part>>;
  readonly init: Part;
};

const client = createRegistryClient({
  credentials: { find: () => Promise.resolve(undefined) },
  reporter: {
    group: (_title, body) => body(),
    info: (message) => {
      console.error(message);
    },
    debug: () => undefined,
    warning: ({ message }) => {
      console.error(message);
    },
    progress: () => undefined,
  },
});
try {
  for (const part of [...Object.values(parts.kernels), parts.init]) {
    const { root } = await openRemoteImage(client, parseReference(part.image));
    console.log(`${part.image} is ${root.digest}${part.digest === root.digest ? ', as before' : ''}`);
    part.digest = root.digest;
  }
  // All of them or none: what is there is a whole that was tried together.
  const text = await format(JSON.stringify(parts), { ...(await resolveConfig(path)), filepath: path });
  writeFileSync(path, text);
} catch (error) {
  console.error(`${path} stays as it is: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await client.close();
}
