// What GitHub makes of Markdown, as far as a parser for its dialect tells: blocks, and in them text, code and links.

import { Lexer } from 'marked';
import type { Token, Tokens } from 'marked';

/** Such as `['paragraph', ['text', 'a '], ['code', 'b']]`; a list of those when there are several blocks. */
export type Outline = string | readonly Outline[];

/** The blocks of a document and what is in them. Kinds of which nothing is known here stand with their source. */
export function outline(markdown: string): Outline {
  const blocks = Lexer.lex(markdown, { gfm: true }).filter(({ type }) => type !== 'space');
  const outlined = blocks.map(outlineToken);
  return outlined.length === 1 ? (outlined[0] ?? []) : outlined;
}

/** All tokens of one kind, at any depth. */
export function tokensOf(markdown: string, kind: string): Token[] {
  const found: Token[] = [];
  const visit = (token: Token) => {
    if (token.type === kind) found.push(token);
    const { tokens = [], items = [] } = token as { tokens?: Token[]; items?: Token[] };
    for (const inner of [...tokens, ...items]) visit(inner);
  };
  for (const token of Lexer.lex(markdown, { gfm: true })) visit(token);
  return found;
}

function outlineToken(token: Token): Outline {
  switch (token.type) {
    case 'paragraph':
      return ['paragraph', ...inner(token)];
    case 'list':
      return ['list', ...(token as Tokens.List).items.map((item) => ['item', ...inner(item)])];
    case 'text': {
      const { tokens, text } = token as Tokens.Text;
      // The text of a list's item is a block with text of its own.
      return tokens === undefined ? ['text', text] : ['block', ...tokens.map(outlineToken)];
    }
    case 'codespan':
      return ['code', (token as Tokens.Codespan).text];
    case 'code':
      return ['block', (token as Tokens.Code).text];
    case 'link':
      return ['link', (token as Tokens.Link).href, ...inner(token)];
    case 'strong':
      return ['strong', ...inner(token)];
    default:
      return [token.type, token.raw];
  }
}

function inner(token: Token): readonly Outline[] {
  const tokens = (token as { tokens?: Token[] }).tokens ?? [];
  const [only] = tokens;
  const isBlock = tokens.length === 1 && only?.type === 'text' && 'tokens' in only;
  return (isBlock ? ((only as Tokens.Text).tokens ?? []) : tokens).map(outlineToken);
}
