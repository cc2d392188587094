// The command line as a table: commands, options, their help. Parsing and help are both made from it.

import {
  file,
  nameOptions,
  digestFile,
  metadataFile,
  progress,
  noStrict,
  noFill,
  container,
  failOn,
  label,
  platform,
  buildArg,
  target,
  buildContext,
  urlHost,
  annotation,
  annotationEncoding,
  compression,
  noReuse,
  cache,
  registryOptions,
  pushOptions,
  quiet,
  debug,
  json,
  help,
  tag,
  outputOptions,
  placeOptions,
  containerd,
  signingOptions,
} from './shared-options.ts';
import { signerOptions } from './signer-options.ts';
import { bootOptions } from './boot-options.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Other long names that mean the same. */
  readonly aliases?: readonly string[];
  /** Long names of a flag that mean its opposite, as --strict is that of --no-strict. */
  readonly opposites?: readonly string[];
  /** All values of a flag that is more than true or false: behind "=", and `true` without one. Its value is a string. */
  readonly words?: readonly string[];
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
  /** Whether what stands behind `--` is for somebody else. */
  readonly handsOn?: boolean;
}

export const commands = {
  build: {
    summary: 'Build a container image, for one platform or several',
    usage: 'bima build [options] CONTEXT',
    description:
      'Builds an image from the Containerfile or the bunnyfile and the files of the directory CONTEXT, and prints its digest.\nFor several platforms it is an index with an image for each; TARGETARCH and its like tell them apart in the Containerfile.\nThe CONTEXT "-" is standard input: a Containerfile alone, or a tar of a directory, also with gzip or zstd.',
    options: {
      tag,
      ...nameOptions,
      file,
      ...outputOptions,
      iidfile: {
        type: 'string',
        value: 'FILE',
        help: "Write the image's ID to FILE: the digest of its config, or of the index for several platforms",
      },
      digestfile: digestFile,
      'metadata-file': metadataFile,
      platform,
      'build-arg': buildArg,
      'build-context': buildContext,
      'url-host': urlHost,
      target,
      label,
      annotation,
      'annotation-encoding': annotationEncoding,
      compression,
      check: {
        type: 'boolean',
        help: 'Build nothing, and list what a build would complain about, as "bima lint" does',
      },
      sbom: {
        type: 'string',
        value: 'FILE',
        help: 'Write a bill of materials of the packed files (SPDX 2.3 JSON) to FILE, and attach it to the image',
      },
      provenance: {
        type: 'string',
        value: 'FILE',
        help: 'Write what the image was built from and with (an in-toto statement with SLSA provenance) to FILE, and attach it to the image: "bima verify" needs no more options then',
      },
      ...signingOptions,
      'no-reuse': noReuse,
      'no-strict': noStrict,
      'no-fill': noFill,
      container,
      'fail-on': failOn,
      ...containerd,
      cache,
      ...pushOptions,
      quiet,
      progress,
      debug,
      json,
      help,
    },
  },
  convert: {
    summary: 'Convert a container image for urunc',
    usage: 'bima convert [options] IMAGE',
    description:
      'Makes an image that urunc boots of any container image for Linux: from a registry, a layout, or an archive, also\none of docker save. It gets a kernel and an init, and keeps its command, environment, user and working directory.\nPrints the digest.',
    options: {
      tag,
      monitor: {
        type: 'string',
        value: 'MONITOR',
        default: 'qemu',
        help: 'What boots it: "qemu", "firecracker" or "cloud-hypervisor"',
      },
      rootfs: {
        type: 'string',
        value: 'FORM',
        default: 'container',
        help: 'How the guest gets its files: "container" (the layers stay as they are), or as one file, "initrd[,compression=gzip|zstd]" or "block[,free=SIZE]"',
      },
      kernel: {
        type: 'string',
        value: 'REF[:PATH]|FILE',
        help: "The Linux kernel (default: bunny's public one for the MONITOR)",
      },
      init: {
        type: 'string',
        value: 'REF[:PATH]|FILE|none',
        help: 'What starts the command in the guest; with "none" the kernel starts it itself (default: urunit)',
      },
      ...outputOptions,
      platform: {
        type: 'string',
        value: 'OS/ARCH[/VARIANT]',
        help: 'The platform, or several with commas or as several options (default: that of the image)',
      },
      label,
      annotation,
      'annotation-encoding': annotationEncoding,
      compression,
      ...signingOptions,
      'no-reuse': noReuse,
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
    options: {
      tag,
      ...nameOptions,
      ...outputOptions,
      digestfile: digestFile,
      'metadata-file': metadataFile,
      annotation,
      ...containerd,
      ...signingOptions,
      ...pushOptions,
      quiet,
      progress,
      debug,
      json,
      help,
    },
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
      digestfile: digestFile,
      ...signingOptions,
      ...pushOptions,
      quiet,
      progress,
      debug,
      json,
      help,
    },
  },
  relabel: {
    summary: 'Change labels of an image that is there',
    usage: 'bima relabel [options] REFERENCE|LAYOUT|ARCHIVE [KEY=VALUE...]',
    description:
      'Gives labels other values in the config, the annotations and urunc.json of an image, or of each image of an index,\nand prints the new digest. Of the layers, only the one with urunc.json is fetched and sent. The tag moves to the new\nimage last; the old digest stays what it was, and so do its signatures.',
    options: {
      tag: {
        type: 'string',
        short: 't',
        value: 'NAME',
        help: 'Image NAME and optionally a tag for the new image (default: the name that it has); may be given several times',
      },
      remove: {
        type: 'string',
        value: 'KEY',
        help: 'Take the label KEY away; KEY= gives it an empty value',
      },
      ...placeOptions,
      'fail-on': {
        type: 'string',
        value: 'LEVEL',
        default: 'error',
        help: 'Fail on an "error" alone, or on every "warning" about the new labels too',
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
  verify: {
    summary: 'See who signed an image, or build it again and compare',
    usage: 'bima verify [options] --repo OWNER/NAME | --key FILE | --source DIR LAYOUT|ARCHIVE|REFERENCE',
    description:
      "With --repo or --key, looks for signatures of an image in a registry, an OCI image layout or an archive, and prints\nVERIFIED, who signed it, from what source, and when; or NOT VERIFIED and why. With --source, builds the image anew from\nthe build context DIR, compares the two byte for byte, and prints REPRODUCED, or NOT REPRODUCED and the first difference.\nWhat the build was told is taken from the provenance that \"bima build --provenance\" has attached to the image, the signed\none where a signature is asked for; an option that is given here wins over it.\nExits with 0 if all that was asked for is true, 3 if not reproduced, 4 if there is no such image, 5 if it can't be rebuilt\n(no source, no base image), 6 if it isn't signed, 7 if somebody else signed it, 8 if its signature doesn't hold, 1 for\nanother failure, and 2 for wrong usage.",
    options: {
      ...signerOptions,
      source: { type: 'string', value: 'DIR', help: 'The build context, to build the image again' },
      image: {
        type: 'string',
        value: 'NAME',
        help: 'The name, tag or digest of the image, if there are several in the layout or the archive',
      },
      file: {
        ...file,
        help: 'Path of the CONTAINERFILE (default: the recorded one in DIR, or Containerfile or Dockerfile there)',
      },
      platform: {
        ...platform,
        help: "The platforms to rebuild and compare, with commas or as several options (default: all of the image's)",
      },
      'build-arg': buildArg,
      'build-context': buildContext,
      'url-host': urlHost,
      target,
      label,
      annotation,
      'annotation-encoding': {
        type: 'string',
        value: 'ENCODING',
        help: 'How the annotations of the manifest hold the labels: "plain" or "base64" (default: the recorded one, or "plain")',
      },
      compression: {
        type: 'string',
        value: 'TYPE[:LEVEL]',
        help: 'Compression of the layers (default: the recorded one, or that which the layers are marked with)',
      },
      'no-strict': noStrict,
      'no-fill': noFill,
      container,
      cache,
      ...registryOptions,
      quiet,
      debug,
      json,
      help,
    },
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
      container,
      'fail-on': failOn,
      cache,
      ...registryOptions,
      debug,
      json,
      help,
    },
  },
  run: {
    summary: 'Boot an image as urunc would, without containerd',
    usage: 'bima run [options] IMAGE|LAYOUT|ARCHIVE|CONTEXT [-- ARGUMENTS...]',
    description:
      "Boots a unikernel with a monitor of this machine, and connects its serial port to the terminal. A CONTEXT is built\nfirst. The ARGUMENTS take the place of the image's CMD. Exits with 0 when the guest prints what is expected, or, without\n--expect, when it switches itself off; otherwise with 1.",
    handsOn: true,
    options: {
      ...bootOptions,
      file,
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
      quiet,
      debug,
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
        value: 'NAME',
        help: 'Image NAME and optionally a tag (default: the names that the index has); may be given several times',
      },
      ...containerd,
      quiet,
      progress,
      debug,
      json,
      help,
    },
  },
  completion: {
    summary: 'Print a script that completes commands and options in a shell',
    usage: 'bima completion bash|zsh|fish',
    description:
      'Prints the script for the shell: source <(bima completion bash), the same for zsh after compinit, or\nbima completion fish | source.',
    options: { help },
  },
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof commands;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
