// The options that several commands have, for the table of commands.

import type { OptionSpec } from './commands.ts';

export const file: OptionSpec = {
  type: 'string',
  short: 'f',
  value: 'CONTAINERFILE',
  help: 'Path of the CONTAINERFILE, or of a bunnyfile (default: Containerfile, Dockerfile or bunnyfile in CONTEXT, then in the current directory; "-" for standard input)',
};
export const noStrict: OptionSpec = {
  type: 'boolean',
  opposites: ['strict'],
  help: 'Require only the labels that urunc itself needs: unikernelType, hypervisor and binary',
};
export const noFill: OptionSpec = {
  type: 'boolean',
  opposites: ['fill'],
  help: 'Leave labels out that the binary or the base image knows',
};
export const container: OptionSpec = {
  type: 'boolean',
  help: 'Build an ordinary container image, for runc and its like: without labels for urunc and without /urunc.json',
};
export const failOn: OptionSpec = {
  type: 'string',
  value: 'LEVEL',
  default: 'error',
  help: 'Fail on an "error" alone, or on every "warning" about the Containerfile and its files too',
};
export const label: OptionSpec = {
  type: 'string',
  value: 'KEY=VALUE',
  help: 'Add a label, or replace one of the Containerfile',
};
export const platform: OptionSpec = {
  type: 'string',
  value: 'OS/ARCH[/VARIANT]',
  help: "The image's platform, or several with commas or as several options (default: the binary's)",
};
export const buildArg: OptionSpec = {
  type: 'string',
  value: 'NAME[=VALUE]',
  help: 'Give the ARG called NAME a VALUE, or that of the environment variable NAME',
};
export const target: OptionSpec = {
  type: 'string',
  value: 'STAGE',
  help: 'The stage that is built, by its name or number (default: the last one)',
};
export const buildContext: OptionSpec = {
  type: 'string',
  value: 'NAME=PLACE',
  help: 'What NAME means in FROM and COPY --from: a folder, an image on disk such as oci:path, or docker-image://name',
};
export const urlHost: OptionSpec = {
  type: 'string',
  value: 'HOST',
  help: 'Let ADD download from HOST also where that is this machine or in its network',
};
export const annotation: OptionSpec = {
  type: 'string',
  value: '[LEVEL[[PLATFORM]]:]KEY=VALUE',
  help: 'Add an annotation; LEVEL is "manifest" (default), "index", "manifest-descriptor" or "index-descriptor"',
};
export const annotationEncoding: OptionSpec = {
  type: 'string',
  value: 'ENCODING',
  default: 'plain',
  help: 'How the annotations of the manifest hold the labels: "plain" (urunc v0.8 and later), or "base64" (as bima in Go did; for podman up to 4.5 with urunc up to v0.7)',
};
export const compression: OptionSpec = {
  type: 'string',
  value: 'TYPE[:LEVEL]',
  default: 'gzip',
  help: 'Compression of the layers: "gzip", "zstd" or "none". The digest of an image with zstd depends on the library in Node, the others on nothing but what is built',
};
export const noReuse: OptionSpec = {
  type: 'boolean',
  aliases: ['no-cache'],
  opposites: ['reuse'],
  help: 'Make every layer anew, also those that are at the tag, in the layout, the archive or the cache already, and look whether the registry still has each',
};
export const registryOptions = {
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
  insecure: { type: 'boolean', opposites: ['tls-verify'], help: 'Accept any TLS certificate' },
  'ca-file': {
    type: 'string',
    value: 'FILE',
    help: 'Trust the certificates in FILE (PEM) besides the usual ones',
  },
  'token-host': {
    type: 'string',
    value: 'HOST',
    help: 'Let the token service on HOST have the credentials of a registry on another site',
  },
  concurrency: {
    type: 'string',
    value: 'NUMBER',
    help: 'How many blobs travel at once with one registry (default: 4)',
  },
} as const satisfies Record<string, OptionSpec>;
export const pushOptions = {
  ...registryOptions,
  'chunk-size': {
    type: 'string',
    value: 'SIZE',
    help: 'Upload larger blobs in chunks of SIZE, such as 10m (default: whole, unless the registry refuses that)',
  },
} as const satisfies Record<string, OptionSpec>;
export const quiet: OptionSpec = {
  type: 'boolean',
  short: 'q',
  help: 'Print nothing but the result, warnings and errors',
};
export const progress: OptionSpec = {
  type: 'string',
  value: 'TYPE',
  default: 'auto',
  help: 'How progress is shown: "auto" (bars on a terminal), "plain" (lines) or "quiet"',
};
export const debug: OptionSpec = { type: 'boolean', help: 'Say more about what is done' };
export const json: OptionSpec = { type: 'boolean', help: 'Print the result as JSON' };
export const help: OptionSpec = { type: 'boolean', short: 'h', help: 'Show this help' };

