import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLicences } from '../../../src/core/oci/licence-expression.ts';

describe('the licences of a document', () => {
  it('are those of SPDX as they are, and references to the text of others', () => {
    const licences = createLicences();
    const given = ['BSD-3-Clause', 'MIT OR Apache-2.0', 'MIT AND ISC', 'GPLv2+', 'MIT OR BSD', 'GPLv2+'];
    assert.deepEqual(
      given.map((licence) => licences.expressionOf(licence)),
      ['BSD-3-Clause', 'MIT OR Apache-2.0', 'MIT AND ISC', 'LicenseRef-1', 'LicenseRef-2', 'LicenseRef-1'],
    );
    assert.deepEqual(licences.references(), [
      { id: 'LicenseRef-1', text: 'GPLv2+' },
      { id: 'LicenseRef-2', text: 'MIT OR BSD' },
    ]);
  });
});
