// `bima lint`: everything that a build would complain about.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kindOfImages } from '../adapters/disk/image-kind.ts';
import { withTemporaryFolder } from '../adapters/filesystem/temporary.ts';
import { localName, parseImageName } from '../core/oci/image-name.ts';
import { examinePlatforms } from '../usecases/plan/platforms.ts';
import type { PlatformsFindings } from '../usecases/plan/platforms.ts';
import type { Problem } from '../core/errors.ts';
import { BimaError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import type { Options } from './args.ts';
import { withCommandImages } from './command-images.ts';
import { readFailOn, readPlanOptions } from './options.ts';
import { sayNoFile } from './no-such-file.ts';
import { formatProblem } from './print.ts';
import { lazyRegistryClient, withRegistryClient } from './registry-options.ts';
import { withGivenContext } from './standard-context.ts';
import type { Terminal } from './terminal.ts';
import { terminalReporter } from './terminal-reporter.ts';

export async function runLint(
  positionals: readonly string[],
  options: Options,
  terminal: Terminal,
): Promise<number> {
  const [context = '.', ...more] = positionals;
  if (more.length > 0) {
    throw new BimaError(
      'INPUT_INVALID',
      `"bima lint" takes at most 1 argument (the build context or an image), got ${positionals.length}`,
    );
  }
  const failOn = readFailOn(options);
  const { errors, warnings, notes } =
    (context === '-' ? undefined : await lintImage(context, options, terminal)) ??
    (await examineWithImages(context, options, terminal));
  for (const note of notes) terminal.stderr(printable(note));
  if (options.flag('json')) {
    const list = (problems: readonly Problem[], severity: string) =>
      problems.map((problem) => ({ severity, ...problem }));
    terminal.stdout(JSON.stringify([...list(errors, 'error'), ...list(warnings, 'warning')]));
  } else {
    for (const error of errors) terminal.stdout(formatProblem(error, 'error'));
    for (const warning of warnings) terminal.stdout(formatProblem(warning, 'warning'));
    terminal.stderr(`${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}`);
  }
  return errors.length === 0 && (failOn === 'error' || warnings.length === 0) ? 0 : 1;
}

/** Undefined for what is no image: a folder without a layout in it, or a name that isn't a reference with a tag or a digest. */
async function lintImage(
  name: string,
  options: Options,
  terminal: Terminal,
): Promise<Omit<PlatformsFindings, 'plans'> | undefined> {
  const kind = localName(name) === undefined ? await kindOfImages(name) : 'images';
  if (kind === 'other' || (kind === 'missing' && !/[^/\\]+(?::[^:/\\]+|@sha256:[^/\\]+)$/.test(name)))
    return undefined;
  return withTemporaryFolder(join(tmpdir(), 'lint'), async (folder) => {
    const expected = { strict: !options.flag('no-strict'), container: options.flag('container') };
    const { lintImages } = await import('../usecases/lint-image.ts');
    if (kind === 'images') {
      const [{ rootsOf }, { mustOpenNamed }] = await Promise.all([
        import('../adapters/disk/choose-image.ts'),
        import('../adapters/disk/open.ts'),
      ]);
      const images = await mustOpenNamed(name);
      const roots = await rootsOf(images);
      return { ...(await lintImages(images.source, roots, { ...expected, folder })), notes: [] };
    }
    const reference = parseImageName(name);
    await sayNoFile(name, reference, terminal);
    const reporter = terminalReporter(terminal, options);
    const { openRemoteImage } = await import('../adapters/registry/remote-image.ts');
    return withRegistryClient({ options, references: [reference], terminal, reporter }, async (client) => {
      const { source, root } = await openRemoteImage(client, reference);
      return { ...(await lintImages(source, [root], { ...expected, folder })), notes: [] };
    });
  });
}

async function examineWithImages(
  context: string,
  options: Options,
  terminal: Terminal,
): Promise<PlatformsFindings> {
  const reporter = terminalReporter(terminal, options);
  const client = lazyRegistryClient({ options, references: [], terminal, reporter });
  try {
    return await withGivenContext(context, { options, terminal }, async (given) => {
      const planOptions = await readPlanOptions(given, options, terminal);
      return withCommandImages({ options, terminal, reporter, client, context: given.context }, (images) =>
        examinePlatforms({ ...planOptions, images }),
      );
    });
  } finally {
    reporter.close();
    await client.close();
  }
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
