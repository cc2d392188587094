// The use case: checks existing images by the rules of a build.

import { readNamedFiles } from '../adapters/layers/named-files.ts';
import type { Problem } from '../core/errors.ts';
import { imagesOf } from '../core/oci/image-tree.ts';
import type { Descriptor } from '../core/oci/descriptor.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { ReadImage } from '../core/oci/image.ts';
import { readAll } from '../core/oci/blob.ts';
import { formatPlatform } from '../core/oci/platform.ts';
import type { Source } from '../core/oci/target.ts';
import { uruncKeys } from '../core/unikernel/urunc-annotations.ts';
import { checkBoot, withVersion } from '../core/unikernel/boot-checks.ts';
import { checkLabels, checkPaths } from '../core/unikernel/checks.ts';
import { labelsOfBase } from '../core/unikernel/inherited-labels.ts';
import { completeContainerLabels } from '../core/unikernel/container-labels.ts';
import { completeLabels, lastPairs } from '../core/unikernel/labels.ts';
import type { LabelInput } from '../core/unikernel/labels.ts';
import { rootfsPath } from '../core/unikernel/label-paths.ts';
import { parseUruncJson, uruncJsonPath } from '../core/unikernel/urunc-json.ts';
import { examineBootFiles } from './plan/fills.ts';
import { namedPaths } from './plan/plan-labels.ts';

export interface ImageFindings {
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface LintImageOptions {
  /** False: only the labels that urunc itself needs are required. */
  readonly strict: boolean;
  /** True: they are ordinary container images, and nothing of urunc's is expected. */
  readonly container: boolean;
  /** For files that are read from the images: it is the caller's to remove. */
  readonly folder: string;
}

/**
 * Looks at every image below the roots. Only the layers that hold the files of its labels are read, from the top one down.
 * @throws BimaError DIGEST_MISMATCH or LAYOUT_INVALID
 */
export async function lintImages(
  source: Source,
  roots: readonly Descriptor[],
  options: LintImageOptions,
): Promise<ImageFindings> {
  const found = new Map<Digest, { readonly image: ReadImage; readonly findings: ImageFindings }>();
  for (const root of roots) {
    for await (const { descriptor, read } of imagesOf(source, root)) {
      const image = found.has(descriptor.digest) ? undefined : await read();
      if (image === undefined) continue;
      found.set(descriptor.digest, { image, findings: await lintImage(source, image, options) });
    }
  }
  const isOne = found.size === 1;
  const all = [...found.values()].map(({ image, findings }) => {
    const named = (problem: Problem): Problem => {
      const platform = formatPlatform(image.config.platform);
      return isOne ? problem : { ...problem, message: `${problem.message} (for ${platform})` };
    };
    return { errors: findings.errors.map(named), warnings: findings.warnings.map(named) };
  });
  return { errors: all.flatMap(({ errors }) => errors), warnings: all.flatMap(({ warnings }) => warnings) };
}

async function lintImage(
  source: Source,
  { manifest, config, layers }: ReadImage,
  { strict, container, folder }: LintImageOptions,
): Promise<ImageFindings> {
  const { labels, entrypoint = [], cmd = [], env = [] } = config;
  const pairs = await labelsOfImage(labelsOfBase(labels, manifest.annotations ?? {}), (paths) =>
    readNamedFiles(source, layers, paths, folder),
  );
  if (container) return completeContainerLabels(pairs);
  const words = [...entrypoint, ...cmd];
  const [init = ''] = words;
  const paths = [...new Set([...namedPaths(pairs), ...initPath(pairs, init)])];
  const files = await readNamedFiles(source, layers, paths, folder);
  const provides = (path: string) => files.has(rootfsPath(path));
  const completed = completeLabels(pairs, { words, strict });
  const boot = await examineBootFiles((path) => files.get(rootfsPath(path)), pairs);
  const binary = lastPairs(pairs).get(uruncKeys.binary)?.value ?? '';
  const isMissing = binary !== '' && !provides(binary);
  const ofBoot = checkBoot({ ...boot, labels: withVersion(pairs), words, environment: env, provides });
  return {
    errors: [...completed.errors, ...(isMissing ? [missingBinary(binary)] : []), ...ofBoot.errors],
    warnings: [
      ...completed.warnings,
      ...checkLabels(pairs),
      ...checkPaths(pairs, provides),
      ...ofBoot.warnings,
    ],
  };
}

/** Those of the config and the manifest, or else of `/urunc.json`. */
export async function labelsOfImage(
  labels: ReadonlyMap<string, string>,
  read: (paths: readonly string[]) => ReturnType<typeof readNamedFiles>,
): Promise<readonly LabelInput[]> {
  const toPairs = (entries: Iterable<readonly [string, string]>) =>
    [...entries].map(([key, value]) => ({ key, value }));
  if (labels.has(uruncKeys.binary)) return toPairs(labels);
  const file = (await read([uruncJsonPath])).get(uruncJsonPath);
  // Larger than any real set of labels.
  if (file === undefined || file.size > 4 * 1024 * 1024) return toPairs(labels);
  return toPairs([...Object.entries(parseUruncJson(await readAll(file.open()))), ...labels]);
}

/** Where a Linux guest finds its init in the rootfs. */
function initPath(pairs: readonly LabelInput[], init: string): readonly string[] {
  const isLinux = lastPairs(pairs).get(uruncKeys.unikernelType)?.value === 'linux';
  return isLinux && init.startsWith('/') ? [rootfsPath(init)] : [];
}

function missingBinary(path: string): Problem {
  return {
    code: 'BINARY_MISSING',
    message: `no layer has a file at "${path}", which is the unikernel's binary`,
    hint: 'Build the image again with the binary at that path.',
  };
}
