// How much of anything bima takes from files, registries and users. Each bound is far above what anybody means, and
// low enough that what reaches it costs no more than a moment.

const mebibyte = 1024 * 1024;

export const limits = {
  /** Bytes of a path or of a link's target: PATH_MAX of Linux, where the image runs. */
  path: 4096,
  /** Parts of a path, which is what trees of files are deep. */
  pathParts: 2048,

  /** Bytes of a Containerfile. */
  containerfile: mebibyte,
  instructions: 10_000,
  /** What looks at all earlier stages stays fast. */
  stages: 500,
  /** Words of one instruction, and strings of one JSON list. */
  words: 1000,
  /** COPY instructions of a Containerfile. Each is a layer, of which overlayfs takes some hundred. */
  copies: 1000,

  /** Bytes of an ignore file. Some are made by programs, with a line for each file. */
  ignoreFile: 8 * mebibyte,
  /** Patterns with wildcards in an ignore file: each is held against every path of the context. */
  ignorePatterns: 10_000,

  /** Bytes of a JSON document: a manifest, an index or a config; registries refuse manifests over 4 MiB. */
  document: 16 * mebibyte,
  /** Arrays and objects within each other in a JSON document. */
  jsonDepth: 100,
  /** Milliseconds that a document may take. */
  documentGrace: 120_000,
  /** Bytes that it must bring for each second more. */
  documentRate: 16 * 1024,

  /** Bytes of a file of settings: credentials, certificates, and what is read from standard input in their place. */
  settings: mebibyte,
  /** Bytes of the payload of an event: GitHub's have at most 25 MB. */
  event: 32 * mebibyte,

  /** Bytes of one extended header of a tar, such as a pax header, global or not. */
  tarHeader: mebibyte,
  /** Entries of one layer, all of which are kept in memory. The largest of images have some hundred thousand. */
  layerEntries: 1_000_000,
  /** Bytes of all extended headers of one tar. */
  tarHeaders: 64 * mebibyte,

  /** Bytes of all files of a tar that is unpacked: that of a context, and each that ADD unpacks. */
  unpacked: 8 * 1024 * mebibyte,

  /** Bytes of a file that ADD downloads. */
  download: 8 * 1024 * mebibyte,
  /** Redirects that a download follows, as many as Go's HTTP client and with it BuildKit. */
  redirects: 10,

  /** Bytes of a Link header. */
  linkHeader: 16 * 1024,
  /** Pages of one list. */
  pages: 1000,
  /** Bytes of the body of an error that are read. */
  errorBody: 64 * 1024,

  /** Problems shown of each kind, errors and warnings; the others are counted. */
  problems: 100,
  /** Characters of a message and of a hint. */
  message: 2000,
  /** Characters of a quoted value within a message. */
  quoted: 80,
  /** Characters of one printed line. */
  line: 8192,
  /** Characters that are shown of what a server says. */
  serverText: 500,
} as const;
