// The comment on a pull request: which image its code makes, how large it is, and how to boot it. Data in, Markdown out.

import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { codeSpan, link } from '../core/text.ts';
import { bootLines } from './boot-text.ts';
import type { BootReport } from './boot-text.ts';
import type { ImageFacts, PlatformFacts } from './image-facts.ts';
import { foldedDigest, nameList, platformLines, signatureLines, sizesNote } from './image-text.ts';
import type { SignatureFacts } from './image-text.ts';
import { runCommand } from './run-command.ts';

export interface CommentFacts {
  readonly facts: ImageFacts;
  /** The image's names: at least one. */
  readonly references: readonly Reference[];
  readonly isPushed: boolean;
  readonly artifact: { readonly name: string; readonly url: string } | undefined;
  /** What became of the boot test; empty without one. */
  readonly boots?: readonly BootReport[];
  /** Who signed it, or why nobody did; undefined when nobody asked for it. */
  readonly signature?: SignatureFacts | undefined;
  /** What the base branch has under the same name. */
  readonly base: { readonly reference: Reference; readonly images: readonly PlatformFacts[] } | undefined;
  /** The commit that was built, in hexadecimal digits, and its page. */
  readonly commit: { readonly sha: string; readonly url: string } | undefined;
  /** The page of the workflow run. */
  readonly runUrl: string;
}

/** Markdown, far shorter than the 65,536 characters that GitHub takes. What a pull request controls stays text in it. */
export function formatComment(facts: CommentFacts): string {
  const { references, isPushed, artifact, base, boots = [], signature } = facts;
  const { root, images } = facts.facts;
  const [first] = references;
  const isThere = isPushed && first !== undefined;
  const paragraphs = [
    headline(facts),
    isThere ? codeSpan(runCommand(formatReference(first), images), 500) : '',
    [...platformLines(images, base?.images), ...bootLines(boots), ...signatureLines(signature)]
      .map((line) => `- ${line}`)
      .join('\n'),
    isThere ? `Tags: ${nameList(references)}` : '',
    artifact === undefined
      ? ''
      : `Artifact: ${link('download', artifact.url)} ${codeSpan(artifact.name, 200)}`,
    // Under this name it can be had only where it was pushed.
    isThere ? foldedDigest(root.digest, first) : `Digest: ${codeSpan(root.digest)}`,
    sizesNote(base?.reference),
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

function headline({ commit, isPushed, runUrl }: CommentFacts): string {
  const of = commit === undefined ? '' : ` of ${link(codeSpan(commit.sha.slice(0, 12)), commit.url)}`;
  const how = isPushed ? 'pushed' : 'built, not pushed,';
  return `**Preview image**${of}, ${how} by ${link('this run', runUrl)}`;
}
