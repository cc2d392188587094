// What to do about a registry's answer: the step that its users most often leave out.

import { vendorOf } from './vendors.ts';
import type { Complaint } from './vendors.ts';

/** One sentence or two that the reader can act on, or undefined when the answer speaks for itself. */
export function remedyFor(complaint: Complaint): string | undefined {
  const { status, codes, text, writing } = complaint;
  if (isImmutable(text, codes))
    return 'The tag is immutable and holds other content: push under another tag.';
  if (status === 413 || codes.includes('SIZE_INVALID')) {
    return 'The registry, or a proxy in front of it, limits the size of a request: raise that limit.';
  }
  if (status === 429)
    return 'The registry limits how often it is asked: try again later, or log in for a higher limit.';
  const vendor = vendorOf(complaint.registry);
  if (status === 401 || status === 403) return vendor.accessRemedy?.(complaint) ?? accessRemedy(complaint);
  if (status === 404 && writing) return vendor.missingRemedy?.(complaint) ?? missingRemedy(complaint);
  if (status === 404 && codes.includes('NAME_UNKNOWN')) return 'Check the spelling of the repository.';
  return undefined;
}

/** True when the registry says that a tag can't be moved. ECR, Harbor, ACR and others each say it in their way. */
export function isImmutable(text: string, codes: readonly string[]): boolean {
  return codes.some((code) => code.includes('IMMUTABLE')) || /immutab/i.test(text);
}

function accessRemedy({ registry, repository, status, writing }: Complaint): string {
  const rights = writing ? 'push to' : 'pull from';
  return status === 401
    ? `Log in to ${registry} as a user who may ${rights} ${repository}.`
    : `Ask for the permission to ${rights} ${registry}/${repository}; the credentials that were sent don't have it.`;
}

function missingRemedy({ repository }: Complaint): string {
  const [first = repository] = repository.split('/');
  return `Create the repository ${repository} first, or on Harbor and its like the project "${first}".`;
}
