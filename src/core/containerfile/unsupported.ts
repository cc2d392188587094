// The instructions that aren't supported, and what to use instead of each.

import { quote } from '../text.ts';
import type { From } from './instruction.ts';
import { nearest } from '../suggest.ts';
import type { Statement } from './statement.ts';

const supported = [
  ...[
    'FROM',
    'ARG',
    'COPY',
    'ADD',
    'LABEL',
    'CMD',
    'ENTRYPOINT',
    'ENV',
    'WORKDIR',
    'USER',
    'EXPOSE',
    'VOLUME',
  ],
  ...['STOPSIGNAL', 'SHELL', 'HEALTHCHECK', 'ONBUILD', 'MAINTAINER'],
];

const names = [...supported, 'ARCH', 'RUN'];

/**
 * Reports a statement whose keyword is none of the supported ones.
 * @param stage that of the statement
 */
export function reportUnsupported(statement: Statement, stage: Pick<From, 'name'> | undefined): void {
  const { keyword, start, text } = statement;
  if (keyword === 'RUN' || keyword === 'ARCH') {
    const hint =
      keyword === 'RUN'
        ? hintForRun(stage)
        : 'Remove it: the architecture is read from the unikernel binary, and --platform (the input "platforms") overrides it.';
    const why = keyword === 'RUN' ? ': it runs a program' : '';
    statement.error(start, `${keyword} is not supported${why}`, hint, 'CONTAINERFILE_UNSUPPORTED');
    return;
  }
  const [written = ''] = /^[^ \t]+/.exec(text.slice(start)) ?? [];
  statement.error(start, `expected an instruction, got ${quote(written, 40)}`, hintFor(written));
}

/** Any builder can run it, and bima takes the image that it made. */
function hintForRun(stage: Pick<From, 'name'> | undefined): string {
  const name = stage?.name;
  const [target, output] = name === undefined ? ['', 'built'] : [` --target ${name}`, name.toLowerCase()];
  const place =
    name === undefined ? 'the instructions up to here in a Containerfile of their own' : 'this stage';
  return (
    `Build ${place} with any builder, such as "docker buildx build${target} -o type=oci,dest=${output}.tar ." ` +
    `or "buildah build${target} -t oci-archive:${output}.tar .", and use its image here: FROM oci-archive:${output}.tar ` +
    `(oci: for a layout, or its name in a registry), or COPY --from.`
  );
}

function hintFor(written: string): string {
  const glued = names.find(
    (name) => written.slice(0, name.length).toUpperCase() === name && !/\w/.test(written[name.length] ?? ''),
  );
  if (glued !== undefined) return `Write a space after ${glued}.`;
  const meant = nearest(written, names);
  if (meant !== undefined) return `Did you mean ${meant}?`;
  return `The instructions are ${supported.join(', ')}; an instruction goes on with the next line after a backslash.`;
}
