import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLicences } from '../../../src/core/oci/licence-expression.ts';

/** Of https://spdx.org/licenses, those that libraries of unikernels are likely to have. */
const identifiers = `
  0BSD AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-2.0 Beerware BSD-1-Clause BSD-2-Clause
  BSD-2-Clause-Patent BSD-3-Clause BSD-4-Clause BSD-4-Clause-UC BSD-Source-Code BSL-1.0 bzip2-1.0.6 CC0-1.0 CC-BY-3.0
  CC-BY-4.0 CC-BY-SA-4.0 CDDL-1.0 CDDL-1.1 curl EPL-1.0 EPL-2.0 EUPL-1.2 FTL GPL-1.0-only GPL-1.0-or-later GPL-2.0-only
  GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND IJG ISC LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only
  LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later libpng-2.0 Libpng MIT MIT-0 MPL-1.1 MPL-2.0 MS-PL NCSA NTP OFL-1.1
  OpenSSL PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Ruby SSH-OpenSSH TCL Unlicense UPL-1.0 Vim W3C WTFPL X11 Zlib
  zlib-acknowledgement ZPL-2.1`
  .trim()
  .split(/\s+/);

describe('the licences of a document', () => {
  for (const identifier of identifiers)
    it(`are as SPDX writes them: ${identifier}`, () => {
      const licences = createLicences();
      assert.equal(licences.expressionOf(identifier), identifier);
      assert.deepEqual(licences.references(), []);
    });

  for (const text of ['', 'MIT AND', 'MIT AND ISC OR MIT', 'mit', 'MIT ', '(MIT)'])
    it(`are none of SPDX: ${JSON.stringify(text)}`, () => {
      const licences = createLicences();
      assert.equal(licences.expressionOf(text), 'LicenseRef-1');
      assert.deepEqual(licences.references(), [{ id: 'LicenseRef-1', text }]);
    });

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
