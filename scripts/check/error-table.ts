/** The error table against its use: no code unused, none thrown that is not there, at most twenty that may leave. */

import ts from 'typescript';
import type { Finding } from './finding.ts';
import { eachNode, lineOf, type Source } from './source-tree.ts';

export const errorRules = ['error-code-unused', 'error-code-unknown', 'error-codes-on-the-wire'] as const;

const tablePath = 'protocol/errors.ts';
const mostWireCodes = 20;

/** Compares `rows` of protocol/errors.ts with every string of the product's code (tests and scripts do not count as use). */
export function checkErrorTable(sources: readonly Source[]): readonly Finding[] {
  const table = sources.find((source) => source.path === tablePath);
  if (!table)
    return [{ rule: 'error-code-unknown', file: tablePath, line: 0, text: 'the table of errors is missing' }];
  const rows = tableRows(table);
  const used = new Set<string>();
  const findings: Finding[] = [];
  for (const source of sources) {
    if (source === table || /^(test|scripts)\//.test(source.path)) continue;
    eachNode(source, (node) => {
      if (ts.isStringLiteralLike(node)) used.add(node.text);
      if (!ts.isNewExpression(node) || node.expression.getText() !== 'MoimError') return;
      const code = node.arguments?.[0];
      if (!code || !ts.isStringLiteralLike(code) || rows.some((row) => row.code === code.text)) return;
      const text = `'${code.text}' is not in ${tablePath}`;
      findings.push({ rule: 'error-code-unknown', file: source.path, line: lineOf(source, node), text });
    });
  }
  for (const row of rows) {
    if (used.has(row.code)) continue;
    findings.push({
      rule: 'error-code-unused',
      file: tablePath,
      line: row.line,
      text: `nothing uses '${row.code}'`,
    });
  }
  const wire = rows.filter((row) => row.wire);
  const last = wire[mostWireCodes];
  if (last) {
    const text = `${wire.length} codes may leave; at most ${mostWireCodes} coarse ones should`;
    findings.push({ rule: 'error-codes-on-the-wire', file: tablePath, line: last.line, text });
  }
  return findings;
}

interface Row {
  readonly code: string;
  readonly wire: boolean;
  readonly line: number;
}

function tableRows(table: Source): readonly Row[] {
  const rows: Row[] = [];
  eachNode(table, (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== 'rows' || !node.initializer) return;
    let value: ts.Expression = node.initializer;
    while (ts.isAsExpression(value) || ts.isSatisfiesExpression(value)) value = value.expression;
    if (!ts.isObjectLiteralExpression(value)) return;
    for (const property of value.properties) {
      if (!ts.isPropertyAssignment(property) || !ts.isObjectLiteralExpression(property.initializer)) continue;
      const wire = property.initializer.properties.some(
        (entry) =>
          ts.isPropertyAssignment(entry) &&
          entry.name.getText() === 'wire' &&
          entry.initializer.kind === ts.SyntaxKind.TrueKeyword,
      );
      const name = property.name;
      if (ts.isIdentifier(name) || ts.isStringLiteral(name))
        rows.push({ code: name.text, wire, line: lineOf(table, property) });
    }
  });
  return rows;
}
