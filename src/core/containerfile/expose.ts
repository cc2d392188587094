// EXPOSE: ports of the guest, as the config names them.

import { quote } from '../text.ts';
import type { Expose } from './instruction.ts';
import { expandWord } from './references.ts';
import { checkWords, isInlineComment, positionOf } from './statement.ts';
import type { Statement } from './statement.ts';
import { dockerfileRules, splitWords } from './words.ts';

const form = 'Write EXPOSE 80, EXPOSE 80/udp or EXPOSE 8000-8010.';
const maxPort = 65535;
/** All ports of three protocols; a few words could name many more. */
const maxPorts = 3 * (maxPort + 1);

/** Undefined, with errors reported, when a port can't be read. */
export function parseExpose(statement: Statement): Expose | undefined {
  const words = splitWords(statement.text, statement.rest, dockerfileRules(statement.escape));
  if (words.length === 0) statement.error(statement.start, 'EXPOSE names no port', form);
  if (!checkWords(statement, words) || words.some((word) => isInlineComment(statement, word)))
    return undefined;
  let count = 0;
  const ports = words.map((word) => {
    const { value, hasFailed } = expandWord(statement, word);
    if (hasFailed) return undefined;
    // Only here does Docker split the value of a variable.
    const parts = word.quoted ? [value] : value.split(/\s+/).filter((part) => part !== '');
    const read = parts.map((part) => {
      const list = count > maxPorts ? undefined : readPorts(statement, word.start, part);
      count += list?.length ?? 0;
      if (list === undefined || count <= maxPorts) return list;
      statement.error(word.start, `expected at most ${maxPorts} ports, got more`, 'Name each port once.');
      return undefined;
    });
    return read.every((list) => list !== undefined) ? read.flat() : undefined;
  });
  if (!ports.every((list) => list !== undefined) || ports.flat().length === 0) return undefined;
  return { type: 'expose', ports: [...new Set(ports.flat())], position: positionOf(statement) };
}

function readPorts(statement: Statement, offset: number, text: string): readonly string[] | undefined {
  // An address and a port of the host mean nothing for an image; Docker accepts and ignores them.
  const own = text.slice(text.lastIndexOf(':') + 1);
  const [, first = '', last = first, protocol = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp)?)?$/i.exec(own) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || from > to || to > maxPort) {
    statement.error(
      offset,
      `expected a port from 0 to ${maxPort}, or a range of them, got ${quote(text)}`,
      form,
    );
    return undefined;
  }
  if (own !== text) {
    const message = `only the port ${quote(own)} of ${quote(text)} is part of an image`;
    statement.warn(offset, message, 'Choose addresses and ports of the host where the unikernel is run.');
  }
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}
