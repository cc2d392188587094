// Pulling a blob: where it goes on after it broke off, and what is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { downloadBlob } from '../../../src/adapters/registry/blob-download.ts';
import { RegistryError } from '../../../src/adapters/registry/registry-error.ts';
import { describeBytes } from '../../../src/core/oci/descriptor.ts';
import { mediaTypes } from '../../../src/core/oci/media-types.ts';
import { scriptSession } from '../../support/scripted-session.ts';
import type { Script, ScriptedAnswer } from '../../support/scripted-session.ts';

const content = Buffer.alloc(300_000, 'content');
const descriptor = describeBytes(mediaTypes.layerTar, content);
const { digest, size } = descriptor;
const path = `GET https://reg.test/v2/team/app/blobs/${digest}`;

function lost(parts: Partial<RegistryError> = {}): RegistryError {
  const failure = { kind: 'reset', retry: 'yes', reused: false } as const;
  return new RegistryError('REGISTRY_UNREACHABLE', 'lost', {
    method: 'GET',
    url: 'https://reg.test/v2/',
    failure,
    ...parts,
  });
}

/** The bytes of a range, as a server gives them. */
const part = (from: number, to = size, range = `bytes ${from}-${size - 1}/${size}`): ScriptedAnswer => ({
  status: 206,
  headers: { 'content-range': range },
  body: content.subarray(from, to),
});

async function pull(script: Script | readonly (ScriptedAnswer | Error)[], signal?: AbortSignal) {
  const scripted = scriptSession(script, { access: 'pull' });
  const chunks: Uint8Array[] = [];
  for await (const chunk of downloadBlob(scripted.session, descriptor, signal)) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(content));
  return scripted;
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

const ranges = ({ requests }: { requests: Awaited<ReturnType<typeof pull>>['requests'] }) =>
  requests.map(({ headers }) => headers?.range);

