// Rows 21 to 37: what registries answer while a blob is looked for and uploaded.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../../src/core/oci/digest.ts';
import { createFastClock } from '../../../support/fast-clock.ts';
import type { Fault } from '../../../support/fault-proxy.ts';
import { repository, runPush, user } from '../../../support/fault-run.ts';
import { loseReply, on, reply, resetAt, rewriteReply } from '../../../support/faults.ts';
import { problem } from '../../../support/registry.ts';
import { bytesOf, sampleImage } from '../../../support/sample-image.ts';

const image = sampleImage();
const [layer] = image.layers;
assert.ok(layer);
const ofLayer = (method: string) => on(method, 'blob', layer.digest);
const blobCount = image.layers.length + image.configs.length;

describe('HEAD of a blob', () => {
  for (const status of [403, 405]) {
    it(`HEAD refused: ${status}: uploaded anyway`, async () => {
      const fault: Fault = { when: on('HEAD', 'blob'), times: Infinity, act: reply({ status }) };
      await using run = await runPush({ faults: [fault] });
      run.assertPushed();
      assert.equal(run.clock.sleeps.length, 0);
    });
  }
  for (const times of [1, Infinity]) {
    it(`HEAD refused: 500 ${times === 1 ? 'once' : 'forever'}: tried again, then uploaded`, async () => {
      const fault: Fault = { when: ofLayer('HEAD'), times, act: reply({ status: 500 }) };
      await using run = await runPush({ faults: [fault] });
      run.assertPushed();
      assert.ok(run.clock.sleeps.length > 0);
    });
  }

  it('HEAD with a wrong length: 200 with another length: uploaded, with a warning', async () => {
    const fault: Fault = {
      when: ofLayer('HEAD'),
      act: reply({ status: 200, headers: { 'content-length': layer.size + 1 } }),
    };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
    assert.ok(run.transcript.lines.some((line) => line.startsWith('warning') && line.includes(layer.digest)));
  });

  it('HEAD that is untrue: 200 for a blob that is not there', async () => {
    const fault: Fault = {
      when: ofLayer('HEAD'),
      times: Infinity,
      act: reply({ status: 200, headers: { 'content-length': layer.size } }),
    };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed('manifest-before-content');
    assert.equal(run.registry.uploadedBytes(), image.blobBytes, 'nothing was uploaded twice');
  });

  it('HEAD that is untrue: 200 for blobs that are not there, and no word about which', async () => {
    const lies: Fault = {
      when: (request) => request.method === 'HEAD' && request.endpoint.kind === 'blob',
      times: blobCount,
      act: (exchange) => {
        const size = [...image.layers, ...image.configs].find(
          ({ digest }) => digest === exchange.request.endpoint.name,
        )?.size;
        return exchange.reply({ status: 200, headers: { 'content-length': size } });
      },
    };
    const mute: Fault = {
      when: on('PUT', 'manifest'),
      act: async (exchange) => {
        await exchange.forward();
        await exchange.reply(problem(400, 'MANIFEST_BLOB_UNKNOWN'));
      },
    };
    await using run = await runPush({ faults: [lies, mute] });
    run.assertPushed('manifest-before-content');
  });

  it('HEAD that is untrue: a registry that goes on lying', async () => {
    const lie: Fault = {
      when: on('PUT', 'manifest'),
      times: Infinity,
      act: reply(problem(400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown', { digest: layer.digest })),
    };
    await using run = await runPush({ faults: [lie] });
    run.assertFailed('REGISTRY_REFUSED');
    assert.ok(run.proxy.hits(lie) <= 3, `${run.proxy.hits(lie)} tries`);
  });
});

describe('redirects that would lose a body', () => {
  for (const [name, location, message, hint] of [
    [
      'to HTTPS',
      'https://127.0.0.1/v2/?secret=1',
      /got 301, which leads to https:\/\/127\.0\.0\.1\/v2\/(?!\?)/,
      /wants HTTPS/,
    ],
    [
      'elsewhere',
      'https://new.example/v2/team/app/',
      /leads to https:\/\/new\.example\/v2\/team\/app\//,
      /has moved/,
    ],
  ] as const) {
    it(`301 ${name}: explained by where it leads`, async () => {
      const moved = reply({ status: 301, headers: { location, 'content-length': 0 } });
      await using run = await runPush({ faults: [{ when: on('PUT', 'manifest'), act: moved }] });
      const error = run.assertFailed('REGISTRY_PROTOCOL');
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
    });
  }
});

describe('POST and its Location', () => {
  it('POST refused: 404 NAME_UNKNOWN', async () => {
    const fault: Fault = {
      when: on('POST', 'uploads'),
      times: Infinity,
      act: reply(problem(404, 'NAME_UNKNOWN', 'The repository does not exist')),
    };
    await using run = await runPush({ faults: [fault] });
    const error = run.assertFailed('REGISTRY_NOT_FOUND');
    assert.match(error.hint ?? '', /[Cc]reate the repository/);
    assert.ok(run.proxy.hits(fault) <= blobCount);
    assert.equal(run.clock.sleeps.length, 0);
  });

  it('POST refused: the connection is closed', async () => {
    const fault: Fault = {
      when: on('POST', 'uploads'),
      times: Infinity,
      act: ({ end }) => {
        end();
      },
    };
    await using run = await runPush({ faults: [fault] });
    const error = run.assertFailed('REGISTRY_UNREACHABLE');
    assert.ok(run.proxy.hits(fault) <= 10 * blobCount);
    assert.match(`${error.message} ${error.hint ?? ''}`, /uploads/);
  });

  it('odd number of Locations: no Location', async () => {
    const fault: Fault = {
      when: on('POST', 'uploads'),
      times: Infinity,
      act: rewriteReply(() => ({ headers: { location: undefined } })),
    };
    await using run = await runPush({ faults: [fault] });
    const error = run.assertFailed('REGISTRY_PROTOCOL');
    assert.match(error.message, /Location/);
  });

  it('odd number of Locations: two Locations: the one on the same origin', async () => {
    await using run = await runPush({
      tokens: { user },
      registry: { location: (path) => ['https://elsewhere.invalid/upload?x=1', path] },
    });
    run.assertPushed();
  });

  const forms: readonly (readonly [string, (path: string, host: string) => string])[] = [
    ['an absolute path', (path) => path],
    ['an absolute URL', (path, host) => `http://${host}${path}`],
    ['a URL without the port', (path) => `http://127.0.0.1${path}`],
    ['a URL without the scheme', (path, host) => `//${host}${path}`],
    ['a relative path', (path) => path.replace(/^.*\/uploads\//, '')],
  ];
  for (const [name, form] of forms) {
    it(`Location of another form: ${name}`, async () => {
      await using run = await runPush({
        tokens: { user },
        faults: [
          {
            when: on('POST', 'uploads'),
            times: Infinity,
            act: async (exchange) => {
              const answer = await exchange.forward();
              const host = exchange.request.headers.host ?? '';
              const location = form(answer.headers.location ?? '', host);
              await exchange.reply({ ...answer, headers: { ...answer.headers, location } });
            },
          },
        ],
      });
      run.assertPushed();
    });
  }

  it('Location on another host: another origin gets the bytes without credentials', async () => {
    await using run = await runPush({ tokens: { user }, registry: { locations: 'foreign' } });
    run.assertPushed();
    const abroad = run.registry.requests.filter(({ foreign }) => foreign);
    assert.equal(abroad.length, blobCount);
    assert.ok(abroad.every(({ headers }) => headers.authorization === undefined));
  });

  for (const place of [
    'http://169.254.169.254/latest',
    'http://[fe80::1]/x',
    'ftp://127.0.0.1/x',
    'file:///etc',
  ]) {
    it(`Location on another host: a Location on ${place} is refused`, async () => {
      await using run = await runPush({ tokens: { user }, registry: { location: () => place } });
      run.assertFailed('REGISTRY_PROTOCOL');
      assert.equal(run.clock.sleeps.length, 0);
    });
  }

  const queries: readonly (readonly [string, (signature: string) => string])[] = [
    ['unsorted', (signature) => `z=${signature}&b=1&a=2`],
    ['with escapes in both cases', (signature) => `s=${signature}%2F%2f%3D%3d`],
    ['with + and spaces', (signature) => `s=${signature}+a%20b`],
    ['with empty and bare names', (signature) => `a=&b&&=c&s=${signature}`],
    ['ending in an ampersand', (signature) => `s=${signature}&`],
    ['with its own digest', (signature) => `s=${signature}&not-digest=sha256:0`],
    ['with characters that a parser escapes', (signature) => `s=${signature}~!*'();:@$,/?[]|^`],
    ['absent', () => ''],
  ];
  for (const [name, uploadQuery] of queries) {
    it(`Location with a query: a query ${name} comes back as it was`, async () => {
      await using run = await runPush({ tokens: { user }, registry: { uploadQuery } });
      run.assertPushed();
    });
  }

  it('long Location: a Location of 10 KiB', async () => {
    const uploadQuery = (signature: string) => `s=${signature}${'x'.repeat(10 * 1024)}`;
    await using run = await runPush({ tokens: { user }, registry: { uploadQuery } });
    run.assertPushed();
  });
});

describe('redirects', () => {
  for (const status of [307, 308]) {
    it(`redirect of a body: ${status} on PUT: the body is sent there, without credentials`, async () => {
      await using run = await runPush({
        tokens: { user },
        faults: ({ registry }) => [
          {
            when: (request) => on('PUT', 'upload')(request) && request.length === layer.size,
            act: async (exchange) => {
              await exchange.read(1);
              const { path, query } = exchange.request;
              const location = `${registry.foreignOrigin}${path}?${query}`;
              await exchange.reply({ status, headers: { location, 'content-length': 0 } });
            },
          },
        ],
      });
      run.assertPushed();
      assert.equal(run.registry.requests.filter(({ foreign }) => foreign).length, 1);
    });

    it(`redirect of a body: ${status} on PATCH`, async () => {
      await using run = await runPush({
        tokens: { user },
        client: { chunkSize: 1000 },
        faults: ({ registry }) => [
          {
            when: on('PATCH', 'upload'),
            act: async (exchange) => {
              await exchange.read(1);
              const { path, query } = exchange.request;
              const location = `${registry.foreignOrigin}${path}?${query}`;
              await exchange.reply({ status, headers: { location, 'content-length': 0 } });
            },
          },
        ],
      });
      run.assertPushed();
    });
  }

  for (const status of [301, 302, 303]) {
    for (const method of ['POST', 'PUT'] as const) {
      it(`redirect that loses the body: ${status} on ${method} does not become a GET`, async () => {
        const kind = method === 'POST' ? 'uploads' : 'upload';
        const fault: Fault = {
          when: on(method, kind),
          times: Infinity,
          act: async (exchange) => {
            await exchange.read(1);
            const { path, query } = exchange.request;
            await exchange.reply({ status, headers: { location: `${path}?${query}`, 'content-length': 0 } });
          },
        };
        await using run = await runPush({ faults: [fault] });
        run.assertFailed('REGISTRY_PROTOCOL');
        assert.equal(run.proxy.count('GET', kind), 0);
        assert.ok(run.proxy.hits(fault) <= 10 * blobCount);
      });
    }
  }

  it('redirect that loses the body: a loop of 307', async () => {
    const fault: Fault = {
      when: on('PUT', 'upload'),
      times: Infinity,
      act: async (exchange) => {
        await exchange.read(1);
        const { path, query } = exchange.request;
        await exchange.reply({ status: 307, headers: { location: `${path}?${query}`, 'content-length': 0 } });
      },
    };
    await using run = await runPush({ faults: [fault] });
    run.assertFailed('REGISTRY_PROTOCOL');
    assert.ok(run.proxy.hits(fault) <= 20 * blobCount, `${run.proxy.hits(fault)} requests`);
  });
});

describe('PUT of a blob', () => {
  for (const status of [200, 202, 204]) {
    it(`PUT without a 201: ${status}: looked at with HEAD`, async () => {
      const fault: Fault = {
        when: on('PUT', 'upload'),
        times: blobCount,
        act: rewriteReply(() => ({ status })),
      };
      await using run = await runPush({ faults: [fault] });
      run.assertPushed();
      assert.equal(run.proxy.count('HEAD', 'blob'), 2 * blobCount);
      assert.equal(run.registry.uploadedBytes(), image.blobBytes);
    });
  }

  it('PUT without a 201: 202 for a blob that did not arrive', async () => {
    await using run = await runPush({ faults: [{ when: on('PUT', 'upload'), act: reply({ status: 202 }) }] });
    run.assertPushed();
  });

  it('unknown upload: 404 BLOB_UPLOAD_UNKNOWN: a new session', async () => {
    const fault: Fault = { when: on('PUT', 'upload'), act: reply(problem(404, 'BLOB_UPLOAD_UNKNOWN')) };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
    assert.equal(run.proxy.count('POST', 'uploads'), blobCount + 1);
  });

  it('invalid upload: 400 BLOB_UPLOAD_INVALID, but the blob is there', async () => {
    const fault: Fault = {
      when: on('PUT', 'upload'),
      times: blobCount,
      act: async (exchange) => {
        await exchange.forward();
        await exchange.reply(problem(400, 'BLOB_UPLOAD_INVALID', 'blob exists'));
      },
    };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
    assert.equal(run.registry.uploadedBytes(), image.blobBytes);
    assert.equal(run.proxy.count('PUT', 'upload'), blobCount);
  });

  it('digest refused: 400 DIGEST_INVALID for content that is right: once more', async () => {
    const fault: Fault = { when: on('PUT', 'upload'), act: reply(problem(400, 'DIGEST_INVALID')) };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
    assert.equal(run.proxy.count('PUT', 'upload'), blobCount + 1);
  });

  it('digest refused: 400 DIGEST_INVALID forever', async () => {
    const fault: Fault = {
      when: on('PUT', 'upload'),
      times: Infinity,
      act: reply(problem(400, 'DIGEST_INVALID')),
    };
    await using run = await runPush({ faults: [fault] });
    run.assertFailed('REGISTRY_REFUSED');
    assert.ok(run.proxy.hits(fault) <= 2 * blobCount, `${run.proxy.hits(fault)} tries`);
  });

  it('digest refused: a source that changed fails without a retry', async () => {
    await using run = await runPush({
      source: {
        name: 'changed',
        open: (descriptor) => ({
          descriptor,
          open: () =>
            descriptor.digest === layer.digest
              ? flipped(Buffer.from(bytesOf(image, layer.digest)))
              : image.source.open(descriptor).open(),
        }),
      },
    });
    run.assertFailed('DIGEST_MISMATCH');
    assert.ok(run.proxy.count('PUT', 'upload') <= blobCount);
    assert.equal(run.registry.store.repository(repository).blobs.has(layer.digest), false);
  });

  it('body too large: 413 with HTML: chunks below the limit', async () => {
    const big = sampleImage({ layers: [3_000_000] });
    const page = '<html><head><title>413 Request Entity Too Large</title></head></html>';
    const fault: Fault = {
      when: (request) => request.endpoint.kind === 'upload' && request.length > 1_500_000,
      times: Infinity,
      act: reply({ status: 413, headers: { 'content-type': 'text/html' }, body: page }),
    };
    await using run = await runPush({ image: big, faults: [fault] });
    run.assertPushed();
  });

  it('body too large: 413 whatever the size', async () => {
    const big = sampleImage({ layers: [3_000_000] });
    const fault: Fault = {
      when: (request) => request.endpoint.kind === 'upload' && request.length > 0,
      times: Infinity,
      act: reply({ status: 413, body: '<html><title>413 Request Entity Too Large</title></html>' }),
    };
    await using run = await runPush({ image: big, faults: [fault] });
    const error = run.assertFailed('REGISTRY_REFUSED');
    assert.match(`${error.message} ${error.hint ?? ''}`, /size|bytes|limit/);
    assert.ok(run.proxy.hits(fault) < 40, `${run.proxy.hits(fault)} tries`);
  });

  it('PATCH wanted: 404 BLOB_UNKNOWN: one PATCH and an empty PUT', async () => {
    const fault: Fault = {
      when: (request) => on('PUT', 'upload')(request) && request.length > 0,
      times: Infinity,
      act: reply(problem(404, 'BLOB_UNKNOWN')),
    };
    await using run = await runPush({ faults: [fault] });
    run.assertPushed();
    assert.equal(run.proxy.count('PATCH', 'upload'), blobCount);
    assert.ok(
      run.proxy.requests.every(({ headers }) => headers['content-range'] === undefined),
      'the PATCH has no range',
    );
  });
});

describe('closing finding 13: an answer that was lost', () => {
  for (const how of ['reset', 'end'] as const) {
    it(`lost answer: 201 lost by ${how}: nothing is sent again`, async () => {
      const fault: Fault = { when: on('PUT', 'upload'), times: blobCount, act: loseReply(how) };
      await using run = await runPush({ faults: [fault] });
      run.assertPushed();
      assert.equal(run.registry.uploadedBytes(), image.blobBytes);
      assert.equal(run.proxy.count('PUT', 'upload'), blobCount);
    });
  }

  it('lost answer: 202 to POST lost: a new session', async () => {
    await using run = await runPush({ faults: [{ when: on('POST', 'uploads'), act: loseReply() }] });
    run.assertPushed();
  });
});

describe('resets in the body', () => {
  const big = sampleImage({ layers: [500_000] });
  const isLayer: Fault['when'] = (request) => on('PUT', 'upload')(request) && request.length > 100_000;
  for (const fraction of [0, 0.5, 0.99]) {
    it(`reset in a body: at ${fraction * 100} %`, async () => {
      await using run = await runPush({ image: big, faults: [{ when: isLayer, act: resetAt(fraction) }] });
      run.assertPushed();
      assert.equal(run.proxy.count('POST', 'uploads'), 3, 'a new session');
      // The connection had served before, so the first time it may have been closed while it idled.
      assert.ok(run.clock.sleeps.length <= 1);
    });
  }

  it('reset in a body: the pauses grow and are jittered', async () => {
    let drawn = 0;
    const clock = createFastClock(() => (drawn++ % 2 === 0 ? 0.1 : 0.9));
    await using run = await runPush({
      image: big,
      clock,
      faults: [{ when: isLayer, times: 4, act: resetAt(0.5) }],
    });
    run.assertPushed();
    assert.ok(clock.sleeps.length >= 3);
    assert.ok(drawn >= 3);
    assert.ok((clock.sleeps[2] ?? 0) > (clock.sleeps[0] ?? 0), String(clock.sleeps));
  });

  it('reset in a body: forever', async () => {
    const fault: Fault = { when: isLayer, times: Infinity, act: resetAt(0.5) };
    await using run = await runPush({ image: big, faults: [fault] });
    const error = run.assertFailed('REGISTRY_UNREACHABLE');
    assert.ok(error.message.includes(run.proxy.host), 'names the host');
    assert.ok(run.proxy.hits(fault) <= 10);
  });
});

// eslint-disable-next-line @typescript-eslint/require-await -- an async iterable of what is at hand
async function* flipped(bytes: Buffer): AsyncGenerator<Uint8Array> {
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  assert.notEqual(digestOf(bytes), layer?.digest);
  yield bytes;
}
