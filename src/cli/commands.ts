// The command line as a table: commands, options, their help. Parsing and help are both made from it.

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

const file: OptionSpec = {
  type: 'string',
  short: 'f',
  value: 'CONTAINERFILE',
  help: 'Path of the CONTAINERFILE (default: Containerfile or Dockerfile in CONTEXT, then in the current directory)',
};
const noStrict: OptionSpec = {
  type: 'boolean',
  help: 'Require only the labels that urunc itself needs: unikernelType, hypervisor and binary',
};
const label: OptionSpec = {
  type: 'string',
  multiple: true,
  value: 'KEY=VALUE',
  help: 'Add a label, or replace one of the Containerfile',
};
const platform: OptionSpec = {
  type: 'string',
  value: 'OS/ARCH[/VARIANT]',
  help: "The image's platform, for a binary whose header doesn't tell",
};
const registryOptions = {
  username: {
    type: 'string',
    short: 'u',
    value: 'NAME',
    help: 'Log in to the registry as NAME, with --password-stdin (default: the credentials of docker or podman login)',
  },
  'password-stdin': { type: 'boolean', help: 'Read the password or token from standard input' },
  'plain-http': {
    type: 'boolean',
    help: 'Allow plain HTTP also for registries that are not on this machine',
  },
  insecure: { type: 'boolean', help: 'Accept any TLS certificate' },
  'ca-file': {
    type: 'string',
    value: 'FILE',
    help: 'Trust the certificates in FILE (PEM) besides the usual ones',
  },
  'token-host': {
    type: 'string',
    multiple: true,
    value: 'HOST',
    help: 'Let the token service on HOST have the credentials of a registry on another site',
  },
  concurrency: {
    type: 'string',
    value: 'NUMBER',
    help: 'How many blobs travel at once with one registry (default: 4)',
  },
} as const satisfies Record<string, OptionSpec>;
const pushOptions = {
  ...registryOptions,
  'chunk-size': {
    type: 'string',
    value: 'SIZE',
    help: 'Upload larger blobs in chunks of SIZE, such as 10m (default: whole, unless the registry refuses that)',
  },
} as const satisfies Record<string, OptionSpec>;
const quiet: OptionSpec = {
  type: 'boolean',
  short: 'q',
  help: 'Print nothing but the result, warnings and errors',
};
const debug: OptionSpec = { type: 'boolean', help: 'Say more about what is done' };
const json: OptionSpec = { type: 'boolean', help: 'Print the result as JSON' };
const help: OptionSpec = { type: 'boolean', short: 'h', help: 'Show this help' };

/** What names a containerd. */
const containerd = {
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    default: 'default',
    env: 'CONTAINERD_NAMESPACE',
    help: 'NAMESPACE to use when importing the image to containerd',
  },
  address: {
    type: 'string',
    short: 'a',
    value: 'ADDRESS',
    default: '/run/containerd/containerd.sock',
    env: 'CONTAINERD_ADDRESS',
    help: "ADDRESS of containerd's GRPC server",
  },
  snapshotter: {
    type: 'string',
    value: 'SNAPSHOTTER',
    env: 'CONTAINERD_SNAPSHOTTER',
    help: "SNAPSHOTTER to unpack the image for; containerd's default if empty",
  },
  ctr: {
    type: 'string',
    value: 'PATH',
    env: 'BIMA_CTR',
    help: "PATH of containerd's client, ctr or k3s (default: the first on the PATH)",
  },
} as const satisfies Record<string, OptionSpec>;

export const commands = {
  build: {
    summary: 'Build a container image',
    usage: 'bima build [options] CONTEXT',
    description:
      'Builds an image from the Containerfile and the files of the directory CONTEXT, and prints its digest.',
    options: {
      tag: {
        type: 'string',
        short: 't',
        multiple: true,
        value: 'NAME',
        help: 'Image NAME and optionally a tag (format: "name:tag"); may be given several times',
      },
      file,
      output: {
        type: 'string',
        short: 'o',
        aliases: ['out'],
        value: 'OUTPUT',
        default: 'ctr',
        help: 'Where the image goes: "ctr" (containerd), "tar" (an archive), "oci" (an OCI image layout) or "registry"',
      },
      tar: { type: 'boolean', help: 'Shorthand for --output=tar' },
      push: { type: 'boolean', help: 'Shorthand for --output=registry' },
      dest: {
        type: 'string',
        value: 'PATH',
        help: 'Path of the archive (default: the last part of NAME) or of the layout',
      },
      platform,
      label,
      annotation: {
        type: 'string',
        multiple: true,
        value: 'KEY=VALUE',
        help: 'Add an annotation to the manifest, or replace one that a label gave',
      },
      'annotation-encoding': {
        type: 'string',
        value: 'ENCODING',
        default: 'plain',
        help: 'How the manifest holds the labels: "plain" (urunc v0.8 and later) or "base64" (as bima in Go held them)',
      },
      compression: {
        type: 'string',
        value: 'TYPE[:LEVEL]',
        default: 'gzip',
        help: 'Compression of the layers: "gzip", "zstd" or "none"',
      },
      'no-reuse': {
        type: 'boolean',
        help: 'Make every layer anew, also those that are at the tag, in the layout or in the archive already',
      },
      'no-strict': noStrict,
      ...containerd,
      ...pushOptions,
      quiet,
      debug,
      json,
      help,
    },
  },
  push: {
    summary: 'Push an image to registries',
    usage: 'bima push [options] LAYOUT|ARCHIVE REFERENCE...',
    description:
      'Pushes an image of an OCI image layout or archive under every REFERENCE, and prints its digest. What a registry has\nalready is not sent again; tags move last, when everything else is there.',
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
    usage: 'bima inspect [options] LAYOUT|ARCHIVE|REFERENCE',
    description:
      'Shows platform, labels, layers and files of each image in an OCI image layout or archive, or of an image in a\nregistry, and checks every digest.',
    options: { ...registryOptions, debug, json, help },
  },
  lint: {
    summary: 'Check a Containerfile without building',
    usage: 'bima lint [options] [CONTEXT]',
    description: 'Lists everything that a build would complain about. Exits with 1 if a build would fail.',
    options: { file, platform, label, 'no-strict': noStrict, json, help },
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
