// One push or pull under faults: the registry, the proxy in front, the client, and what came of it.
// Every run is checked for secrets in all that it said, with debug messages on.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { BimaError } from '../../src/core/errors.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { Descriptor } from '../../src/core/oci/descriptor.ts';
import type { Digest } from '../../src/core/oci/digest.ts';
import { parseReference } from '../../src/core/oci/reference.ts';
import type { Source } from '../../src/core/oci/target.ts';
import { pushImage } from '../../src/usecases/push/push.ts';
import type { PushOptions, PushResult } from '../../src/usecases/push/push.ts';
import { createRegistryClient } from '../../src/adapters/registry/client.ts';
import type { RegistryClient, RegistryOptions as ClientOptions } from '../../src/adapters/registry/client.ts';
import { formsOf } from '../../src/adapters/http/secret-forms.ts';
import type { Credential } from '../../src/adapters/registry/credentials.ts';
import type { Reporter } from '../../src/core/reporter.ts';
import { createFastClock } from './fast-clock.ts';
import type { FastClock } from './fast-clock.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { Fault, FaultProxy } from './fault-proxy.ts';
import { startRegistry } from './registry.ts';
import type { Registry, RegistryOptions } from './registry.ts';
import { sampleImage, storeImage } from './sample-image.ts';
import type { SampleImage } from './sample-image.ts';
import { basicAuth, startTokenServer } from './token-server.ts';
import type { TokenServer, TokenServerOptions } from './token-server.ts';

export const repository = 'team/app';
export const user = { name: 'robot', password: 'hunter2 & co' };

/** Collects what a run says, one line each. */
export interface Transcript {
  readonly reporter: Reporter;
  readonly lines: readonly string[];
  /** Notes a thrown error as a shell's debug output would, causes and fields included. */
  add(error: unknown): void;
  /** Fails when one of these can be read in it, in one of the spellings: by default some that are common. */
  assertClean(secrets: readonly string[], spellings?: (secret: string) => readonly string[]): void;
}

export function createTranscript(): Transcript {
  const lines: string[] = [];
  const reporter: Reporter = {
    group: (title, body) => {
      lines.push(`group: ${title}`);
      return body();
    },
    info: (message) => lines.push(`info: ${message}`),
    debug: (message) => lines.push(`debug: ${message}`),
    warning: (problem) => lines.push(`warning: ${inspect(problem, { depth: 10 })}`),
    progress: (task, done, total) => lines.push(`progress: ${task} ${done}/${total}`),
  };
  return {
    reporter,
    lines,
    add: (error) => lines.push(inspect(error, { depth: 20, showHidden: true, maxStringLength: null })),
    assertClean(secrets, spellings = spellingsOf) {
      const text = lines.join('\n');
      const shown = secrets.filter(
        (secret) => secret !== '' && spellings(secret).some((spelling) => text.includes(spelling)),
      );
      assert.deepEqual(shown, [], 'a secret was said');
    },
  };
}

/** Some of those in which servers repeat a text. */
function spellingsOf(secret: string): readonly string[] {
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('latin1'),
    Buffer.from(secret).toString('base64').replace(/.?=*$/, ''),
  ];
}

/** Those that the client knows, but for what is too short to tell. */
export function longFormsOf(secret: string): readonly string[] {
  return formsOf(secret).filter((form) => form === secret || form.length >= 4);
}

/** What is there before the proxy. */
export interface Setup {
  readonly registry: Registry;
  readonly tokens: TokenServer | undefined;
  readonly clock: FastClock;
}

export interface RunOptions {
  readonly faults?: readonly Fault[] | ((setup: Setup) => readonly Fault[]);
  readonly registry?: RegistryOptions;
  /** Puts a token server before the registry. */
  readonly tokens?: TokenServerOptions;
  /** Changes what the registry says with a 401; `realm` is the token server's. */
  readonly challenge?: (realm: string, usual: readonly string[]) => readonly string[];
  /** Asks for Basic credentials. */
  readonly basic?: boolean;
  /** Whom the registry lets in with them; `user` by default. */
  readonly auth?: { readonly name: string; readonly password: string };
  /** What the client's user has; the right password by default when there is something to log in to. */
  readonly credential?: Credential | 'none';
  readonly image?: SampleImage;
  /** In place of the image's own. */
  readonly source?: Source;
  /** References to push to, `HOST` standing for the proxy; `HOST/team/app:v1` by default. */
  readonly references?: readonly string[];
  readonly client?: Partial<ClientOptions>;
  /** Of the push itself. */
  readonly push?: Partial<PushOptions>;
  readonly clock?: FastClock;
  /** Before the push begins. */
  readonly prepare?: (world: World) => Promise<void> | void;
  /** Further strings that may not be said. */
  readonly secrets?: readonly string[];
}

export interface World extends AsyncDisposable {
  readonly registry: Registry;
  readonly proxy: FaultProxy;
  readonly tokens: TokenServer | undefined;
  readonly clock: FastClock;
  readonly client: RegistryClient;
  readonly transcript: Transcript;
  /** Secrets that the client gave to be masked. */
  readonly masked: ReadonlySet<string>;
  readonly image: SampleImage;
  reference(text: string): string;
  /** Looks for every secret in all that was said. */
  assertNoSecrets(spellings?: (secret: string) => readonly string[]): void;
}

