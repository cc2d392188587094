// What every command that can sign has of it: nothing is loaded unless somebody wants a signature.

import type { Reporter } from '../core/reporter.ts';
import type { SignedImage } from '../usecases/attest/sign-image.ts';
import type { Options } from './args.ts';
import type { CommandSigning } from './command-signing.ts';
import type { Terminal } from './terminal.ts';

/** Undefined when nothing is to be signed. @throws BimaError as `prepareCommandSigning` does */
export async function prepareToSign(
  options: Options,
  terminal: Terminal,
  reporter: Reporter,
): Promise<CommandSigning | undefined> {
  const isAsked = ['attest', 'key', 'trust-config'].some((name) => options.isGiven(name));
  if (!isAsked) return undefined;
  return (await import('./command-signing.ts')).prepareCommandSigning(options, terminal, reporter);
}

/** What `--json` says of it. */
export function describeSigned(signed: SignedImage | undefined): Readonly<Record<string, unknown>> {
  if (signed === undefined) return {};
  const { identity, bundles } = signed;
  const signatures = bundles.map(({ about, predicateType, referrer, isNew }) => ({
    subject: about.digest,
    predicateType,
    digest: referrer.digest,
    reused: !isNew,
  }));
  return { signed: { by: identity, signatures } };
}
