// Lists that come in pages, each with a Link to the next one (distribution-spec, "Content Discovery").

import { BimaError } from '../errors.ts';
import { parseJsonObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import { resolveLocation } from './endpoints.ts';
import type { Endpoint } from './endpoints.ts';
import { headerOf, readUpTo } from './response.ts';
import type { Answer, Session } from './session.ts';

/** A thousand tags of 128 characters and a great deal of annotations. */
const maxPage = 16 * 1024 * 1024;

/**
 * All pages, as the JSON objects that they are; undefined when the list itself is not there.
 * @throws BimaError REGISTRY_PROTOCOL for a Link that leads elsewhere or in a circle
 */
export async function readPages(
  session: Session,
  path: string,
  accept: string,
): Promise<readonly JsonObject[] | undefined> {
  const pages: JsonObject[] = [];
  const seen = new Set<string>();
  let next: string | Endpoint | undefined = path;
  while (next !== undefined) {
    const answer: Answer = await session.sendPatiently({
      method: 'GET',
      to: next,
      headers: { accept },
      scopes: session.readScopes,
      // Only the first page may be missing.
      expected: pages.length === 0 ? [200, 404] : [200],
    });
    if (answer.status === 404) {
      await answer.discard();
      return undefined;
    }
    const { bytes, whole } = await readUpTo(answer, maxPage);
    const { shown } = answer.endpoint;
    if (!whole) throw new BimaError('REGISTRY_PROTOCOL', `${shown}: expected a page of at most 16 MiB`);
    pages.push(parseJsonObject(bytes, shown, 'REGISTRY_PROTOCOL'));
    seen.add(answer.endpoint.path);
    next = nextOf(answer);
    if (next !== undefined && seen.has(next.path)) {
      throw new BimaError(
        'REGISTRY_PROTOCOL',
        `${shown}: the Link to the next page leads back to one before`,
      );
    }
  }
  return pages;
}

/** Where the next page is (RFC 8288), always of the same registry: credentials go with the request. */
function nextOf({ headers, endpoint }: Answer): Endpoint | undefined {
  const link = headerOf(headers, 'link') ?? '';
  const [, target, parameters = ''] = /<([^>]*)>([^,<]*)/.exec(link) ?? [];
  if (target === undefined || !/;\s*rel="?next"?/i.test(parameters)) return undefined;
  const next = resolveLocation(target, endpoint);
  if (next.origin === endpoint.origin) return { ...next, shown: endpoint.shown };
  throw new BimaError(
    'REGISTRY_PROTOCOL',
    `${endpoint.shown}: the Link to the next page leads to ${next.origin}`,
    {
      hint: 'This is refused for safety; ask those who run the registry.',
    },
  );
}
