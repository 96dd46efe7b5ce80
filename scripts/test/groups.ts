/** Which tests there are, and what each of them stands on. */

import { readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { treeFiles } from '../check/source-tree.ts';

export const groupNames = ['unit', 'database', 'processes', 'proofs'] as const;
export type GroupName = (typeof groupNames)[number];

/**
 * The group of one test file, by its folder and what it imports: `test/proofs/**` are proofs; a file that imports
 * `test/support/process.ts` starts processes; one that imports `test/support/database.ts` needs a database; the rest is unit.
 */
export function groupOf(path: string, text: string): GroupName {
  if (path.startsWith('test/proofs/')) return 'proofs';
  if (imports(text, 'process')) return 'processes';
  if (imports(text, 'database')) return 'database';
  return 'unit';
}

function imports(text: string, support: string): boolean {
  return new RegExp(`(from|import\\()\\s*['"][^'"]*\\bsupport/${support}\\.ts['"]`).test(text);
}

/**
 * The test files under `root` by group, each list sorted. `filters` are paths (a file, a folder) or glob patterns relative
 * to `root`; none means all.
 */
export function testGroups(
  root: string,
  filters: readonly string[],
): ReadonlyMap<GroupName, readonly string[]> {
  const groups = new Map<GroupName, string[]>(groupNames.map((name) => [name, []]));
  for (const path of treeFiles(root)) {
    if (!/^test\/.*\.test\.ts$/.test(path) || !isWanted(path, filters)) continue;
    groups.get(groupOf(path, readFileSync(join(root, path), 'utf8')))?.push(path);
  }
  return groups;
}

function isWanted(path: string, filters: readonly string[]): boolean {
  if (filters.length === 0) return true;
  return filters
    .map((filter) => filter.replace(/^\.\//, '').replace(/\/$/, ''))
    .some((filter) => path === filter || path.startsWith(`${filter}/`) || matchesGlob(path, filter));
}
