/** What a pure room must not touch without an import: the clock, randomness and the globals of Node. */

import ts from 'typescript';
import type { Finding } from './finding.ts';
import { eachNode, lineOf, type Source } from './source-tree.ts';

export const purityRules = [
  'law-1-browser-globals',
  'law-2-clock',
  'law-2-randomness',
  'law-2-input-output',
] as const;

const protocol = /^protocol\//;
const pure = /^(sql\/|protocol\/(disclosure|aggregate)\/)/;
const nodeGlobals = new Set([
  'process',
  'Buffer',
  'require',
  'global',
  '__dirname',
  '__filename',
  'setImmediate',
]);
const clockCalls = new Set(['Date.now', 'performance.now', 'process.hrtime', 'Temporal.Now']);
const random =
  /^(Math\.random|(globalThis\.)?crypto\.(getRandomValues|randomUUID|subtle)|.*\.randombytes_(buf|random|uniform))$/;
const ioGlobals = new Set([
  'fetch',
  'console',
  'setTimeout',
  'setInterval',
  'queueMicrotask',
  'WebSocket',
  'localStorage',
  'process',
]);

/**
 * Law 1: protocol/ uses no global of Node. Law 2: sql/, protocol/disclosure and protocol/aggregate read no clock, draw no
 * randomness (a stream from a given seed is none) and do no I/O through a global.
 */
export function checkPurity(sources: readonly Source[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const source of sources) {
    const isPure = pure.test(source.path);
    if (!isPure && !protocol.test(source.path)) continue;
    const add = (rule: (typeof purityRules)[number], node: ts.Node, text: string): void => {
      findings.push({ rule, file: source.path, line: lineOf(source, node), text });
    };
    eachNode(source, (node) => {
      if (protocol.test(source.path) && isGlobal(node, nodeGlobals)) {
        add('law-1-browser-globals', node, `${node.getText()} does not exist in a browser`);
      }
      if (!isPure) return;
      if (isGlobal(node, ioGlobals)) add('law-2-input-output', node, `${node.getText()} is I/O: pass it in`);
      if (ts.isPropertyAccessExpression(node)) {
        const name = node.getText();
        if (clockCalls.has(name)) add('law-2-clock', node, `${name} reads the clock: pass the time in`);
        if (random.test(name)) add('law-2-randomness', node, `${name} draws randomness: pass it in`);
      }
      if (
        ts.isNewExpression(node) &&
        node.expression.getText() === 'Date' &&
        (node.arguments ?? []).length === 0
      ) {
        add('law-2-clock', node, 'new Date() reads the clock: pass the time in');
      }
    });
  }
  return findings;
}

/** An identifier used as a value of that name: not a property, a key, a parameter or a declared name. */
function isGlobal(node: ts.Node, names: ReadonlySet<string>): boolean {
  if (!ts.isIdentifier(node) || !names.has(node.text)) return false;
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true;
  if (ts.isElementAccessExpression(parent)) return parent.expression === node;
  return false;
}
