// A provenance and the certificate of whoever signed it: they have to tell the same of repository, commit and workflow.

import { isObject } from '../oci/json.ts';
import type { JsonObject } from '../oci/json.ts';
import type { CertificateIdentity } from './certificate-identity.ts';
import type { SignerDifference } from './expected-signer.ts';

/** What is compared of the provenance, whoever made it, and where the two differ. */
export interface ProvenanceComparison {
  readonly compared: readonly ('builder' | 'commit' | 'repository')[];
  readonly differences: readonly SignerDifference[];
}

/** @param predicate SLSA provenance, version 1 */
export function compareProvenance(
  predicate: JsonObject,
  { subject, claims }: CertificateIdentity,
): ProvenanceComparison {
  const compared: ProvenanceComparison['compared'][number][] = [];
  const differences: SignerDifference[] = [];
  const { buildDefinition: definition, runDetails: details } = predicate;
  const builder = isObject(details) && isObject(details.builder) ? details.builder.id : undefined;
  const differs = (what: string, expected = 'none', found: string) =>
    differences.push({ what, expected, found });
  const own = [subject, claims.buildSignerUri, claims.buildConfigUri];
  // Another builder than the workflow itself, such as a program's own name, says nothing that could be compared.
  if (typeof builder === 'string' && /^https:\/\/[^@]+\/\.github\/workflows\/[^@]+@/.test(builder)) {
    compared.push('builder');
    if (!own.includes(builder)) differs("the provenance's builder", subject, builder);
  }
  const dependencies: readonly unknown[] =
    isObject(definition) && Array.isArray(definition.resolvedDependencies)
      ? definition.resolvedDependencies
      : [];
  for (const dependency of dependencies) {
    if (!isObject(dependency) || !isObject(dependency.digest)) continue;
    const { gitCommit } = dependency.digest;
    if (typeof gitCommit !== 'string') continue;
    const { uri } = dependency;
    const repository = typeof uri === 'string' ? repositoryOf(uri) : undefined;
    const { sourceRepositoryUri: source, sourceRepositoryDigest: commit } = claims;
    if (repository !== undefined) {
      compared.push('repository');
      if (repository.toLowerCase() !== source?.toLowerCase())
        differs("the provenance's repository", source, repository);
    }
    // Without its place it is what was checked out, and that may be another commit than the event's.
    if (gitCommit === commit || repository !== undefined) compared.push('commit');
    if (gitCommit !== commit && repository !== undefined)
      differs("the provenance's commit", commit, gitCommit);
    // The first is the source; others are submodules and tools.
    break;
  }
  return { compared, differences };
}

/** `git+https://github.com/owner/name@refs/heads/main`, without what stands around it. */
function repositoryOf(uri: string): string | undefined {
  return /^git\+(https:\/\/[^@]+?)(?:\.git)?(?:@.*)?$/s.exec(uri)?.[1];
}
