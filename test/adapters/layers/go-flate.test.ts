// What the encoder makes, inflated by Go's compress/flate, with which containerd and most registries' tools read layers.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deflateBlock, maxBlockSize, maxDeflatedSize } from '../../../src/adapters/layers/deflater.ts';
import { digestOf, hexOf } from '../../../src/core/oci/digest.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { unlessFound } from '../../support/tools.ts';
import { codeOf } from './code.ts';

/** Reads streams behind their lengths, and prints the SHA-256 of what each holds. */
const program = `package main

import (
	"bufio"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	for {
		var size uint32
		if binary.Read(in, binary.LittleEndian, &size) != nil {
			return
		}
		hash := sha256.New()
		stream := io.LimitReader(in, int64(size))
		if _, err := io.Copy(hash, flate.NewReader(stream)); err != nil {
			fmt.Println(err)
			return
		}
		if rest, _ := io.Copy(io.Discard, stream); rest != 0 {
			fmt.Println("bytes behind the end")
			return
		}
		fmt.Printf("%x\\n", hash.Sum(nil))
	}
}
`;

const code = codeOf(maxBlockSize);
const noise = createCipheriv('aes-256-ctr', Buffer.alloc(32, 'a key'), Buffer.alloc(16)).update(
  Buffer.alloc(maxBlockSize),
);

describe('deflateBlock', () => {
  it("is read by Go's compress/flate", { skip: unlessFound('go'), timeout: 300_000 }, (test) => {
    const folder = temporaryFolder(test, { 'main.go': program, 'go.mod': 'module inflate\n\ngo 1.19\n' });
    const binary = join(folder, 'inflate');
    const env = { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' };
    const built = spawnSync('go', ['build', '-o', binary, '.'], { cwd: folder, env, encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);

    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.nat(700)).map(([byte, size]) => new Uint8Array(size).fill(byte)),
      fc.tuple(fc.nat(900_000), fc.nat(5000)).map(([from, size]) => code.subarray(from, from + size)),
      fc.tuple(fc.nat(900_000), fc.nat(70_000)).map(([from, size]) => noise.subarray(from, from + size)),
    );
    const input = fc.array(piece, { maxLength: 8 }).map((pieces): Uint8Array => Buffer.concat(pieces));
    const cases = fc.sample(fc.tuple(input, fc.integer({ min: 1, max: 9 })), 2000);
    for (let level = 1; level <= 9; level++)
      cases.push([code, level], [noise, level], [Buffer.alloc(0), level]);

    const streams = cases.flatMap(([bytes, level]) => {
      const output = Buffer.alloc(maxDeflatedSize);
      const stream = Buffer.concat([output.subarray(0, deflateBlock(bytes, level, output)), Buffer.of(3, 0)]);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(stream.length);
      return [size, stream];
    });
    const { stdout } = spawnSync(binary, { input: Buffer.concat(streams), maxBuffer: 1 << 24 });
    assert.deepEqual(
      stdout.toString().trimEnd().split('\n'),
      cases.map(([bytes]) => hexOf(digestOf(bytes))),
    );
  });
});
