// The options of everything that talks to a registry, and the client that they make.

import type { Environment } from '../core/environment.ts';
import { X509Certificate } from 'node:crypto';
import { readRegular } from '../adapters/filesystem/open-regular.ts';
import { BimaError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import type { CredentialOptions } from '../adapters/registry/credentials.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Options } from './args.ts';
import type { Terminal } from './terminal.ts';

export interface ClientContext {
  readonly options: Options;
  readonly references: readonly Reference[];
  readonly terminal: Terminal;
  readonly reporter: Reporter;
}

/** The client of a run: made when it is asked for, and once. */
export interface LazyClient {
  /** @param registry gets explicit credentials when no reference says which registry they are for */
  open(registry?: string): Promise<RegistryClient>;
  /** Closes its connections, if there are any. */
  close(): Promise<void>;
}

export function lazyRegistryClient(context: ClientContext): LazyClient {
  let client: Promise<RegistryClient> | undefined;
  return {
    open: (registry) => (client ??= openClient(context, registry)),
    close: async () => {
      await (await client?.catch(() => undefined))?.close();
    },
  };
}

/** Runs `body` with a client for the registries of `references`, and closes its connections afterwards. */
export async function withRegistryClient<T>(
  context: ClientContext,
  body: (client: RegistryClient) => Promise<T>,
): Promise<T> {
  const client = lazyRegistryClient(context);
  try {
    return await body(await client.open());
  } finally {
    await client.close();
  }
}

async function openClient(
  { options, references, terminal, reporter }: ClientContext,
  registry: string | undefined,
): Promise<RegistryClient> {
  const explicit = await readExplicit(options, references, registry, terminal);
  const ca = await readCa(options.string('ca-file'), terminal.environment);
  const concurrency = readCount('concurrency', options.string('concurrency'));
  const chunkSize = readSize(options.string('chunk-size'));
  const [{ createRegistryClient }, { createCredentials }] = await Promise.all([
    import('../adapters/registry/client.ts'),
    import('../adapters/registry/credentials.ts'),
  ]);
  return createRegistryClient({
    credentials: createCredentials({ env: terminal.environment, home: terminal.home, explicit }),
    reporter,
    signal: terminal.signal,
    plainHttp: options.flag('plain-http') ? 'always' : 'loopback',
    tlsVerify: !options.flag('insecure'),
    trustedRealms: options.strings('token-host'),
    ...(ca === undefined ? {} : { ca }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(chunkSize === undefined ? {} : { chunkSize }),
  });
}

/** Fails early for options that contradict each other or the references. */
export function checkRegistryOptions(options: Options, references: readonly Reference[]): void {
  const username = options.string('username');
  if ((username !== undefined) !== options.flag('password-stdin')) {
    throw new BimaError(
      'INPUT_INVALID',
      'expected --username and --password-stdin together, got only one of them',
      {
        hint: 'Without both, the credentials of "docker login" and "podman login" are used.',
      },
    );
  }
  const registries = new Set(references.map(({ registry }) => registry));
  if (username !== undefined && registries.size > 1) {
    const names = [...registries].join(' and ');
    throw new BimaError('INPUT_INVALID', `expected one registry with --username, got ${names}`, {
      hint: 'Log in to each with "docker login" instead, or push to one after the other.',
    });
  }
  readCount('concurrency', options.string('concurrency'));
  readSize(options.string('chunk-size'));
}

async function readExplicit(
  options: Options,
  references: readonly Reference[],
  first: string | undefined,
  terminal: Terminal,
): Promise<NonNullable<CredentialOptions['explicit']>> {
  checkRegistryOptions(options, references);
  const username = options.string('username');
  const registry = references[0]?.registry ?? first;
  if (username === undefined || registry === undefined) return [];
  // As docker login takes it: one line end belongs to the pipe, not to the password.
  const password = (await terminal.stdin()).replace(/\r?\n$/, '');
  if (password === '')
    throw new BimaError('INPUT_INVALID', 'expected a password on standard input, got nothing');
  return [{ registry, username, password }];
}

/** Certificates of `--ca-file`, with those of the environment. @throws BimaError INPUT_INVALID */
export async function readCa(
  path: string | undefined,
  environment: Environment,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readSettings(path).catch((cause: unknown) => {
    if (cause instanceof BimaError) throw cause;
    throw new BimaError('INPUT_INVALID', `can't read --ca-file "${path}"`, { cause });
  });
  checkCertificates(text, path);
  // Node itself adds these to its own, and before 22.15 doesn't tell them; it goes without what can't be read.
  const extra = environment.NODE_EXTRA_CA_CERTS;
  const others = extra === undefined ? '' : await readSettings(extra).catch(() => '');
  return others === '' ? text : `${text}\n${others}`;
}

async function readSettings(path: string): Promise<string> {
  const bytes = await readRegular(path, limits.settings, { code: 'INPUT_INVALID', follow: true });
  return Buffer.from(bytes).toString();
}

function checkCertificates(text: string, path: string): void {
  const certificates = text.match(
    /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^-]*-----END [A-Z0-9 ]*CERTIFICATE-----/g,
  );
  const hint = 'The file holds one or more blocks that begin with "-----BEGIN CERTIFICATE-----".';
  if (certificates === null) {
    throw new BimaError('INPUT_INVALID', `expected certificates in PEM in --ca-file "${path}", got none`, {
      hint,
    });
  }
  for (const [at, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (cause) {
      const what = `certificate ${at + 1} of --ca-file "${path}" can't be read`;
      throw new BimaError('INPUT_INVALID', what, { hint, cause });
    }
  }
}

function readCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new BimaError('INPUT_INVALID', `expected a number from 1 to 999 for --${name}, got "${text}"`);
}

const units = new Map([
  ['', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
]);

/** Bytes, or with k, m or g units of 1024. */
function readSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit = ''] = /^([1-9]\d{0,8})([kmg]?)(?:i?b)?$/i.exec(text) ?? [];
  const size = Number(number) * (units.get(unit.toLowerCase()) ?? NaN);
  if (Number.isSafeInteger(size)) return size;
  throw new BimaError('INPUT_INVALID', `expected a size such as 10m for --chunk-size, got "${text}"`);
}
