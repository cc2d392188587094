// Link headers in every form that RFC 8288 allows.

/** All of them lead to the next page at the given path (RFC 8288, section 3 and its examples). */
export const linkForms: readonly (readonly [name: string, form: (path: string) => string | string[]])[] = [
  ['plain', (path) => `<${path}>; rel="next"`],
  ['without quotes', (path) => `<${path}>; rel=next`],
  ['without blanks', (path) => `<${path}>;rel=next`],
  ['blanks round the equals sign', (path) => `<${path}>; rel = "next"`],
  ['tabs', (path) => `\t<${path}>\t;\trel\t=\t"next"\t`],
  ['capitals', (path) => `<${path}>; REL="Next"`],
  ['another parameter before', (path) => `<${path}>; title="more"; rel="next"`],
  ['another parameter behind', (path) => `<${path}>; rel="next"; title="more"`],
  ['a comma in quotes', (path) => `<${path}>; title="a, b"; rel="next"`],
  ['a link in quotes', (path) => `<${path}>; title="</c>; rel=\\"next\\""; rel="next"`],
  ['a semicolon in quotes', (path) => `<${path}>; title="a; rel=prev"; rel="next"`],
  ['an escaped backslash', (path) => `<${path}>; title="\\\\"; rel="next"`],
  ['an extended parameter', (path) => `<${path}>; title*=UTF-8'de'n%c3%a4chstes%20Kapitel; rel=next`],
  ['a parameter without a value', (path) => `<${path}>; crossorigin; rel="next"`],
  ['several relations', (path) => `<${path}>; rel="last next"`],
  ['a relation that is a URL', (path) => `<${path}>; rel="https://example.net/foo next"`],
  ['a second rel, which does not count', (path) => `<${path}>; rel="next"; rel="prev"`],
  ['a semicolon at the end', (path) => `<${path}>; rel="next";`],
  ['behind another link', (path) => `</a>; rel="prev", <${path}>; rel="next"`],
  ['before another link', (path) => `<${path}>; rel="next", </a>; rel="prev"`],
  ['behind a link without blanks', (path) => `</a>;rel=prev,<${path}>;rel=next`],
  ['a comma in the target before', (path) => `</a?x=1,2>; rel="prev", <${path}>; rel="next"`],
  ['empty members of the list', (path) => `, ,<${path}>; rel="next",,`],
  ['in a header of its own', (path) => ['</a>; rel="prev"', `<${path}>; rel="next"`]],
];