/** Sets everything up; the tag `v1` is there already, on an older image. */
export async function startWorld(options: RunOptions = {}): Promise<World> {
  const clock = options.clock ?? createFastClock();
  const tokens =
    options.tokens === undefined
      ? undefined
      : await startTokenServer({ now: () => clock.now(), ...options.tokens });
  const { name, password: word } = options.auth ?? user;
  const plain = tokens?.auth ?? (options.basic === true ? basicAuth(name, word) : undefined);
  const { challenge } = options;
  const auth =
    plain === undefined || challenge === undefined
      ? plain
      : {
          ...plain,
          challenge: (...asked: Parameters<typeof plain.challenge>) =>
            challenge(tokens?.realm ?? '', plain.challenge(...asked)),
        };
  const registry = await startRegistry({ ...(auth === undefined ? {} : { auth }), ...options.registry });
  storeImage(registry.store, repository, sampleImage({ seed: 'older' }), 'v1');
  const { faults = [] } = options;
  const proxy = await startFaultProxy({
    upstream: registry.origin,
    faults: typeof faults === 'function' ? faults({ registry, tokens, clock }) : faults,
  });

  const transcript = createTranscript();
  const masked = new Set<string>();
  const password: Credential = { kind: 'password', username: user.name, password: user.password };
  const credential = options.credential ?? (auth === undefined ? 'none' : password);
  const client = createRegistryClient({
    credentials: { find: () => Promise.resolve(credential === 'none' ? undefined : credential) },
    reporter: transcript.reporter,
    clock,
    mask: (secret) => masked.add(secret),
    ...options.client,
  });

  const image = options.image ?? sampleImage();
  const reference = (text: string) => text.replace('HOST', proxy.host);
  const world: World = {
    registry,
    proxy,
    tokens,
    clock,
    client,
    transcript,
    masked,
    image,
    reference,
    assertNoSecrets(spellings) {
      const pair = Buffer.from(`${name}:${word}`).toString('base64');
      const secrets = [
        word,
        pair,
        ...(tokens?.tokens ?? []),
        ...registry.secrets,
        ...(options.secrets ?? []),
      ];
      transcript.assertClean(secrets, spellings);
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await Promise.all([proxy.close(), registry.close(), tokens?.close()]);
    },
  };
  return world;
}

export interface PushRun extends World {
  readonly result: PushResult | undefined;
  readonly error: unknown;
  /**
   * The push succeeded: every tag leads to the whole image in the registry, the faults did happen,
   * and no rule was broken except for the named ones.
   */
  assertPushed(...except: readonly string[]): PushResult;
  /** The push failed with this code, the faults did happen, and no tag has moved. */
  assertFailed(code: ErrorCode, ...except: readonly string[]): BimaError;
}

export async function runPush(options: RunOptions = {}): Promise<PushRun> {
  const world = await startWorld(options);
  const { registry, proxy, image, client, transcript } = world;
  await options.prepare?.(world);
  const before = new Map<string, Record<string, Digest>>();
  const references = (options.references ?? [`HOST/${repository}:v1`]).map((text) =>
    parseReference(world.reference(text)),
  );
  for (const { repository: name } of references) before.set(name, registry.store.tags(name));

  let result: PushResult | undefined;
  let error: unknown;
  try {
    result = await pushImage(options.source ?? image.source, image.root, references, {
      client,
      reporter: transcript.reporter,
      ...(options.client?.signal === undefined ? {} : { signal: options.client.signal }),
      ...options.push,
    });
  } catch (thrown) {
    error = thrown;
    transcript.add(thrown);
  }
  await checkSecrets(world);

  return {
    ...world,
    result,
    error,
    assertPushed(...except) {
      assertNone(error);
      assert.ok(result);
      proxy.assertHit();
      assert.deepEqual(world.tokens?.violations ?? [], []);
      registry.assertRules(...except);
      assert.equal(result.digest, image.root.digest);
      for (const { repository: name, tag = 'latest' } of references) {
        assert.equal(registry.store.tags(name)[tag], image.root.digest, `${name}:${tag}`);
        assert.deepEqual(new Set(registry.store.pull(name, tag)), new Set(image.blobs.keys()));
      }
      return result;
    },
    assertFailed(code, ...except) {
      assert.ok(error instanceof BimaError, `expected a BimaError, got ${inspect(error)}`);
      assert.equal(error.code, code, inspect(error));
      proxy.assertHit();
      registry.assertRules(...except);
      for (const [name, tags] of before) assert.deepEqual(registry.store.tags(name), tags);
      return error;
    },
  };
}

export interface PullRun extends World {
  readonly bytes: Buffer | undefined;
  readonly error: unknown;
}

/** Reads one blob of the image, which is in the registry under the tag `v2`, through the faults. */
export async function runPull(
  options: RunOptions & { readonly pick?: (image: SampleImage) => Descriptor } = {},
): Promise<PullRun> {
  const world = await startWorld(options);
  const { registry, proxy, image, client, transcript } = world;
  storeImage(registry.store, repository, image, 'v2');
  await options.prepare?.(world);
  const wanted = options.pick?.(image) ?? image.layers[0];
  assert.ok(wanted);
  const chunks: Uint8Array[] = [];
  let bytes: Buffer | undefined;
  let error: unknown;
  try {
    const source = client.repository({ registry: proxy.host, repository });
    for await (const chunk of source.open(wanted).open()) chunks.push(chunk);
    bytes = Buffer.concat(chunks);
  } catch (thrown) {
    error = thrown;
    transcript.add(thrown);
  }
  await checkSecrets(world);
  return { ...world, bytes, error };
}

async function checkSecrets(world: World): Promise<void> {
  try {
    world.assertNoSecrets();
  } catch (error) {
    // Nobody else can: the run is not handed out.
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

/** Throws what a run has thrown. */
export function assertNone(error: unknown): void {
  if (error instanceof Error) throw error;
  assert.equal(error, undefined);
}
