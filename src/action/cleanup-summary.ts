// The job summary of a cleanup: what went and what stayed, in a list that no page is too narrow for.

import type { CleanupRecord } from '../usecases/cleanup/cleanup.ts';
import { codeSpan } from '../core/text.ts';

export interface CleanupSummary {
  readonly deleted: readonly CleanupRecord[];
  readonly skipped: readonly CleanupRecord[];
  readonly dryRun: boolean;
}

/** Anything beyond this is in the log and in the outputs. */
const maxRows = 50;
/** More of a name than this is in the log. */
const maxText = 400;

/** Markdown; empty when there was nothing to do. */
export function formatCleanupSummary({ deleted, skipped, dryRun }: CleanupSummary): string {
  const records = [
    ...deleted.map((record) => ({ record, state: dryRun ? 'would be deleted' : 'deleted' })),
    ...skipped.map((record) => ({ record, state: 'stays' })),
  ];
  if (records.length === 0) return '';
  const lines = records.slice(0, maxRows).map(({ record: { name, digest, tags, why = '' }, state }) => {
    const image = digest === undefined ? name : `${name}@${digest.slice(0, 'sha256:'.length + 12)}`;
    const names = tags.length === 0 ? '' : `, ${tags.map((tag) => codeSpan(tag, maxText)).join(' ')}`;
    const reason = why === '' ? '' : `: ${codeSpan(why, maxText)}`;
    return `- ${state} ${codeSpan(image, maxText)}${names}${reason}\n`;
  });
  const left = records.length - lines.length;
  const more = left === 0 ? '' : `\n${left} more are in the log.\n`;
  return [...lines, more, '\n'].join('');
}
