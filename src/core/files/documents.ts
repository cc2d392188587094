// The heredocs of COPY, as files that were found. Pure.

import type { Copy } from '../containerfile/instruction.ts';
import { streamOf } from '../oci/blob.ts';
import { digestOf } from '../oci/digest.ts';
import type { Match } from './match.ts';

/** Each heredoc as a non-executable file, in order. */
export function matchDocuments({ documents = [] }: Copy): readonly Match[] {
  return documents.map(({ name, text, position }): Match => {
    const bytes = new TextEncoder().encode(text);
    return {
      source: { path: `<<${name}`, position },
      found: {
        type: 'file',
        name,
        size: bytes.length,
        executable: false,
        identify: () => digestOf(bytes),
        open: () => streamOf(bytes),
      },
    };
  });
}
