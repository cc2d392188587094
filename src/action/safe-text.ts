// Text that comes from files, made safe for a workflow log and for Markdown.

import { printable } from '../core/printable.ts';

/**
 * One line that the runner prints and never obeys. It takes commands from lines that start with `::`, after white
 * space, and, in their old form, from wherever `##[` stands (actions/runner, ActionCommand.cs). Its search skips
 * characters that its collation ignores: those of format are made visible here, and all that is not ASCII counts as
 * ignored. Stopping commands altogether for a while would also stop our own groups and annotations, and its token
 * would have to be kept from whoever reads the log.
 */
export function safeLine(text: string): string {
  return printable(text)
    .replace(/\p{Cf}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/#(?=[^ -~]*#[^ -~]*\[)/gu, '# ')
    .replace(/^([^!-~]*):(?=[^ -~]*:)/u, '$1: ');
}

/** The same for several lines; their ends are kept, for commands that escape them. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeLine).join('\n');
}

/** Text in Markdown that stays text: nothing in it becomes a link, a mention, a cell or a tag. */
export function safeMarkdown(text: string): string {
  return printable(text).replace(/[^A-Za-z0-9 ]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}
