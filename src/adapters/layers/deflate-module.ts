// The compiled encoder of src/core/deflate. In a bundle, the build puts its bytes in place of this file.

import { readFileSync } from 'node:fs';

/** The bytes of the WebAssembly module. */
export function readDeflateModule(): Uint8Array {
  return readFileSync(new URL('../../../dist/deflate.wasm', import.meta.url));
}
