// `--attest`, `--key` and `--trust-config`: whether a command can sign, and the signatures that go along with an image.

import { addReferrers } from '../adapters/disk/add-referrers.ts';
import type { Layout } from '../adapters/disk/layout.ts';
import { readRegular } from '../adapters/filesystem/open-regular.ts';
import type { RegistryClient } from '../adapters/registry/client.ts';
import type { Repository } from '../adapters/registry/repository.ts';
import { BimaError } from '../core/errors.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import { limits } from '../core/limits.ts';
import type { Reference } from '../core/oci/reference.ts';
import type { Source } from '../core/oci/target.ts';
import type { Reporter } from '../core/reporter.ts';
import { isBundleReferrer } from '../core/trust/bundle-manifest.ts';
import type { ImageStatement } from '../usecases/attest/attest.ts';
import type { PreparedSigning, SigningWish } from '../usecases/attest/prepare-signing.ts';
import type { SignedImage } from '../usecases/attest/sign-image.ts';
import type { Options } from './args.ts';
import type { Terminal } from './terminal.ts';

/** What signs for a command, settled before it does anything else. */
export type CommandSigning = PreparedSigning & { readonly kind: 'ready' };

/**
 * Undefined when nothing is to be signed, or can't be with `--attest=auto`, which is told.
 * @throws BimaError as `prepareSigning` does, and INPUT_INVALID for a key that can't be read
 */
export async function prepareCommandSigning(
  options: Options,
  terminal: Terminal,
  reporter: Reporter,
): Promise<CommandSigning | undefined> {
  const mode = options.string('attest') ?? (options.string('key') === undefined ? 'false' : 'true');
  const trustPath = options.string('trust-config');
  if (mode === 'false') {
    if (trustPath === undefined || options.isGiven('attest')) return undefined;
    throw new BimaError('INPUT_INVALID', 'expected --attest beside --trust-config, got none');
  }
  const { environment, signal } = terminal;
  const key = await readKey(options.string('key'), terminal);
  const [{ prepareSigning }, { loadDefaultTrust }] = await Promise.all([
    import('../usecases/attest/prepare-signing.ts'),
    import('../usecases/attest/default-trust.ts'),
  ]);
  const wish: SigningWish = {
    mode: mode === 'auto' ? 'auto' : 'true',
    key: key === undefined ? undefined : { pem: key, passphrase: environment.COSIGN_PASSWORD },
    trustPath,
    whyNot: 'there is no key, no workflow with an identity, and no token in SIGSTORE_ID_TOKEN',
    remedy: 'Name a key with --key FILE; or give the job of the workflow the permission `id-token: write`.',
    loadTrust: loadDefaultTrust({ instance: 'public', cache: options.string('cache') }),
  };
  const prepared = await prepareSigning(wish, environment, { reporter, signal });
  if (prepared.kind === 'ready') return prepared;
  reporter.info(`not signing: ${prepared.why}`);
  return undefined;
}

/** As cosign has it, a variable is named by `env://`. */
async function readKey(place: string | undefined, { environment }: Terminal): Promise<string | undefined> {
  if (place === undefined) return undefined;
  const [, name] = /^env:\/\/(.+)$/.exec(place) ?? [];
  if (name !== undefined) {
    const { [name]: value = '' } = environment;
    if (value !== '') return value;
    throw new BimaError(
      'INPUT_INVALID',
      `expected a private key in the variable "${name}" for --key, got none`,
    );
  }
  if (/^[a-z0-9+.-]{2,}:\/\//i.test(place)) {
    throw new BimaError('INPUT_INVALID', `expected a file or env://NAME for --key, got "${place}"`, {
      hint: 'Keys in a service or on a token are used by cosign itself: cosign sign --key.',
    });
  }
  const read = readRegular(place, limits.settings, { code: 'INPUT_INVALID', follow: true });
  return Buffer.from(
    await read.catch((cause: unknown) => {
      if (cause instanceof BimaError) throw cause;
      throw new BimaError('INPUT_INVALID', `can't read --key "${place}"`, { cause });
    }),
  ).toString();
}

export interface CommandImage {
  readonly source: Source;
  readonly root: Descriptor;
  /** What refers to the image already. */
  readonly referrers: readonly Descriptor[];
  /** Without them, only that it is signed is stated of the image. */
  readonly statements?: readonly ImageStatement[];
  /** The first one names the image. */
  readonly references: readonly Reference[];
  /** The date of the image: seconds since 1970. */
  readonly created: number;
}

export interface SigningContext {
  /** Where the image is pushed, with what opens a client for that; none for no push. */
  readonly pushed: readonly Reference[];
  readonly openClient: () => Promise<RegistryClient>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
}

/** @throws BimaError as `signImage` does; nothing has been pushed then */
export async function signForCommand(
  { source, root, referrers, statements, references, created }: CommandImage,
  { withSigner }: CommandSigning,
  { pushed, openClient, reporter, signal }: SigningContext,
): Promise<SignedImage> {
  const [{ attestImage }, { placeIn, signImage, warnOfOldSignatures }] = await Promise.all([
    import('../usecases/attest/attest.ts'),
    import('../usecases/attest/sign-image.ts'),
  ]);
  const wanted =
    statements ??
    (await attestImage(source, root, { references, created, isToBeSigned: true, signal })).statements;
  const repositories = await repositoriesOf(pushed, openClient);
  const places = [
    { source, referrersOf: () => Promise.resolve(referrers.filter(isBundleReferrer)) },
    ...repositories.map(placeIn),
  ];
  return reporter.group('Sign', async () => {
    const signed = await withSigner((signer) =>
      signImage(wanted, { signer, places, created, reporter, signal }),
    );
    const digests = wanted.map(({ about }) => about.digest);
    for (const repository of repositories) await warnOfOldSignatures(repository, digests, reporter);
    return signed;
  });
}

/** The same for an image in a layout, which gets the signatures. */
export async function signInLayout(
  layout: Layout,
  image: CommandImage,
  signing: CommandSigning,
  context: SigningContext,
): Promise<SignedImage> {
  const signed = await signForCommand(image, signing, context);
  await addReferrers(layout, signed.referrers, signed.blobs);
  return signed;
}

async function repositoriesOf(
  references: readonly Reference[],
  openClient: () => Promise<RegistryClient>,
): Promise<readonly Repository[]> {
  if (references.length === 0) return [];
  const client = await openClient();
  const names = new Map(references.map((one) => [`${one.registry}/${one.repository}`, one]));
  return [...names.values()].map((one) => client.repository(one, { access: 'push' }));
}
