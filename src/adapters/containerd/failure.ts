// What ctr printed as it failed, as an error with a remedy.

import { BimaError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';

interface Known {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly hint: string;
  readonly code?: ErrorCode;
}

/** The first match counts. The patterns are those of containerd 1.6 to 2.x. */
const known: readonly Known[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    reason: "the disk of containerd's data is full",
    hint: 'Free some space in its root folder (/var/lib/containerd by default) and try again.',
  },
  {
    pattern: /snapshotter not loaded|no unpack platforms defined/i,
    reason: 'it does not have the snapshotter',
    hint: 'Choose one of those that "ctr plugins ls" lists as ok.',
  },
  {
    // Its own address is checked before anything else: what can't be dialled later belongs to a plugin.
    pattern: /dial unix (?!\S*containerd\.sock)\S+ connect: |snapshotter \S+ (?:is )?not (?:found|ready)/i,
    reason: 'the snapshotter is not ready',
    hint: 'Start the service behind the snapshotter, or choose one that is built in, such as overlayfs or native.',
  },
  {
    pattern:
      /failed to send write: EOF|error reading from server|transport is closing|connection refused|\bunavailable\b|failed to dial/i,
    reason: 'it stopped in the middle',
    hint: 'See its log (journalctl -u containerd) and try again when it runs; what the import had begun is removed by containerd within a day.',
    code: 'CONTAINERD_UNREACHABLE',
  },
  {
    pattern: /permission denied/i,
    reason: 'permission denied',
    hint: 'Run it as root (sudo).',
    code: 'CONTAINERD_DENIED',
  },
  {
    pattern: /image might be filtered out|no match for platform/i,
    reason: 'the image has no manifest for the platform of this node',
    hint: 'Build it for this node, or import it on a node of its platform.',
  },
];

/** @param attempt what was tried, such as `import the image` */
export function failureOf(attempt: string, stderr: string): BimaError {
  const text = stderr.trim();
  const line = lastLine(text);
  const found =
    known.find(({ pattern }) => pattern.test(line)) ?? known.find(({ pattern }) => pattern.test(text));
  const cause = new Error(text === '' ? 'ctr printed nothing' : text);
  if (found === undefined) {
    const reason = line === '' ? 'ctr failed and printed nothing' : line;
    return new BimaError('CONTAINERD_FAILED', `containerd could not ${attempt}: ${reason}`, { cause });
  }
  const { code = 'CONTAINERD_FAILED', reason, hint } = found;
  return new BimaError(code, `containerd could not ${attempt}: ${reason}`, { hint, cause });
}

/** What ctr says last is the error itself; the lines before it are its log. */
function lastLine(text: string): string {
  const line = text.split('\n').at(-1) ?? '';
  return line.replace(/^ctr: /, '');
}
