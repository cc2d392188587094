// Bills of materials, as SPDX wants every one: the schema, and identifiers that are unique and known.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';

/** A package or a file. */
export interface SbomElement {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo?: string;
  readonly fileName: string;
  readonly supplier?: string;
  readonly comment?: string;
  readonly licenseDeclared?: string;
  readonly packageFileName?: string;
  readonly checksums: readonly { readonly algorithm: string; readonly checksumValue: string }[];
  readonly externalRefs?: readonly { readonly referenceLocator: string }[];
  readonly packageVerificationCode: { readonly packageVerificationCodeValue: string };
}

export interface Sbom {
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly packages: readonly SbomElement[];
  readonly files: readonly SbomElement[];
  readonly hasExtractedLicensingInfos?: readonly {
    readonly licenseId: string;
    readonly extractedText: string;
  }[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: string;
    readonly relatedSpdxElement: string;
  }[];
}

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/spdx-2.3.schema.json'), 'utf8'),
) as object;
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

/** The document, after what SPDX asks of every one: the schema, and identifiers that are unique and known. */
export function verifySbom(bytes: Uint8Array): Sbom {
  const sbom = JSON.parse(Buffer.from(bytes).toString()) as Sbom;
  assert.ok(validate(sbom), JSON.stringify(validate.errors));
  const ids = ['SPDXRef-DOCUMENT', ...[...sbom.packages, ...sbom.files].map(({ SPDXID }) => SPDXID)];
  assert.equal(new Set(ids).size, ids.length, 'unique');
  const contained = sbom.relationships
    .filter(({ relationshipType }) => relationshipType !== 'DESCENDANT_OF')
    .map(({ relatedSpdxElement }) => relatedSpdxElement);
  assert.deepEqual(contained.sort(), ids.slice(1).sort(), 'each package and each file has its place');
  for (const { spdxElementId } of sbom.relationships) assert.ok(ids.includes(spdxElementId));
  return sbom;
}

/** What purls and CPEs a package has. */
export function locatorsOf({ externalRefs = [] }: SbomElement): readonly string[] {
  return externalRefs.map(({ referenceLocator }) => referenceLocator);
}
