// Realms, Locations and CDNs on hosts of other names, over TLS; and reaching a host at all.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { BimaError } from '../../../../src/core/errors.ts';
import type { ErrorCode } from '../../../../src/core/errors.ts';
import { pushImage } from '../../../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../../../src/adapters/registry/client.ts';
import type { RegistryOptions as ClientOptions } from '../../../../src/adapters/registry/client.ts';
import { networkError } from '../../../../src/adapters/http/network-failure.ts';
import { makeAuthority, makeServerCertificate } from '../../../support/certificates.ts';
import type { Certificate } from '../../../support/certificates.ts';
import { startConnectProxy } from '../../../support/connect-proxy.ts';
import type { ConnectProxy } from '../../../support/connect-proxy.ts';
import { createFastClock } from '../../../support/fast-clock.ts';
import type { FastClock } from '../../../support/fast-clock.ts';
import { createTranscript, user } from '../../../support/fault-run.ts';
import type { Transcript } from '../../../support/fault-run.ts';
import { startRegistry } from '../../../support/registry.ts';
import type { Registry, RegistryOptions } from '../../../support/registry.ts';
import { sampleImage, storeImage } from '../../../support/sample-image.ts';
import { basicOf, service, startTokenServer } from '../../../support/token-server.ts';
import type { TokenServer } from '../../../support/token-server.ts';
import { unlessInstalled } from '../../../support/tools.ts';

const registryHost = 'registry.site.example';
const repository = 'team/app';
const image = sampleImage();
const skip = unlessInstalled('openssl');

