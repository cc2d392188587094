// Markdown as GitHub shows it, measured in a browser: Debian's Chromium, without a window.

import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';
import { extraPrefix } from './tools.ts';

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-headless-shell'];

const program = programs.find((path) => existsSync(path));

/** For the `skip` of a test: no machine must have a browser, and a run without one says so in its last line. */
export const unlessBrowser = program === undefined && `${extraPrefix} there is no chromium`;

/** The rules of GitHub's own style sheet (github.com/sindresorhus/github-markdown-css) that decide widths. */
const style = `
body { margin: 0; background: #fff; color: #1f2328; }
.markdown-body { padding: 16px; font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
.markdown-body p, .markdown-body ul, .markdown-body details, .markdown-body table, .markdown-body pre { margin: 0 0 16px; }
.markdown-body ul { padding-left: 2em; }
.markdown-body code { padding: .2em .4em; font: 85% "DejaVu Sans Mono", monospace; white-space: break-spaces; background: #818b981f; border-radius: 6px; }
.markdown-body pre { padding: 16px; overflow: auto; font-size: 85%; line-height: 1.45; background: #f6f8fa; border-radius: 6px; }
.markdown-body pre code { padding: 0; font-size: 100%; white-space: pre; background: none; }
.markdown-body table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; }
.markdown-body td, .markdown-body th { padding: 6px 13px; border: 1px solid #d1d9e0; }
.markdown-body img { max-width: 100%; }
.markdown-body summary { cursor: pointer; }
`;

/** The body of a page; everything that is folded stands open when `isOpen` is true. */
export function renderMarkdown(markdown: string, isOpen = true): string {
  const html = marked.parse(markdown, { gfm: true, async: false });
  return isOpen ? html.replaceAll('<details>', '<details open>') : html;
}

export interface Measured {
  /** Elements that scroll sideways or are cut, each with its text. */
  readonly tooWide: readonly string[];
  readonly height: number;
}

// An iframe has any width, a window of Chromium none below 500 pixels.
const script = `
addEventListener('load', () => {
  const { contentDocument: page } = document.querySelector('iframe');
  const limit = page.documentElement.clientWidth;
  const tooWide = [...page.querySelectorAll('*')].filter((element) =>
    element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 ||
    element.getBoundingClientRect().right > limit + 1 ||
    element.getBoundingClientRect().left < -1);
  const result = { tooWide: tooWide.map((element) => element.tagName + ': ' + element.textContent.slice(0, 80)), height: page.documentElement.scrollHeight };
  const output = document.createElement('output');
  output.textContent = JSON.stringify(result);
  document.body.append(output);
});
`;

/** Lays the Markdown out at a width in pixels. @param folder of the test's own */
export function measure(folder: string, markdown: string, width: number): Measured {
  const file = join(folder, `page-${width}.html`);
  writeFileSync(file, pageOf(markdown, width, script));
  const dom = chromium(['--dump-dom', `file://${file}`], folder);
  const [, json] = /<output>(.*)<\/output>/s.exec(dom) ?? [];
  if (json === undefined) throw new Error(`the browser printed no measures:\n${dom.slice(0, 2000)}`);
  const plain = json.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return JSON.parse(plain) as Measured;
}

/** Takes a picture of it as a PNG file. */
export function picture(folder: string, markdown: string, width: number, height: number, png: string): void {
  const file = join(folder, `picture-${width}.html`);
  writeFileSync(file, pageOf(markdown, width, '', false, height));
  chromium(
    [`--screenshot=${png}`, `--window-size=${Math.max(width, 500)},${height}`, `file://${file}`],
    folder,
  );
}

function pageOf(markdown: string, width: number, code: string, isOpen = true, height = 4000): string {
  const inner = `<!doctype html><meta charset="utf-8"><style>${style}</style><div class="markdown-body">${renderMarkdown(markdown, isOpen)}</div>`;
  const quoted = inner.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return `<!doctype html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;width:${width}px;height:${height}px;display:block}</style><iframe srcdoc="${quoted}"></iframe><script>${code}</script>`;
}

function chromium(args: readonly string[], folder: string): string {
  const own = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    `--user-data-dir=${folder}/profile`,
  ];
  return execFileSync(program ?? '', [...own, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 120_000,
    maxBuffer: 64 * 1024 * 1024,
  });
}
