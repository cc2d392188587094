// Which programs the tests run against: Debian's, or those that the environment names. Only this file reads these
// variables; `npm run test:peers` sets them.

/**
 * The registry: Debian's distribution 2.8, or what BIMA_TEST_REGISTRY names, a `registry` of another distribution or a
 * `crane`, whose `registry serve` is one.
 */
export const registryProgram = process.env.BIMA_TEST_REGISTRY ?? '/usr/bin/docker-registry';

/** Starts the message for a test that asks a program for what it doesn't have: `npm run test:peers` takes it as skipped. */
export const lacks = 'this registry has no';

/** The folder of `containerd` and `ctr`: Debian's, or that of BIMA_TEST_CONTAINERD. */
export const containerdFolder = process.env.BIMA_TEST_CONTAINERD ?? '/usr/bin';

/** A folder with any of `oras`, `regctl` and `crane`, which read and write at the registry. */
export const clientsFolder = process.env.BIMA_TEST_CLIENTS;

/** A folder with `buildkitd` and `buildctl`. */
export const buildkitFolder = process.env.BIMA_TEST_BUILDKIT;
