/** The rules of the house that a file shows by itself: its name, its length, what it exports, its state, its `main.ts`. */

import ts from 'typescript';
import type { Finding } from './finding.ts';
import { eachNode, lineOf, type Source } from './source-tree.ts';

export const houseRules = [
  'law-8-main-is-short',
  'house-no-default-export',
  'house-file-name',
  'house-file-length',
  'house-no-module-state',
  'house-no-test-marks',
] as const;

const longestFile = 300;
const longestMain = 25;
const reason = 'Longer than 300 lines because';
const fileName = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.(ts|tsx|mjs)$/;
const folderName = /^\.?[a-z0-9]+(-[a-z0-9]+)*$/;
const blurred = /^(utils?|helpers?|managers?|services?)$/;
const product = /^(protocol|sql|host|node|coordinator)\//;

/** Finds breaches of the house rules in files of code. */
export function checkHouse(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap((source) => [
    ...mainRule(source),
    ...defaultExports(source),
    ...nameRule(source),
    ...lengthRule(source),
    ...(product.test(source.path) ? moduleState(source) : []),
    ...(/\.test\.ts$/.test(source.path) ? testMarks(source) : []),
  ]);
}

function mainRule(source: Source): readonly Finding[] {
  if (!/(^|\/)main\.ts$/.test(source.path)) return [];
  const lines = codeLines(source);
  const callsRun = source.tree.statements.some(
    (statement) =>
      ts.isImportDeclaration(statement) &&
      ts.isStringLiteral(statement.moduleSpecifier) &&
      /(^|\/)run\.ts$/.test(statement.moduleSpecifier.text),
  );
  if (lines <= longestMain && callsRun) return [];
  const text = callsRun
    ? `${lines} lines of code; a few lines that call run.ts are enough`
    : 'main.ts calls run.ts';
  return [{ rule: 'law-8-main-is-short', file: source.path, line: 1, text }];
}

/** Lines that hold at least one token: neither blank nor comment alone. */
function codeLines(source: Source): number {
  const lines = new Set<number>();
  eachNode(source, (node) => {
    if (node.getChildCount(source.tree) > 0) return;
    if (node.kind === ts.SyntaxKind.EndOfFileToken) return;
    lines.add(lineOf(source, node));
    lines.add(source.tree.getLineAndCharacterOfPosition(node.getEnd()).line + 1);
  });
  return lines.size;
}

function defaultExports(source: Source): readonly Finding[] {
  const findings: Finding[] = [];
  for (const statement of source.tree.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    const named =
      ts.isExportDeclaration(statement) &&
      statement.exportClause !== undefined &&
      ts.isNamedExports(statement.exportClause) &&
      statement.exportClause.elements.some((element) => element.name.text === 'default');
    const marked = modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword);
    if (!ts.isExportAssignment(statement) && !marked && !named) continue;
    const text = 'exports are named';
    findings.push({
      rule: 'house-no-default-export',
      file: source.path,
      line: lineOf(source, statement),
      text,
    });
  }
  return findings;
}

function nameRule(source: Source): readonly Finding[] {
  const parts = source.path.split('/');
  const name = parts.pop() ?? '';
  const words = [...parts, name.replace(/\..*$/, '')].flatMap((part) => part.split('-'));
  const wrong = !fileName.test(name) || parts.some((part) => !folderName.test(part));
  const blur = words.find((word) => blurred.test(word));
  if (!wrong && blur === undefined) return [];
  const text = wrong
    ? 'file and folder names are kebab-case'
    : `"${blur}" names no noun or verb of the field`;
  return [{ rule: 'house-file-name', file: source.path, line: 0, text }];
}

function lengthRule(source: Source): readonly Finding[] {
  const lines = source.text.replace(/\n$/, '').split('\n');
  if (lines.length <= longestFile || lines.slice(0, 40).join('\n').includes(reason)) return [];
  const text = `${lines.length} lines: split it, or say "${reason} …" at its top`;
  return [{ rule: 'house-file-length', file: source.path, line: 0, text }];
}

/**
 * Two nodes must be able to live in one process: nothing at the top of a module changes. Allowed is a name that a class
 * fills once from its static block: how a door hands its private constructor to the one function of its file.
 */
function moduleState(source: Source): readonly Finding[] {
  const findings: Finding[] = [];
  for (const statement of source.tree.statements) {
    if (!ts.isVariableStatement(statement) || statement.declarationList.flags & ts.NodeFlags.Const) continue;
    if (statement.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DeclareKeyword)) continue;
    if (statement.declarationList.declarations.every((name) => isFilledByClass(source, name))) continue;
    const text = 'a variable of the module is shared by every node of the process';
    findings.push({
      rule: 'house-no-module-state',
      file: source.path,
      line: lineOf(source, statement),
      text,
    });
  }
  return findings;
}

/** True where a variable starts empty and every assignment to it stands in a static block of a class. */
function isFilledByClass(source: Source, variable: ts.VariableDeclaration): boolean {
  if (variable.initializer || !ts.isIdentifier(variable.name)) return false;
  const name = variable.name.text;
  const places: boolean[] = [];
  eachNode(source, (node) => {
    if (!ts.isBinaryExpression(node) || node.left.getText() !== name) return;
    if (node.operatorToken.kind < ts.SyntaxKind.FirstAssignment) return;
    if (node.operatorToken.kind > ts.SyntaxKind.LastAssignment) return;
    places.push(ts.findAncestor(node, ts.isClassStaticBlockDeclaration) !== undefined);
  });
  return places.length > 0 && places.every((inside) => inside);
}

/** `test.only`, `it.skip`, `describe.todo`: a test runs, or skips for a reason found at run time. */
function testMarks(source: Source): readonly Finding[] {
  const findings: Finding[] = [];
  eachNode(source, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    if (!/^(test|it|describe|suite)$/.test(node.expression.expression.getText())) return;
    if (!/^(only|skip|todo)$/.test(node.expression.name.text)) return;
    const text = `${node.expression.getText()} hides a test: use { skip: reason } with a reason found at run time`;
    findings.push({ rule: 'house-no-test-marks', file: source.path, line: lineOf(source, node), text });
  });
  return findings;
}
