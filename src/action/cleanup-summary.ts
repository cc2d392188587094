// The job summary of a cleanup: one table of what went and what stayed.

import type { CleanupRecord } from '../usecases/cleanup/cleanup.ts';
import { safeMarkdown } from '../core/text.ts';

export interface CleanupSummary {
  readonly deleted: readonly CleanupRecord[];
  readonly skipped: readonly CleanupRecord[];
  readonly dryRun: boolean;
}

/** What is beyond this is in the log, and in the outputs. */
const maxRows = 50;

/** Markdown; empty when there was nothing to do. */
export function formatCleanupSummary({ deleted, skipped, dryRun }: CleanupSummary): string {
  const records = [
    ...deleted.map((record) => ({ record, state: dryRun ? 'would be deleted' : 'deleted' })),
    ...skipped.map((record) => ({ record, state: 'stays' })),
  ];
  if (records.length === 0) return '';
  const rows = records.slice(0, maxRows).map(({ record: { name, digest, tags, why = '' }, state }) => {
    const image = digest === undefined ? name : `${name}@${digest.slice(0, 'sha256:'.length + 12)}`;
    return `| ${state} | ${code(image)} | ${tags.map(code).join(' ')} | ${safeMarkdown(why)} |\n`;
  });
  const left = records.length - rows.length;
  const more = left === 0 ? '' : `\n${left} more are in the log.\n`;
  return ['| | image | tags | why |\n', '| --- | --- | --- | --- |\n', ...rows, more, '\n'].join('');
}

function code(text: string): string {
  return `<code>${safeMarkdown(text)}</code>`;
}
