// Errors of the artifact library, classified by their text: whether a retry may help, and what the user can do.

import { BimaError } from '../core/errors.ts';
import { isMasked } from '../adapters/http/secrets.ts';

/** The outcome of an attempt to upload. */
export interface ArtifactFailure {
  /**
   * `missing`: there is no such service here. `passing`: another attempt may succeed. `refused`: the storage doesn't
   * take the address that the service has signed, and a new one may do.
   */
  readonly kind: 'missing' | 'exists' | 'quota' | 'passing' | 'refused' | 'final';
  /** Whether the service may have made the artifact, so that a further attempt meets its name. */
  readonly created: boolean;
  /** The library's words without signed queries. */
  readonly text: string;
}

/** The library retries answers such as 503 itself, but no broken connections. */
const connectionError =
  /\b(?:ECONNRESET|ECONNREFUSED|ECONNABORTED|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|EAI_AGAIN|REQUEST_SEND_ERROR)\b|socket hang up|Upload progress stalled/;

/** @param mask called with every signed query in the error that is long enough to be one */
export function classifyFailure(error: unknown, mask: (secret: string) => void): ArtifactFailure {
  const message = error instanceof Error ? error.message : String(error);
  const [firstLine = ''] = message.split('\n');
  const text = firstLine.trim() === '' ? withoutWords(error) : redact(firstLine, mask);
  const created = !message.startsWith('Failed to CreateArtifact:');
  return { kind: kindOf(error, message), created, text };
}

/** The storage's library gives an answer without a body as an error without a message. */
function withoutWords(error: unknown): string {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? `the storage answers ${status}` : 'the library says no reason';
}

function kindOf(error: unknown, message: string): ArtifactFailure['kind'] {
  if (message.includes('(409) ')) return 'exists';
  if (message.includes('Artifact storage quota')) return 'quota';
  if (/^Failed to CreateArtifact: .*\((?:404|501)\) /.test(message)) return 'missing';
  // An error of the storage's own library.
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 403) return 'refused';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return connectionError.test(`${message} ${code}`) ? 'passing' : 'final';
}

/** The error for an artifact that could not be uploaded. */
export function artifactError(name: string, { kind, text }: ArtifactFailure, attempts: number): BimaError {
  // The library's own error may hold the signed URL, so only its words are kept.
  const options = { cause: new Error(text) };
  switch (kind) {
    case 'exists':
      return new BimaError(
        'ARTIFACT_EXISTS',
        `this run has an artifact named "${name}" already, which another job or step made`,
        {
          ...options,
          hint: 'Give each job of a matrix an "artifact-name" of its own, or set "artifact-overwrite: true".',
        },
      );
    case 'quota':
      return new BimaError(
        'ARTIFACT_FAILED',
        `can't upload the artifact "${name}": the storage quota is used up`,
        {
          ...options,
          hint: 'Delete old artifacts and set a lower "artifact-retention-days"; GitHub counts anew every 6 to 12 hours.',
        },
      );
    case 'passing':
      return new BimaError(
        'ARTIFACT_FAILED',
        `can't upload the artifact "${name}": ${text} (tried ${attempts} times)`,
        {
          ...options,
          hint: 'Run the job again; a self-hosted runner needs to reach *.actions.githubusercontent.com and *.blob.core.windows.net.',
        },
      );
    case 'refused':
      return new BimaError(
        'ARTIFACT_FAILED',
        `can't upload the artifact "${name}": the storage refuses the signed address (tried ${attempts} times): ${text}`,
        {
          ...options,
          hint: 'Such an address is good for a time only: set the clock of the runner, for example with NTP; a proxy in between must leave its query alone.',
        },
      );
    case 'missing':
    case 'final':
      return new BimaError('ARTIFACT_FAILED', `can't upload the artifact "${name}": ${text}`, {
        ...options,
        hint: 'Run the job again with debug logging, and see githubstatus.com.',
      });
  }
}

/** Signed queries are as good as passwords. */
function redact(text: string, mask: (secret: string) => void): string {
  return text.replace(/(\bhttps?:\/\/[^\s?"'<>]+)\?([^\s"'<>]*)/g, (_url, base: string, query: string) => {
    if (isMasked(query, 'server')) mask(query);
    return `${base}?…`;
  });
}