export const tag: OptionSpec = {
  type: 'string',
  short: 't',
  value: 'NAME',
  help: 'Image NAME and optionally a tag (format: "name:tag"); may be given several times',
};
/** What completes the names of `--tag`. */
export const nameOptions = {
  image: {
    type: 'string',
    value: 'NAME',
    help: 'Image NAME without a tag, for each --tag that is a bare tag',
  },
  registry: {
    type: 'string',
    value: 'HOST',
    help: 'Registry of each name that has none (default: docker.io)',
  },
} as const satisfies Record<string, OptionSpec>;
/** Files that hold the result, for scripts. */
export const digestFile: OptionSpec = {
  type: 'string',
  value: 'FILE',
  help: 'Write the digest of the image to FILE',
};
export const metadataFile: OptionSpec = {
  type: 'string',
  value: 'FILE',
  help: 'Write what is known of the image to FILE, in JSON with the keys of BuildKit',
};
/** Destination of an image. */
export const outputOptions = {
  output: {
    type: 'string',
    short: 'o',
    aliases: ['out'],
    value: 'OUTPUT',
    default: 'ctr',
    help: 'Where the image goes: "ctr" (containerd), "tar" (an archive), "oci" (an OCI image layout) or "registry"; also as docker buildx has it, such as "type=oci,dest=image.tar"',
  },
  tar: { type: 'boolean', help: 'Shorthand for --output=tar' },
  push: { type: 'boolean', help: 'Shorthand for --output=registry' },
  load: { type: 'boolean', help: 'Shorthand for --output=ctr' },
  dest: {
    type: 'string',
    value: 'PATH',
    help: 'Path of the archive (default: image_tag.oci.tar for the NAME some/image:tag; "-" for standard output) or of the layout',
  },
} as const satisfies Record<string, OptionSpec>;

/** Destination of an image that is there already, and goes back to its place by default. */
export const placeOptions = {
  output: {
    type: 'string',
    short: 'o',
    aliases: ['out'],
    value: 'OUTPUT',
    help: 'Where the image goes: "tar" (an archive), "oci" (an OCI image layout) or "registry" (default: where it is)',
  },
  tar: outputOptions.tar,
  push: outputOptions.push,
  dest: outputOptions.dest,
} as const satisfies Record<string, OptionSpec>;

/** Whether an image is signed, and with what. */
export const signingOptions = {
  attest: {
    type: 'boolean',
    words: ['true', 'auto', 'false'],
    help: 'Sign the image, each image in it and what is stated of them, before any tag moves: with --key, the identity of a GitHub workflow, or the token in SIGSTORE_ID_TOKEN; "--attest=auto" leaves it unsigned where there is none of these',
  },
  key: {
    type: 'string',
    value: 'FILE|env://NAME',
    help: 'Sign with the private key in FILE (PEM) or in the variable NAME, which COSIGN_PASSWORD opens if it is encrypted',
  },
  'trust-config': {
    type: 'string',
    value: 'FILE',
    help: 'The sigstore to sign with (a ClientTrustConfig in JSON; default: the public one, and none with --key)',
  },
} as const satisfies Record<string, OptionSpec>;

export const cache: OptionSpec = {
  type: 'string',
  value: 'DIR',
  env: 'BIMA_CACHE',
  help: 'Keep what is fetched of base images, and layers that are made, in DIR for later builds',
};

/** What names a containerd. */
export const containerd = {
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
