// Compresses what it reads, however that arrives, and prints the digest of the result: started by gzip.test.ts with
// thread pools of several sizes.

import { stdin } from 'node:process';
import { compressGzip } from '../../src/build/gzip.ts';
import { createDigester } from '../../src/oci/digest.ts';

const digester = createDigester();
for await (const chunk of compressGzip(stdin as AsyncIterable<Uint8Array>, 4)) digester.update(chunk);
console.log(digester.digest());
