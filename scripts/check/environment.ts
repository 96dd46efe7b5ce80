/** Law 6: the environment is read where a process starts, and handed on as a parsed configuration. */

import ts from 'typescript';
import type { Finding } from './finding.ts';
import { eachNode, lineOf, type Source } from './source-tree.ts';

export const environmentRules = ['law-6-environment'] as const;

const allowed = /(^|\/)(config|main|moim)\.ts$|\/commands\/|^(scripts|test|bin)\/|^compose\/demo\//;

/** Finds `process.env` (also `process['env']`, and `env` imported from node:process) outside the files that may read it. */
export function checkEnvironment(sources: readonly Source[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const source of sources) {
    if (allowed.test(source.path)) continue;
    eachNode(source, (node) => {
      if (!readsEnvironment(node)) return;
      const text =
        'only config.ts, main.ts, moim.ts and commands read the environment: take it as an argument';
      findings.push({ rule: 'law-6-environment', file: source.path, line: lineOf(source, node), text });
    });
  }
  return findings;
}

function readsEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env';
  if (ts.isElementAccessExpression(node)) {
    return (
      isProcess(node.expression) &&
      ts.isStringLiteralLike(node.argumentExpression) &&
      node.argumentExpression.text === 'env'
    );
  }
  if (ts.isVariableDeclaration(node) && node.initializer && isProcess(node.initializer)) {
    return (
      ts.isObjectBindingPattern(node.name) &&
      node.name.elements.some((element) => (element.propertyName ?? element.name).getText() === 'env')
    );
  }
  if (ts.isImportSpecifier(node)) {
    const from = node.parent.parent.parent;
    return (
      ts.isImportDeclaration(from) &&
      ts.isStringLiteral(from.moduleSpecifier) &&
      from.moduleSpecifier.text === 'node:process' &&
      (node.propertyName ?? node.name).text === 'env'
    );
  }
  return false;
}

function isProcess(node: ts.Node): boolean {
  return node.getText() === 'process' || node.getText() === 'globalThis.process';
}
