// Lists that come in pages, each with a Link to the next one (distribution-spec, "Content Discovery").

import { BimaError } from '../../core/errors.ts';
import { parseJsonObject } from '../../core/oci/json.ts';
import type { JsonObject } from '../../core/oci/json.ts';
import { resolveLink } from './location.ts';
import type { Endpoint } from '../http/endpoints.ts';
import { parseLinks } from '../http/link-header.ts';
import type { WebLink } from '../http/link-header.ts';
import { readUpTo } from './response.ts';
import type { Answer, Session } from './session.ts';

/** A thousand tags of 128 characters and a great deal of annotations. */
const maxPage = 16 * 1024 * 1024;
/** Two million tags, or 200,000 where a registry gives a hundred at a time. */
const maxPages = 2000;
/** Most bytes of all pages together. */
const maxList = 128 * 1024 * 1024;

export interface PageOptions {
  readonly accept: string;
  /** Called with each page; gives the path of the next, if no Link does. */
  readonly after?: (page: JsonObject) => string | undefined;
}

/**
 * All pages, as the JSON objects that they are; undefined when the list itself is not there.
 * @throws BimaError REGISTRY_PROTOCOL for a list that may not be whole: a Link that can't be read, or leads elsewhere,
 *   in a circle or without end
 */
export async function readPages(
  session: Session,
  path: string,
  { accept, after }: PageOptions,
): Promise<readonly JsonObject[] | undefined> {
  const pages: JsonObject[] = [];
  const seen = new Set<string>();
  let size = 0;
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
    const { bytes, whole } = await readUpTo(answer, maxPage, {
      method: 'GET',
      endpoint: answer.endpoint,
      clock: session.clock,
    });
    const { shown } = answer.endpoint;
    if (!whole) throw new BimaError('REGISTRY_PROTOCOL', `${shown}: expected a page of at most 16 MiB`);
    // Without the cause, which quotes the page.
    const page = session.secrets.guard(() => parseJsonObject(bytes, shown, 'REGISTRY_PROTOCOL'));
    pages.push(page);
    size += bytes.length;
    if (pages.length > maxPages || size > maxList) {
      throw new BimaError(
        'REGISTRY_PROTOCOL',
        `${shown}: expected a list of at most ${maxPages} pages and 128 MiB, got more`,
      );
    }
    seen.add(answer.endpoint.path);
    const more = after?.(page);
    next = session.secrets.guard(() => nextOf(answer)) ?? more;
    if (seen.has(typeof next === 'object' ? next.path : (next ?? ''))) {
      throw new BimaError(
        'REGISTRY_PROTOCOL',
        `${shown}: the link to the next page leads back to one before`,
      );
    }
  }
  return pages;
}

/** Where the next page is (RFC 8288), always of the same registry: credentials go with the request. */
function nextOf(answer: Answer): Endpoint | undefined {
  const { headers, endpoint } = answer;
  const { links, isCut } = parseLinks(headers.link);
  const targets = links
    .filter((link) => link.relations.includes('next') && isAbout(link, endpoint))
    .map(({ target }) => resolveLink(target, endpoint));
  const [next, ...others] = targets;
  if (isCut || others.some(({ origin, path }) => origin !== next?.origin || path !== next.path)) {
    throw new BimaError(
      'REGISTRY_PROTOCOL',
      `${endpoint.shown}: the Link header ${isCut ? "can't be read" : 'names several next pages'}, so the list may not be whole`,
      {
        hint: 'Ask those who run the registry, or the proxy in front of it: Link headers are those of RFC 8288.',
      },
    );
  }
  if (next === undefined || next.origin === endpoint.origin) {
    return next === undefined ? undefined : { ...next, shown: endpoint.shown };
  }
  throw new BimaError(
    'REGISTRY_PROTOCOL',
    `${endpoint.shown}: the link to the next page leads to ${next.origin}`,
    {
      hint: 'This is refused for safety; ask those who run the registry.',
    },
  );
}

/** An anchor may say that the link is another document's. */
function isAbout({ anchor }: WebLink, endpoint: Endpoint): boolean {
  if (anchor === undefined) return true;
  const { origin, path } = resolveLink(anchor.replace(/#.*$/s, ''), endpoint);
  return origin === endpoint.origin && path === endpoint.path;
}