let folder = '';
let authority: Certificate;
let certificate: Certificate;
before(() => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'bima-hosts-'));
  authority = makeAuthority(folder);
  const names = [registryHost, 'auth.site.example', 'auth.other.example', 'cdn.other.example', 'localhost'];
  certificate = makeServerCertificate(folder, authority, {
    names: `${names.map((name) => `DNS:${name}`).join(',')},IP:127.0.0.1`,
  });
});
after(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

interface World {
  readonly registry: Registry;
  readonly tokens: TokenServer;
  readonly proxy: ConnectProxy;
  readonly clock: FastClock;
  readonly transcript: Transcript;
  push(options?: Partial<ClientOptions>, host?: string): Promise<unknown>;
}

interface WorldOptions {
  readonly realm?: string;
  readonly registry?: RegistryOptions;
  readonly certificate?: Certificate;
  readonly anonymous?: boolean;
  readonly proxy?: { readonly status?: number; readonly silent?: boolean };
}

/** A registry, a token server and a second origin under names of their own, behind a proxy that knows them. */
async function startWorld(context: TestContext, options: WorldOptions = {}): Promise<World> {
  const tls = options.certificate ?? certificate;
  const clock = createFastClock();
  const tokens = await startTokenServer({ user, tls, now: () => clock.now() });
  const { realm } = options;
  const registry = await startRegistry({
    tls,
    ...(realm === undefined
      ? {}
      : {
          auth: {
            ...tokens.auth,
            challenge: () => [`Bearer realm="${realm}",service="${service}"`],
          },
        }),
    ...options.registry,
  });
  const port = (origin: string) => Number(new URL(origin).port);
  const proxy = await startConnectProxy({
    hosts: {
      [`${registryHost}:443`]: port(registry.origin),
      'auth.site.example:443': port(tokens.realm),
      'auth.other.example:443': port(tokens.realm),
      'cdn.other.example:443': port(registry.foreignOrigin),
    },
    ...options.proxy,
  });
  const transcript = createTranscript();
  context.after(async () => {
    await Promise.all([registry.close(), tokens.close(), proxy.close()]);
  });
  storeImage(registry.store, repository, sampleImage({ seed: 'older' }), 'v1');

  async function push(more: Partial<ClientOptions> = {}, host = registryHost): Promise<unknown> {
    const client = createRegistryClient({
      credentials: {
        find: () =>
          Promise.resolve(
            options.anonymous === true
              ? undefined
              : { kind: 'password', username: user.name, password: user.password },
          ),
      },
      reporter: transcript.reporter,
      clock,
      ca: authority.cert,
      proxy: { http: proxy.origin, https: proxy.origin },
      ...more,
    });
    const references = [{ registry: host, repository, tag: 'v1' }];
    try {
      return await pushImage(image.source, image.root, references, { client, reporter: transcript.reporter });
    } catch (error) {
      transcript.add(error);
      return error;
    } finally {
      await client.close();
      transcript.assertClean([
        user.password,
        basicOf(user.name, user.password).slice('Basic '.length),
        ...tokens.tokens,
        ...registry.secrets,
      ]);
    }
  }
  return { registry, tokens, proxy, clock, transcript, push };
}

function assertPushed({ registry, tokens }: World, outcome: unknown): void {
  if (outcome instanceof Error) throw outcome;
  registry.assertRules();
  assert.deepEqual(tokens.violations, []);
  assert.deepEqual(new Set(registry.store.pull(repository, 'v1')), new Set(image.blobs.keys()));
}

function assertFailed({ registry }: World, outcome: unknown, code: ErrorCode): BimaError {
  assert.ok(outcome instanceof BimaError, String(outcome));
  assert.equal(outcome.code, code, String(outcome));
  registry.assertRules();
  assert.notEqual(registry.store.tags(repository).v1, image.root.digest);
  return outcome;
}

describe('realms', { skip }, () => {
  for (const realm of [
    'https://10.0.0.1/token',
    'https://192.168.7.7:8443/token',
    'https://127.0.0.1/token',
    'https://[::1]/token',
    'https://169.254.169.254/token',
    'http://auth.site.example/token',
  ]) {
    for (const anonymous of [false, true]) {
      it(`realm that is not safe: ${realm} is refused ${anonymous ? 'without credentials' : 'with credentials'}`, async (context) => {
        const world = await startWorld(context, { realm, anonymous });
        assertFailed(world, await world.push(), 'REGISTRY_PROTOCOL');
        assert.deepEqual(world.tokens.requests, []);
        assert.deepEqual(new Set(world.proxy.targets), new Set([`${registryHost}:443`]));
      });
    }
  }

  it('realm of another host: a host of the same site gets the credentials', async (context) => {
    const world = await startWorld(context, { realm: 'https://auth.site.example/token' });
    assertPushed(world, await world.push());
    assert.equal(world.tokens.requests.length, 1);
  });

  it('realm of another host: a host of another site does not', async (context) => {
    const world = await startWorld(context, { realm: 'https://auth.other.example/token' });
    const error = assertFailed(world, await world.push(), 'REGISTRY_PROTOCOL');
    assert.match(error.hint ?? '', /auth\.other\.example/);
    assert.deepEqual(world.tokens.requests, []);
  });

  it('realm of another host: a host of another site, by option', async (context) => {
    const world = await startWorld(context, { realm: 'https://auth.other.example/token' });
    assertPushed(world, await world.push({ trustedRealms: ['auth.other.example'] }));
    assert.ok(
      world.transcript.lines.some((line) => line.includes('auth.other.example')),
      'it is logged',
    );
  });
});

describe('Locations', { skip }, () => {
  it('Location of another form: http:// on the same host becomes https://', async (context) => {
    const location = (path: string) => `http://${registryHost}${path}`;
    const world = await startWorld(context, { registry: { location } });
    assertPushed(world, await world.push());
    assert.ok(world.proxy.targets.every((target) => target.endsWith(':443')));
  });

  it('Location on another host: another host, without credentials', async (context) => {
    const location = (path: string) => `https://cdn.other.example${path}`;
    const world = await startWorld(context, {
      realm: 'https://auth.site.example/token',
      registry: { location },
    });
    assertPushed(world, await world.push());
    assert.equal(world.registry.requests.filter(({ foreign }) => foreign).length, 3);
  });

  for (const place of [
    'http://cdn.other.example',
    'https://10.1.2.3',
    'https://127.0.0.1',
    'https://[fd00::1]',
    'https://localhost',
  ]) {
    it(`Location on another host: ${place} is refused`, async (context) => {
      const location = (path: string) => `${place}${path}`;
      const world = await startWorld(context, { registry: { location } });
      assertFailed(world, await world.push(), 'REGISTRY_PROTOCOL');
      assert.deepEqual(new Set(world.proxy.targets), new Set([`${registryHost}:443`]));
    });
  }
});

describe('hosts that are not there', { skip }, () => {
  it('host that is not there: a name without an address', async (context) => {
    const world = await startWorld(context);
    const host = 'registry.name-without-address.invalid';
    const error = assertFailed(world, await world.push({ proxy: {} }, host), 'REGISTRY_UNREACHABLE');
    assert.ok(error.message.includes(host));
    assert.ok(world.clock.sleeps.length <= 5);
  });

  it('host that is not there: a name that cannot be looked up just now is worth another try', () => {
    const error = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
    const request = { method: 'GET', url: `https://${registryHost}/v2/`, host: registryHost };
    const { message, failure } = networkError(error, request, false);
    assert.ok(message.includes(registryHost));
    assert.equal(failure.retry, 'yes');
  });

  it('host that is not there: a port where nobody listens', async (context) => {
    const world = await startWorld(context);
    const { port } = await new Promise<AddressInfo>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address() as AddressInfo;
        server.close(() => {
          resolve(address);
        });
      });
    });
    const host = `127.0.0.1:${port}`;
    const error = assertFailed(world, await world.push({}, host), 'REGISTRY_UNREACHABLE');
    assert.ok(error.message.includes(host));
    assert.ok(world.clock.sleeps.length >= 2 && world.clock.sleeps.length <= 10);
  });

  it('host that is not there: a connection that is not taken in time', async (context) => {
    const world = await startWorld(context, { proxy: { silent: true } });
    const timeouts = { connect: 100, answer: 300 };
    const error = assertFailed(world, await world.push({ timeouts }), 'REGISTRY_UNREACHABLE');
    assert.ok(error.message.includes(registryHost));
    assert.ok(world.clock.sleeps.length >= 2);
  });
});

