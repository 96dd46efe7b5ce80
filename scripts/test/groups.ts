/** Which tests there are, and what each of them stands on. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { treeFiles } from '../check/source-tree.ts';

export const groupNames = ['unit', 'database', 'processes', 'proofs'] as const;
export type GroupName = (typeof groupNames)[number];

/**
 * The group of one test file (relative to `root`), by its folder and what it imports, itself or through a file of test/:
 * `test/proofs/**` are proofs; who reaches `test/support/process.ts` starts processes; who reaches
 * `test/support/database.ts` needs a database; the rest is unit.
 */
export function groupOf(root: string, path: string): GroupName {
  if (path.startsWith('test/proofs/')) return 'proofs';
  const reached = reachedInTests(root, path);
  if (reached.has('test/support/process.ts')) return 'processes';
  if (reached.has('test/support/database.ts')) return 'database';
  return 'unit';
}

function reachedInTests(root: string, path: string): ReadonlySet<string> {
  const reached = new Set([path]);
  for (const here of reached) {
    if (!existsSync(join(root, here))) continue;
    for (const [, from = ''] of readFileSync(join(root, here), 'utf8').matchAll(importLine)) {
      const next = from.startsWith('#test/')
        ? from.replace('#', '')
        : relative(root, join(root, dirname(here), from)).replaceAll('\\', '/');
      if (next.startsWith('test/')) reached.add(next);
    }
  }
  return reached;
}

/** `import … from '#test/…'` or from a path; the last line of an import that has several. Types alone start nothing. */
const importLine = /^(?:import\b(?! type\b).*|\} from )['"]((?:#test\/|\.\.?\/)[^'"]+\.ts)['"];?$/gm;

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
    groups.get(groupOf(root, path))?.push(path);
  }
  return groups;
}

function isWanted(path: string, filters: readonly string[]): boolean {
  if (filters.length === 0) return true;
  return filters
    .map((filter) => filter.replace(/^\.\//, '').replace(/\/$/, ''))
    .some((filter) => path === filter || path.startsWith(`${filter}/`) || matchesGlob(path, filter));
}
