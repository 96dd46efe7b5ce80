/** All laws of the house over one tree: what imports break, and what only the syntax tree shows. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkDoors, doorRules } from './doors.ts';
import { checkEnvironment, environmentRules } from './environment.ts';
import { checkErrorTable, errorRules } from './error-table.ts';
import { describeFinding, type Finding } from './finding.ts';
import { checkHouse, houseRules } from './house.ts';
import { checkImports } from './import-graph.ts';
import { checkPurity, purityRules } from './purity.ts';
import { readSources } from './source-tree.ts';

export interface LawReport {
  /** Our own modules that dependency-cruiser read. */
  readonly modules: number;
  /** Files whose syntax tree was read. */
  readonly files: number;
  readonly rules: readonly string[];
  readonly findings: readonly Finding[];
}

const rooms = ['moim.ts', 'protocol', 'sql', 'host', 'node', 'coordinator', 'compose', 'scripts', 'test'];

/** Applies every law to the tree at `root` (absolute path of the project, or of the tree of planted breaches). */
export async function checkLaws(root: string): Promise<LawReport> {
  const sources = readSources(root);
  const entries = rooms.filter(
    (room) => existsSync(join(root, room)) && sources.some(({ path }) => `${path}/`.startsWith(`${room}/`)),
  );
  const imports = await checkImports(root, entries);
  const findings = [
    ...imports.findings,
    ...checkDoors(sources),
    ...checkPurity(sources),
    ...checkEnvironment(sources),
    ...checkHouse(sources),
    ...checkErrorTable(sources),
  ];
  return {
    modules: imports.modules,
    files: sources.length,
    rules: [
      ...imports.rules,
      ...doorRules,
      ...purityRules,
      ...environmentRules,
      ...houseRules,
      ...errorRules,
    ],
    findings: findings.sort((a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.rule, b.rule)),
  };
}

/** What a person is told of a report: nothing where the laws hold. A report that read no module is blind, not clean. */
export function lawFaults({ modules, findings }: LawReport): readonly string[] {
  if (modules === 0)
    return ['dependency-cruiser read no module: is `typescript` the TypeScript 6 alias? Run npm ci.'];
  return findings.map(describeFinding);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
