// Licences as SPDX writes them (SPDX 2.3, annexes A and D). What isn't on its list gets a name that the document explains.

/** Identifiers of SPDX' list that libraries of unikernels are likely to have. */
const known: ReadonlySet<string> = new Set([
  ...['0BSD', 'AFL-3.0', 'AGPL-3.0-only', 'AGPL-3.0-or-later', 'Apache-1.1', 'Apache-2.0', 'Artistic-2.0'],
  ...['Beerware', 'BSD-1-Clause', 'BSD-2-Clause', 'BSD-2-Clause-Patent', 'BSD-3-Clause', 'BSD-4-Clause'],
  ...['BSD-4-Clause-UC', 'BSD-Source-Code', 'BSL-1.0', 'bzip2-1.0.6', 'CC0-1.0', 'CC-BY-3.0', 'CC-BY-4.0'],
  ...['CC-BY-SA-4.0', 'CDDL-1.0', 'CDDL-1.1', 'curl', 'EPL-1.0', 'EPL-2.0', 'EUPL-1.2', 'FTL'],
  ...['GPL-1.0-only', 'GPL-1.0-or-later', 'GPL-2.0-only', 'GPL-2.0-or-later', 'GPL-3.0-only'],
  ...['GPL-3.0-or-later', 'HPND', 'IJG', 'ISC', 'LGPL-2.0-only', 'LGPL-2.0-or-later', 'LGPL-2.1-only'],
  ...['LGPL-2.1-or-later', 'LGPL-3.0-only', 'LGPL-3.0-or-later', 'libpng-2.0', 'Libpng', 'MIT', 'MIT-0'],
  ...['MPL-1.1', 'MPL-2.0', 'MS-PL', 'NCSA', 'NTP', 'OFL-1.1', 'OpenSSL', 'PHP-3.01', 'PostgreSQL'],
  ...['PSF-2.0', 'Python-2.0', 'Ruby', 'SSH-OpenSSH', 'TCL', 'Unlicense', 'UPL-1.0', 'Vim', 'W3C', 'WTFPL'],
  ...['X11', 'Zlib', 'zlib-acknowledgement', 'ZPL-2.1'],
]);

export interface DeclaredLicences {
  /** What a package declares: an expression of SPDX, or a reference to one of the texts. */
  readonly expressionOf: (licence: string) => string;
  /** What is behind the references, in the order of their first use. */
  readonly references: () => readonly { readonly id: string; readonly text: string }[];
}

/** For one document, in which the same text gets the same reference. */
export function createLicences(): DeclaredLicences {
  const references = new Map<string, string>();
  return {
    expressionOf(licence) {
      if (isExpression(licence)) return licence;
      const id = references.get(licence) ?? `LicenseRef-${references.size + 1}`;
      references.set(licence, id);
      return id;
    },
    references: () => [...references].map(([text, id]) => ({ id, text })),
  };
}

/** Known identifiers, all of them joined with AND or all with OR. */
function isExpression(text: string): boolean {
  return [' AND ', ' OR '].some((word) => text.split(word).every((part) => known.has(part)));
}