describe('certificates', { skip }, () => {
  const direct = (world: World, more: Partial<ClientOptions> = {}, host = world.registry.host) =>
    world.push({ proxy: {}, ...more }, host);

  it('certificate: a private authority by option', async (context) => {
    const world = await startWorld(context);
    assertPushed(world, await direct(world));
  });

  it('certificate: a private authority that is not known', async (context) => {
    const world = await startWorld(context);
    const other = makeAuthority(folder, 'other');
    const error = assertFailed(world, await direct(world, { ca: other.cert }), 'REGISTRY_UNREACHABLE');
    assert.match(error.hint ?? '', /CA|certificate/);
    assert.equal(world.clock.sleeps.length, 0, 'no retry');
    assert.deepEqual(world.registry.requests, [], 'nothing was asked over plain HTTP');
    assert.deepEqual(world.registry.violations, []);
  });

  it('certificate: a self-signed certificate', async (context) => {
    const world = await startWorld(context, { certificate: makeAuthority(folder, 'self') });
    assertFailed(world, await direct(world), 'REGISTRY_UNREACHABLE');
    assert.equal(world.clock.sleeps.length, 0);
  });

  it('certificate: a certificate that has expired', async (context) => {
    const expired = makeServerCertificate(folder, authority, { expired: true }, 'expired');
    const world = await startWorld(context, { certificate: expired });
    const error = assertFailed(world, await direct(world), 'REGISTRY_UNREACHABLE');
    assert.match(error.message, /CERT_HAS_EXPIRED|expired/);
    assert.equal(world.clock.sleeps.length, 0);
  });

  it('certificate: a certificate for another name', async (context) => {
    const named = makeServerCertificate(folder, authority, { names: 'DNS:elsewhere.example' }, 'named');
    const world = await startWorld(context, { certificate: named });
    assertFailed(world, await direct(world), 'REGISTRY_UNREACHABLE');
    assert.equal(world.clock.sleeps.length, 0);
  });

  it('certificate: verification turned off', async (context) => {
    const world = await startWorld(context, { certificate: makeAuthority(folder, 'unverified') });
    assertPushed(world, await direct(world, { tlsVerify: false }));
  });
});

describe('proxies', { skip }, () => {
  it('proxy: is used', async (context) => {
    const world = await startWorld(context);
    assertPushed(world, await world.push());
    assert.ok(world.proxy.targets.length > 0);
  });

  it('proxy: 407', async (context) => {
    const world = await startWorld(context, { proxy: { status: 407 } });
    const error = assertFailed(world, await world.push(), 'REGISTRY_UNREACHABLE');
    assert.match(error.message, /proxy/i);
    assert.match(error.message, /407/);
    assert.equal(world.clock.sleeps.length, 0);
  });

  it('proxy: a proxy that is down', async (context) => {
    const world = await startWorld(context);
    await world.proxy.close();
    const error = assertFailed(world, await world.push(), 'REGISTRY_UNREACHABLE');
    assert.match(`${error.message} ${error.hint ?? ''}`, /127\.0\.0\.1|proxy/i);
  });

  it('proxy: its password is not shown', async (context) => {
    const world = await startWorld(context, { proxy: { status: 407 } });
    const https = world.proxy.origin.replace('://', '://me:proxy-word@');
    assertFailed(world, await world.push({ proxy: { http: https, https } }), 'REGISTRY_UNREACHABLE');
    world.transcript.assertClean(['proxy-word', Buffer.from('me:proxy-word').toString('base64')]);
  });

  it('proxy: NO_PROXY', async (context) => {
    const world = await startWorld(context);
    const proxy = { http: world.proxy.origin, https: world.proxy.origin, noProxy: registryHost };
    // Without the proxy the made-up name leads nowhere.
    assertFailed(world, await world.push({ proxy }), 'REGISTRY_UNREACHABLE');
    assert.deepEqual(world.proxy.targets, []);
  });

  it('proxy: this machine is never asked through a proxy', async (context) => {
    const world = await startWorld(context);
    assertPushed(world, await world.push({}, world.registry.host));
    assert.deepEqual(world.proxy.targets, []);
  });
});

