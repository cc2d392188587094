// Every hint that the sources can give, found by the compiler: what is assigned to a member `hint`, handed over for a
// parameter of that name, or returned by a function that is named after one.

import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import ts from 'typescript';

export interface Hint {
  /** Path and line. */
  readonly place: string;
  /** With `…` for each part that is put in. */
  readonly text: string;
}

const root = resolve(import.meta.dirname, '../..');
/** What names a thing that holds a hint. */
const named = /hint|advice|remedy/i;

/** In the order of files and lines. */
export function listHints(): Hint[] {
  const { config } = ts.readConfigFile(resolve(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = globSync('src/**/*.ts', { cwd: root }).filter(
    (file) => !file.startsWith('src/core/deflate/'),
  );
  const program = ts.createProgram(
    files.map((file) => resolve(root, file)),
    options,
  );
  const checker = program.getTypeChecker();
  const found = new Map<string, Hint>();

  for (const file of program.getSourceFiles()) {
    const path = relative(root, file.fileName).replaceAll('\\', '/');
    if (!path.startsWith('src/')) continue;
    const keep = (expression: ts.Expression) => {
      const { line } = file.getLineAndCharacterOfPosition(expression.getStart(file));
      for (const text of textsOf(expression)) {
        // A word alone is a part of a sentence, or no hint at all.
        if (text.includes(' '))
          found.set(`${path}:${expression.pos}:${text}`, { place: `${path}:${line + 1}`, text });
      }
    };
    visit(file, (node) => {
      for (const expression of hintsAt(node, checker)) keep(expression);
    });
  }
  return [...found.values()];
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => {
    visit(child, see);
  });
}

/** The expressions of which this node makes a hint. */
function hintsAt(node: ts.Node, checker: ts.TypeChecker): readonly ts.Expression[] {
  if (ts.isPropertyAssignment(node) && node.name.getText() === 'hint') return [node.initializer];
  if (ts.isVariableDeclaration(node) && named.test(node.name.getText())) {
    return node.initializer === undefined ? [] : [node.initializer];
  }
  if (ts.isReturnStatement(node) && node.expression !== undefined) {
    return named.test(functionAround(node)) ? [node.expression] : [];
  }
  if (!ts.isCallExpression(node)) return [];
  const parameters = checker.getResolvedSignature(node)?.getParameters() ?? [];
  return parameters.flatMap((parameter, at) =>
    parameter.getName() === 'hint' ? (node.arguments[at] ?? []) : [],
  );
}

function functionAround(node: ts.Node): string {
  for (let above = node.parent; !ts.isSourceFile(above); above = above.parent) {
    if (ts.isFunctionDeclaration(above) || ts.isMethodDeclaration(above)) return above.name?.getText() ?? '';
    if (ts.isArrowFunction(above) || ts.isFunctionExpression(above)) return '';
  }
  return '';
}

/** Every text that an expression may come to; `…` for what only a run knows. */
function textsOf(expression: ts.Expression): readonly string[] {
  if (ts.isStringLiteralLike(expression)) return [expression.text];
  if (ts.isTemplateExpression(expression)) {
    return [
      expression.head.text + expression.templateSpans.map(({ literal }) => `…${literal.text}`).join(''),
    ];
  }
  if (ts.isConditionalExpression(expression)) {
    return [...textsOf(expression.whenTrue), ...textsOf(expression.whenFalse)];
  }
  if (ts.isParenthesizedExpression(expression) || ts.isAsExpression(expression)) {
    return textsOf(expression.expression);
  }
  if (ts.isArrowFunction(expression) && !ts.isBlock(expression.body)) return textsOf(expression.body);
  if (ts.isBinaryExpression(expression)) {
    const [left, right] = [textsOf(expression.left), textsOf(expression.right)];
    if (expression.operatorToken.kind !== ts.SyntaxKind.PlusToken) return [...left, ...right];
    return left.flatMap((start) => right.map((end) => start + end));
  }
  if (ts.isObjectLiteralExpression(expression)) {
    return expression.properties.flatMap((member) =>
      ts.isPropertyAssignment(member) ? textsOf(member.initializer) : [],
    );
  }
  return ['…'];
}
