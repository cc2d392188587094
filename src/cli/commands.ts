// The command line as a table: commands, options, their help. Parsing and help are both made from it.

import {
  file,
  noStrict,
  noFill,
  failOn,
  label,
  platform,
  buildArg,
  target,
  buildContext,
  urlHost,
  annotation,
  cache,
  registryOptions,
  pushOptions,
  quiet,
  debug,
  json,
  help,
  tag,
  outputOptions,
  containerd,
} from './shared-options.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** Other long names that mean the same. */
  readonly aliases?: readonly string[];
  /** What the help calls the value. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string;
  /** The environment variable that is read when the option isn't given. */
  readonly env?: string;
}

export interface CommandSpec {
  readonly summary: string;
  readonly usage: string;
  /** What stands between usage and options in the command's help. */
  readonly description: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
}

export const commands = {
  build: {
    summary: 'Build a container image, for one platform or several',
    usage: 'bima build [options] CONTEXT',
    description:
      'Builds an image from the Containerfile or the bunnyfile and the files of the directory CONTEXT, and prints its digest.\nFor several platforms it is an index with an image for each; TARGETARCH and its like tell them apart in the Containerfile.\nThe CONTEXT "-" is standard input: a Containerfile alone, or a tar of a directory, also with gzip or zstd.',
    options: {
      tag,
      file,
      ...outputOptions,
      platform,
      'build-arg': buildArg,
      'build-context': buildContext,
      'url-host': urlHost,
      target,
      label,
      annotation,
      'annotation-encoding': {
        type: 'string',
        value: 'ENCODING',
        default: 'plain',
        help: 'How the annotations of the manifest hold the labels: "plain" (urunc v0.8 and later), or "base64" (as bima in Go did; for podman up to 4.5 with urunc up to v0.7)',
      },
      compression: {
        type: 'string',
        value: 'TYPE[:LEVEL]',
        default: 'gzip',
        help: 'Compression of the layers: "gzip", "zstd" or "none". The digest of an image with zstd depends on the library in Node, the others on nothing but what is built',
      },
      'no-reuse': {
        type: 'boolean',
        help: 'Make every layer anew, also those that are at the tag, in the layout, the archive or the cache already, and look whether the registry still has each',
      },
      'no-strict': noStrict,
      'no-fill': noFill,
      'fail-on': failOn,
      ...containerd,
      cache,
      ...pushOptions,
      quiet,
      debug,
      json,
      help,
    },
  },
  merge: {
    summary: 'Merge images for several platforms into one',
    usage: 'bima merge [options] LAYOUT|ARCHIVE...',
    description:
      'Makes one index of the images in OCI image layouts and archives, each for a platform of its own, and prints its\ndigest. The images themselves stay as they are.',
    options: { tag, ...outputOptions, annotation, ...containerd, ...pushOptions, quiet, debug, json, help },
  },
  push: {
    summary: 'Push an image to registries',
    usage: 'bima push [options] LAYOUT|ARCHIVE REFERENCE...',
    description:
      'Pushes an image of an OCI image layout or archive (also one of docker save) under every REFERENCE, and prints its digest. What a registry has\nalready is not sent again; tags move last, when everything else is there.',
    options: {
      image: {
        type: 'string',
        value: 'NAME',
        help: 'The name, tag or digest of the image to push, if there are several',
      },
      ...pushOptions,
      quiet,
      debug,
      json,
      help,
    },
  },
  inspect: {
    summary: 'Show what an image holds',
    usage: 'bima inspect [options] LAYOUT|ARCHIVE|REFERENCE|KERNEL',
    description:
      'Shows platform, labels, layers and files of each image in an OCI image layout or archive, or of an image in a\nregistry, and checks every digest. Of a unikernel, in an image or as a file, it shows format, version and devices, and\nwhich monitors could boot it.',
    options: { ...registryOptions, debug, json, help },
  },
  lint: {
    summary: 'Check a Containerfile or a bunnyfile without building, or an image',
    usage: 'bima lint [options] [CONTEXT|LAYOUT|ARCHIVE|REFERENCE]',
    description:
      'Lists everything that a build would complain about, for an image also what its labels and files contradict. A\nreference needs its tag or digest. The CONTEXT "-" is standard input, as for "bima build". Exits with 1 if a build would\nfail.',
    options: {
      file,
      platform,
      'build-arg': buildArg,
      'build-context': buildContext,
      'url-host': urlHost,
      target,
      label,
      'no-strict': noStrict,
      'no-fill': noFill,
      'fail-on': failOn,
      cache,
      ...registryOptions,
      debug,
      json,
      help,
    },
  },
  load: {
    summary: 'Import an image into containerd',
    usage: 'bima load [options] LAYOUT|ARCHIVE',
    description:
      'Imports the images of an OCI image layout or archive into containerd and unpacks them, and prints their digests.',
    options: {
      tag: {
        type: 'string',
        short: 't',
        multiple: true,
        value: 'NAME',
        help: 'Image NAME and optionally a tag (default: the names that the index has); may be given several times',
      },
      ...containerd,
      quiet,
      debug,
      json,
      help,
    },
  },
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof commands;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
