// The job summary: one table with a row for each platform, so that a matrix of jobs stays readable.

import { formatPlatform } from '../core/oci/platform.ts';
import { formatReference } from '../core/oci/reference.ts';
import type { Reference } from '../core/oci/reference.ts';
import { formatSize } from '../core/reporter.ts';
import { uruncKeys } from '../core/unikernel/urunc-annotations.ts';
import type { ImageFacts, PlatformFacts } from './image-facts.ts';
import { runCommand } from './run-command.ts';
import { safeMarkdown } from '../core/text.ts';

export interface SummaryFacts {
  readonly facts: ImageFacts;
  readonly references: readonly Reference[];
  /** Such as `pushed`, or why it was not. */
  readonly state: string;
  readonly artifact?: { readonly name: string; readonly url: string } | undefined;
}

/** More of a label than this would break the table. */
const maxLength = 80;

/** Markdown. Whatever a pull request controls in it stays plain text. */
export function formatSummary({ facts, references, state, artifact }: SummaryFacts): string {
  const [first] = references;
  const { root, images, size } = facts;
  const run = runCommand(first === undefined ? root.digest : formatReference(first));
  const onePerImage = (cell: (image: PlatformFacts) => string) => images.map(cell);
  const isAlone = images.length === 1;
  // What is true of the whole stands in the first row.
  const columns: readonly (readonly [title: string, cells: readonly string[]])[] = [
    ['image', [references.map((reference) => code(formatReference(reference))).join('<br>')]],
    ['digest', [code(root.digest)]],
    ['platform', onePerImage(({ platform }) => safeMarkdown(formatPlatform(platform)))],
    ['unikernel', onePerImage(({ labels }) => safeMarkdown(describeUnikernel(labels)))],
    ['size', isAlone ? [formatSize(size)] : onePerImage(({ layerSize }) => formatSize(layerSize))],
    ['state', [safeMarkdown(state)]],
    ...(artifact === undefined
      ? []
      : [['artifact', [`[${safeMarkdown(artifact.name)}](${encodeURI(artifact.url)})`]] as const]),
    ['run', [code(run)]],
  ];
  const row = (parts: readonly string[]) => `| ${parts.join(' | ')} |\n`;
  return [
    row(columns.map(([title]) => title)),
    row(columns.map(() => '---')),
    ...Array.from({ length: Math.max(1, images.length) }, (_, index) => {
      return row(columns.map(([, cells]) => cells[index] ?? ''));
    }),
    '\n',
  ].join('');
}

function describeUnikernel(labels: Readonly<Record<string, string>>): string {
  const [type, hypervisor] = [labels[uruncKeys.unikernelType], labels[uruncKeys.hypervisor]];
  return `${shorten(type ?? '?')} on ${shorten(hypervisor ?? '?')}`;
}

function shorten(text: string): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}

function code(text: string): string {
  return `<code>${safeMarkdown(text)}</code>`;
}