describe('a download', () => {
  it('is one request', async () => {
    const signal = new AbortController().signal;
    const { lines, requests, clock } = await pull([{ status: 200, body: content }], signal);
    assert.deepEqual(lines(), [path]);
    assert.deepEqual(requests[0]?.headers, {});
    assert.equal(requests[0].signal, signal);
    assert.deepEqual(clock.sleeps, []);
  });

  it('may be of any type, a page too', async () => {
    await pull([{ status: 200, headers: { 'content-type': 'text/html' }, body: content }]);
  });

  it('gives the run more time for more bytes', async () => {
    const { session } = await pull([{ status: 200, body: content }]);
    // A second for each MiB and for each answer.
    assert.equal(session.budget.allows(601_280), true);
    assert.equal(session.budget.allows(601_290), false);
  });

  for (const [name, first] of [
    ['with an error', { status: 200, body: content.subarray(0, 100_000), failure: lost() }],
    ['without one', { status: 200, body: content.subarray(0, 100_000) }],
  ] as const) {
    it(`that breaks off ${name} goes on from there`, async () => {
      const scripted = await pull([first, part(100_000)]);
      assert.deepEqual(ranges(scripted), [undefined, 'bytes=100000-']);
      assert.deepEqual(scripted.clock.sleeps, [500]);
    });
  }

  it('says how much came before it broke off', async () => {
    const { said } = await pull([{ status: 200, body: content.subarray(0, 100_000) }, part(100_000)]);
    assert.ok(
      said.includes(
        `info: GET https://reg.test/v2/team/app/blobs/${digest}: expected 300000 bytes, got 100000; trying again in 0.5 s`,
      ),
      said.join('\n'),
    );
  });

  it('takes a new start, and passes on what is new', async () => {
    const chunks = [
      content.subarray(0, 60_000),
      content.subarray(60_000, 100_001),
      content.subarray(100_001),
    ];
    await pull([
      { status: 200, body: content.subarray(0, 100_000), failure: lost() },
      { status: 200, body: chunks },
    ]);
    await pull([{ status: 200, body: content.subarray(0, 100_000), failure: lost() }, part(99_999)]);
    await pull([
      { status: 200, body: content.subarray(0, 100_000), failure: lost() },
      { status: 206, body: content },
    ]);
  });

  it('knows a range without a total', async () => {
    const first = { status: 200, body: content.subarray(0, 100_000), failure: lost() };
    await pull([first, part(100_000, size, 'bytes 100000-299999/*')]);
  });

  const broken = { status: 200, body: content.subarray(0, 100_000), failure: lost() };
  for (const [name, answers, message] of [
    [
      'a total that is another',
      [broken, part(100_000, size, 'bytes 100000-299999/300001')],
      /: expected 300000 bytes, got 300001$/,
    ],
    [
      'a length that is another',
      [{ status: 200, headers: { 'content-length': '299999' }, body: content }],
      /: expected 300000 bytes, got 299999$/,
    ],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const scripted = scriptSession(answers);
      await assert.rejects(
        async () => {
          await drain(downloadBlob(scripted.session, descriptor));
        },
        { code: 'DIGEST_MISMATCH', message, hint: /other content under this digest/ },
      );
      assert.equal(scripted.discarded(), 1);
      assert.deepEqual(scripted.clock.sleeps, answers.length === 1 ? [] : [500]);
    });
  }

  it('refuses a range that begins later than asked for', async () => {
    const { session, discarded } = scriptSession([broken, part(100_001)]);
    await assert.rejects(
      async () => {
        await drain(downloadBlob(session, descriptor));
      },
      { code: 'REGISTRY_PROTOCOL', message: /: expected bytes from 100000 on, got 100001$/ },
    );
    assert.equal(discarded(), 1);
  });

  it('refuses other bytes, with the name of the repository', async () => {
    const { session } = scriptSession([{ status: 200, body: Buffer.alloc(size, 'x') }]);
    await assert.rejects(
      async () => {
        await drain(downloadBlob(session, descriptor));
      },
      { code: 'DIGEST_MISMATCH', message: /reg\.test\/team\/app/ },
    );
  });

  it('is tried five times again without progress, and not six', async () => {
    for (const failures of [5, 6]) {
      const answers = [...Array<Error>(failures).fill(lost()), { status: 200, body: content }];
      const { session, requests } = scriptSession(answers);
      const read = async () => {
        await drain(downloadBlob(session, descriptor));
      };
      if (failures === 5) await read();
      else await assert.rejects(read, /lost/);
      assert.equal(requests.length, 6);
    }
  });

  it('is tried again as often after progress: 64 KiB', async () => {
    const step = 65_536;
    for (const [bytes, isEnough] of [
      [step, true],
      [step - 1, false],
    ] as const) {
      const failures = Array<Error>(5).fill(lost());
      const { session, requests } = scriptSession([
        ...failures,
        { status: 200, body: content.subarray(0, bytes), failure: lost() },
        ...failures.slice(1),
        part(bytes),
      ]);
      const read = async () => {
        await drain(downloadBlob(session, descriptor));
      };
      if (isEnough) await read();
      else await assert.rejects(read, /lost/);
      assert.equal(requests.length, isEnough ? 11 : 6);
    }
  });

  it('goes on after a signed address has expired, and not after a refusal', async () => {
    const expired = { status: 307, headers: { location: 'https://cdn.test/x?sig=1' } };
    const { lines } = await pull([expired, { status: 403 }, { status: 200, body: content }]);
    assert.equal(lines().length, 3);
    for (const status of [403, 404]) {
      const { session, requests } = scriptSession([{ status }, { status: 200, body: content }]);
      await assert.rejects(
        async () => {
          await drain(downloadBlob(session, descriptor));
        },
        { status },
      );
      assert.equal(requests.length, 1);
    }
    const gone = scriptSession([expired, { status: 404 }, { status: 200, body: content }]);
    await assert.rejects(
      async () => {
        await drain(downloadBlob(gone.session, descriptor));
      },
      { status: 404 },
    );
  });

  it('is not tried again for a fault of its own, nor once it is aborted', async () => {
    const own = scriptSession([new Error('own')]);
    await assert.rejects(async () => {
      await drain(downloadBlob(own.session, descriptor));
    }, /^Error: own$/);
    const controller = new AbortController();
    const script = () => {
      controller.abort(new Error('enough'));
      return lost();
    };
    const { session, requests } = scriptSession(script);
    await assert.rejects(async () => {
      await drain(downloadBlob(session, descriptor, controller.signal));
    }, /lost/);
    assert.equal(requests.length, 1);
  });
});
