// What the job summary and the comment both say of an image, in Markdown. Nothing in it is wider than the page: what is
// long stands in code within a line, which wraps, and not in a block or a table.

import type { Digest } from '../core/oci/digest.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { formatSize } from '../core/reporter.ts';
import { codeSpan } from '../core/text.ts';
import { isUruncImage } from '../core/unikernel/container-labels.ts';
import { uruncKeys } from '../core/unikernel/urunc-annotations.ts';
import type { PlatformFacts } from './image-facts.ts';

/** More of them would make a text that nobody reads, and one day longer than GitHub takes. */
const maxLines = 16;
/** More of a name than this is no name. */
const maxName = 400;
/** Hexadecimal digits that tell images apart for a reader. */
const shortDigits = 12;

/** A line for each platform: what boots, on what, its size, and the change against `before`. */
export function platformLines(
  images: readonly PlatformFacts[],
  before: readonly PlatformFacts[] | undefined,
): readonly string[] {
  const known = new Map(before?.map((image) => [formatPlatform(image.platform), image.layerSize]));
  const lines = images.map(({ platform, labels, layerSize }) => {
    const name = formatPlatform(platform);
    const [type, hypervisor] = [labels[uruncKeys.unikernelType], labels[uruncKeys.hypervisor]];
    const kind = isUruncImage(Object.keys(labels))
      ? `${codeSpan(type ?? '?')} on ${codeSpan(hypervisor ?? '?')}`
      : 'a container';
    return `${codeSpan(name)}: ${kind}, ${formatChange(layerSize, known.get(name))}`;
  });
  return some(lines);
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

/** The sentence below the sizes. */
export function sizesNote(base: Reference | undefined): string {
  return base === undefined
    ? 'Sizes are those of the compressed layers.'
    : `Sizes are those of the compressed layers; changes are against ${nameSpan(base)}.`;
}

/** The short digest, and folded away the whole one with the image's name to copy. */
export function foldedDigest(digest: Digest, { registry, repository }: Reference): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  const whole = codeSpan(formatReference({ registry, repository, digest }), maxName);
  const short = `<code>${algorithm}:${hex.slice(0, shortDigits)}</code>`;
  return `<details><summary>Digest ${short}</summary>\n\n${whole}\n\n</details>`;
}

/** The names of an image, as code with commas between them. */
export function nameList(references: readonly Reference[]): string {
  return some(references.map(nameSpan)).join(', ');
}

/** Who signed an image, or why nobody did. */
export type SignatureFacts = { readonly identity: string } | { readonly whyNot: string };

/** A line; none when nobody asked for a signature. */
export function signatureLines(signature: SignatureFacts | undefined): readonly string[] {
  if (signature === undefined) return [];
  return 'identity' in signature
    ? [`Signed by ${codeSpan(signature.identity, maxName)}`]
    : [`Not signed: ${codeSpan(signature.whyNot, 200)}`];
}

/** One name in full, as code. */
export function nameSpan(reference: Reference): string {
  return codeSpan(formatReference(reference), maxName);
}

function some(items: readonly string[]): readonly string[] {
  if (items.length <= maxLines) return items;
  return [...items.slice(0, maxLines), `and ${items.length - maxLines} more`];
}
