// The instructions that are not built here, and what to use instead of each.

import { quote } from './excerpt.ts';
import { nearest } from '../nearest.ts';
import type { Statement } from './statement.ts';

const supported = ['FROM', 'ARG', 'COPY', 'LABEL', 'CMD', 'ENTRYPOINT'];

const instead: Readonly<Record<string, string>> = {
  ADD: 'Use COPY; download a URL and unpack an archive into the build context first.',
  ARCH: 'Remove it: the architecture is read from the unikernel binary, and --platform (the input "platforms") overrides it.',
  ENV: 'Put the value where the unikernel reads it: in CMD, or in a file that COPY brings.',
  EXPOSE: 'Remove it: ports are chosen where the unikernel is run.',
  HEALTHCHECK: 'Remove it: health is checked where the unikernel is run.',
  MAINTAINER: 'Use LABEL org.opencontainers.image.authors="name".',
  ONBUILD: 'Write the instruction itself in the Containerfile that builds the image.',
  RUN: 'Build or change the file before, outside the Containerfile, then COPY it.',
  SHELL: 'Remove it, and write CMD and ENTRYPOINT as JSON lists: no shell is run.',
  STOPSIGNAL: 'Remove it: a unikernel takes no signals.',
  USER: 'Remove it: COPY --chown=uid:gid sets the owner of files.',
  VOLUME: 'Remove it: mounts are chosen where the unikernel is run.',
  WORKDIR: 'Write absolute destinations, such as COPY app /unikernel/app.',
};

const names = [...supported, ...Object.keys(instead)];

/** Reports a statement whose keyword is none of the supported ones. */
export function reportUnsupported(statement: Statement): void {
  const { keyword, start, text } = statement;
  const hint = Object.hasOwn(instead, keyword) ? instead[keyword] : undefined;
  if (hint !== undefined) {
    statement.error(start, `${keyword} is not supported`, hint, 'CONTAINERFILE_UNSUPPORTED');
    return;
  }
  const [written = ''] = /^[^ \t]+/.exec(text.slice(start)) ?? [];
  statement.error(start, `expected an instruction, got ${quote(written, 40)}`, hintFor(written));
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
