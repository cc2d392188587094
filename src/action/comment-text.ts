// The comment on a pull request: which image its code makes, how large it is, and how to boot it. Data in, Markdown out.

import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { formatSize } from '../core/reporter.ts';
import { uruncKeys } from '../core/unikernel/urunc-annotations.ts';
import type { ImageFacts, PlatformFacts } from './image-facts.ts';
import { codeBlock, codeSpan, link } from '../core/text.ts';
import { runCommand } from './run-command.ts';

export interface CommentFacts {
  readonly facts: ImageFacts;
  /** The image's names: at least one. */
  readonly references: readonly Reference[];
  readonly isPushed: boolean;
  readonly artifact: { readonly name: string; readonly url: string } | undefined;
  /** What the base branch has under the same name. */
  readonly base: { readonly reference: Reference; readonly images: readonly PlatformFacts[] } | undefined;
  /** The commit that was built, in hexadecimal digits, and its page. */
  readonly commit: { readonly sha: string; readonly url: string } | undefined;
  /** The page of the workflow run. */
  readonly runUrl: string;
}

/** More of them would make a comment that nobody reads, and one day longer than GitHub takes. */
const maxLines = 16;

/** Markdown, far shorter than the 65,536 characters that GitHub takes. What a pull request controls stays text in it. */
export function formatComment(facts: CommentFacts): string {
  const { references, isPushed, artifact, base } = facts;
  const [first] = references;
  const paragraphs = [
    headline(facts),
    codeBlock(isPushed && first !== undefined ? exactName(first, facts) : facts.facts.root.digest, ''),
    sizes(facts),
    isPushed ? `Tags: ${some(references.map((one) => codeSpan(formatReference(one), 400))).join(', ')}` : '',
    artifact === undefined
      ? ''
      : `Artifact: ${link('download', artifact.url)} ${codeSpan(artifact.name, 200)}`,
    base === undefined
      ? 'Sizes are those of the compressed layers.'
      : `Sizes are those of the compressed layers; changes are against ${codeSpan(formatReference(base.reference), 400)}.`,
    isPushed && first !== undefined ? codeBlock(runCommand(formatReference(first)), 'sh') : '',
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

/** A size beside that of the base branch, such as `5.2 MB (+120 kB, +2.4 %)`. */
export function formatChange(size: number, before: number | undefined): string {
  if (before === undefined) return formatSize(size);
  const difference = size - before;
  if (difference === 0) return `${formatSize(size)} (unchanged)`;
  const sign = difference > 0 ? '+' : '−';
  const percent = before === 0 ? '' : `, ${sign}${(Math.abs(difference / before) * 100).toFixed(1)} %`;
  return `${formatSize(size)} (${sign}${formatSize(Math.abs(difference))}${percent})`;
}

function headline({ commit, isPushed, runUrl }: CommentFacts): string {
  const of = commit === undefined ? '' : ` of ${link(codeSpan(commit.sha.slice(0, 12)), commit.url)}`;
  const how = isPushed ? 'pushed' : 'built, not pushed,';
  return `**Preview image**${of}, ${how} by ${link('this run', runUrl)}`;
}

function exactName({ registry, repository }: Reference, { facts }: CommentFacts): string {
  return formatReference({ registry, repository, digest: facts.root.digest });
}

function sizes({ facts, base }: CommentFacts): string {
  const before = new Map(base?.images.map((image) => [formatPlatform(image.platform), image.layerSize]));
  const lines = facts.images.map(({ platform, labels, layerSize }) => {
    const name = formatPlatform(platform);
    const [type, hypervisor] = [labels[uruncKeys.unikernelType], labels[uruncKeys.hypervisor]];
    const kind = `${codeSpan(type ?? '?')} on ${codeSpan(hypervisor ?? '?')}`;
    return `${codeSpan(name)}: ${kind}, ${formatChange(layerSize, before.get(name))}`;
  });
  return some(lines)
    .map((line) => `- ${line}`)
    .join('\n');
}

function some(items: readonly string[]): readonly string[] {
  if (items.length <= maxLines) return items;
  return [...items.slice(0, maxLines), `and ${items.length - maxLines} more`];
}