describe('TLS or not', { skip }, () => {
  it('plain HTTP: plain HTTP on this machine', async (context) => {
    const world = await startWorld(context);
    await using plain = await startRegistry();
    assert.ok(!((await world.push({}, plain.host)) instanceof Error));
    assert.deepEqual(new Set(plain.store.pull(repository, 'v1')), new Set(image.blobs.keys()));
    plain.assertRules();
  });

  it('plain HTTP: TLS on this machine, although plain HTTP would be allowed', async (context) => {
    const world = await startWorld(context);
    assertPushed(world, await world.push({ plainHttp: 'always' }, world.registry.host));
  });

  const remote = 'plain.other.example';
  const startPlain = async (context: TestContext) => {
    const registry = await startRegistry();
    const port = Number(new URL(registry.origin).port);
    const hosts = { [`${remote}:443`]: port, [`${remote}:80`]: port };
    const proxy = await startConnectProxy({ hosts });
    context.after(async () => {
      await Promise.all([registry.close(), proxy.close()]);
    });
    return { registry, proxy: { http: proxy.origin, https: proxy.origin } };
  };

  it('plain HTTP: plain HTTP elsewhere is refused', async (context) => {
    const world = await startWorld(context);
    const { registry, proxy } = await startPlain(context);
    const error = assertFailed(world, await world.push({ proxy }, remote), 'REGISTRY_UNREACHABLE');
    assert.match(error.message, /TLS/);
    assert.deepEqual(registry.requests, []);
    assert.equal(world.clock.sleeps.length, 0);
  });

  // What servers without TLS, and what stands before them, do at a port for TLS.
  const refusals: readonly (readonly [name: string, port: 'closed' | ((socket: Socket) => void)])[] = [
    ['refuses connections', 'closed'],
    ['closes the connection', (socket) => socket.end()],
    ['resets the connection', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['says nothing', () => undefined],
  ];
  for (const [name, behaviour] of refusals) {
    for (const plainHttp of ['always', 'loopback'] as const) {
      it(`plain HTTP: plain HTTP elsewhere ${plainHttp === 'always' ? 'on request' : 'not without one'}, where the port for TLS ${name}`, async (context) => {
        const world = await startWorld(context);
        const registry = await startRegistry();
        const sockets = new Set<Socket>();
        const tls = createServer((socket) => {
          sockets.add(socket.on('error', () => undefined));
          if (behaviour !== 'closed') behaviour(socket);
        });
        await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
        const { port } = tls.address() as AddressInfo;
        const close = () => new Promise((resolve) => tls.close(resolve));
        if (behaviour === 'closed') await close();
        const plainPort = Number(new URL(registry.origin).port);
        const proxy = await startConnectProxy({
          hosts: { [`${remote}:443`]: port, [`${remote}:80`]: plainPort },
        });
        context.after(async () => {
          for (const socket of sockets) socket.destroy();
          if (behaviour !== 'closed') await close();
          await Promise.all([registry.close(), proxy.close()]);
        });
        const outcome = await world.push(
          {
            proxy: { http: proxy.origin, https: proxy.origin },
            plainHttp,
            timeouts: { connect: 300, answer: 2000 },
          },
          remote,
        );
        if (plainHttp === 'always') {
          if (outcome instanceof Error) throw outcome;
          assert.deepEqual(new Set(registry.store.pull(repository, 'v1')), new Set(image.blobs.keys()));
        } else {
          assertFailed(world, outcome, 'REGISTRY_UNREACHABLE');
          assert.deepEqual(registry.requests, []);
        }
      });
    }
  }

  it('plain HTTP: plain HTTP elsewhere on request', async (context) => {
    const world = await startWorld(context);
    const { registry, proxy } = await startPlain(context);
    const outcome = await world.push({ proxy, plainHttp: 'always' }, remote);
    if (outcome instanceof Error) throw outcome;
    assert.deepEqual(new Set(registry.store.pull(repository, 'v1')), new Set(image.blobs.keys()));
    registry.assertRules();
  });
});
