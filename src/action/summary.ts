// The summary of a step: what came out of it and where it is now, or why it failed. Data in, Markdown out.

import type { Problem } from '../core/errors.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { codeSpan, link } from '../core/text.ts';
import { isUruncImage } from '../core/unikernel/container-labels.ts';
import { bootLines } from './boot-text.ts';
import type { BootReport } from './boot-text.ts';
import type { ImageFacts, PlatformFacts } from './image-facts.ts';
import { foldedDigest, nameList, platformLines, signatureLines, sizesNote } from './image-text.ts';
import type { SignatureFacts } from './image-text.ts';
import { runCommand } from './run-command.ts';

export interface SummaryFacts {
  readonly facts: ImageFacts;
  /** The image's names: at least one. */
  readonly references: readonly Reference[];
  /** Why nothing was pushed; undefined when it was. */
  readonly skipped: string | undefined;
  /** What the branch of the pull request's target has under the same name. */
  readonly base?: { readonly reference: Reference; readonly images: readonly PlatformFacts[] } | undefined;
  /** What became of the boot test; empty without one. */
  readonly boots?: readonly BootReport[];
  /** Who signed it, or why nobody did; undefined when nobody asked for it. */
  readonly signature?: SignatureFacts | undefined;
  readonly artifact?: { readonly name: string; readonly url: string } | undefined;
  /** Where it was imported. */
  readonly containerd?: { readonly namespace: string } | undefined;
  readonly release?: { readonly tag: string; readonly url: string } | undefined;
  /** Files and folders that later steps can read. */
  readonly files?: Readonly<Record<string, string | undefined>>;
}

/** As many problems as anybody reads here: the log has the others. */
const maxProblems = 20;
/** More of a message, a hint or a path than this is in the log. */
const maxText = 600;

/** Markdown. Whatever a pull request controls in it stays plain text. */
export function formatSummary(summary: SummaryFacts): string {
  const { facts, references, skipped, base, containerd } = summary;
  const [first] = references;
  const isContainer = facts.images.every(({ labels }) => !isUruncImage(Object.keys(labels)));
  const isThere = skipped === undefined || containerd !== undefined;
  const parts = [
    `**${isContainer ? 'Container' : 'Unikernel'} image** ${first === undefined ? '' : codeSpan(formatReference(first), 400)}`,
    isThere && first !== undefined ? codeSpan(runCommand(formatReference(first), facts.images), 500) : '',
    list(platformLines(facts.images, base?.images)),
    sizesNote(base?.reference),
    list(whatWasDone(summary)),
    first === undefined ? `Digest: ${codeSpan(facts.root.digest)}` : foldedDigest(facts.root.digest, first),
  ];
  return together(parts);
}

function whatWasDone(summary: SummaryFacts): string[] {
  const { references, skipped, boots = [], signature, artifact, containerd, release, files } = summary;
  const others = Object.entries(files ?? {}).flatMap(([name, path]) =>
    path === undefined ? [] : [`${name}: ${codeSpan(path, maxText)}`],
  );
  return [
    ...bootLines(boots),
    skipped === undefined ? `Pushed as ${nameList(references)}` : `Not pushed: ${codeSpan(skipped, 200)}`,
    ...signatureLines(signature),
    ...(containerd === undefined
      ? []
      : [`Imported into containerd's namespace ${codeSpan(containerd.namespace)}`]),
    ...(artifact === undefined ? [] : [`Artifact: ${link(codeSpan(artifact.name, 200), artifact.url)}`]),
    ...(release === undefined ? [] : [`Attached to the release ${link(codeSpan(release.tag), release.url)}`]),
    ...others,
  ];
}

/** For `check: true`, when nothing is wrong. */
export function formatCheckSummary(context: string): string {
  return together([`**Checked** ${codeSpan(context)}: a build would succeed. Nothing was built.`]);
}

/** What a failed step leaves in the summary: every error that the log has, with its place and what to do. */
export function formatFailure(problems: readonly Problem[]): string {
  const lines = problems.slice(0, maxProblems).map(({ code, message, hint, position }) => {
    const place = position === undefined ? '' : `${position.file}:${position.line}:${position.column}`;
    const where = place === '' ? '' : ` at ${codeSpan(place, 200)}`;
    const remedy = (hint ?? '')
      .split('\n')
      .filter((part) => part.trim() !== '')
      .map((part) => `  <br>${codeSpan(part, maxText)}`);
    return [`**${code}**${where}: ${codeSpan(message.replace(/\s*\n\s*/g, ' '), maxText)}`, ...remedy].join(
      '\n',
    );
  });
  const left = problems.length - lines.length;
  const count = problems.length === 1 ? 'an error' : `${problems.length} errors`;
  return together([
    `**No image**: the step failed with ${count}.`,
    list(lines),
    left === 0 ? '' : `${left} more are in the log.`,
  ]);
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

/** Paragraphs, and an end that keeps what another step adds apart. */
function together(parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join('\n\n');
  return `${text}\n\n`;
}
