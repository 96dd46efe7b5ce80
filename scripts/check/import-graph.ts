/**
 * The laws that an import can break: dependency-cruiser with the rules of `.dependency-cruiser.mjs`, and two walks
 * of our own over its graph: law 5, which has a way through (the CDM reader is reached through the pipeline only), and law 8,
 * for which an import of types alone closes no loop.
 */

import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import type { Finding } from './finding.ts';

export interface ImportReport {
  /** Our own modules that were read. Zero means that the tool was blind, not that the tree is clean. */
  readonly modules: number;
  /** Names of the rules that were applied. */
  readonly rules: readonly string[];
  readonly findings: readonly Finding[];
}

const configFile = join(import.meta.dirname, '../../.dependency-cruiser.mjs');
const readerRule = 'law-5-reader-through-pipeline';
const loopRule = 'law-8-no-loops';
const federation = /^node\/(link\/|routes\/federation(\/|\.ts$))/;
const reader = 'node/cdm/reader.ts';
const wayThrough = 'node/job/pipeline.ts';

/** Applies the laws to the tree at `root` (absolute), starting from the files and folders named (relative to it). */
export async function checkImports(root: string, entries: readonly string[]): Promise<ImportReport> {
  const options = await extractDepcruiseOptions(configFile);
  const { output } = await cruise([...entries], { ...options, baseDir: root, validate: true });
  if (typeof output === 'string')
    throw new Error('dependency-cruiser gave text where its result was asked for');
  const own = output.modules.filter(
    (module) => /\.(ts|tsx|mjs|js)$/.test(module.source) && !module.source.includes('node_modules/'),
  );
  const edges = runtimeEdges(output);
  return {
    modules: own.filter((module) => module.dependencies !== undefined && !module.couldNotResolve).length,
    rules: [
      ...(options.ruleSet?.forbidden ?? []).map((rule) => rule.name ?? 'unnamed'),
      readerRule,
      loopRule,
    ],
    findings: [...violations(output), ...readerBreaches(edges), ...loops(edges)],
  };
}

function violations(result: ICruiseResult): readonly Finding[] {
  return result.summary.violations.map((violation) => ({
    rule: violation.rule.name,
    file: violation.from,
    line: 0,
    text: `imports ${[violation.to, ...(violation.cycle ?? violation.via ?? []).map((step) => step.name)].join(' → ')}`,
  }));
}

/** What runs: every file with the files it imports, `import type` apart, which leaves nothing behind. */
type Edges = ReadonlyMap<string, readonly string[]>;

function runtimeEdges(result: ICruiseResult): Edges {
  return new Map(
    result.modules.map((module) => [
      module.source,
      module.dependencies
        .filter((edge) => !edge.dependencyTypes.includes('type-only'))
        .map((edge) => edge.resolved),
    ]),
  );
}

/** Law 5: the walk stops at the pipeline, where the doors stand. */
function readerBreaches(edges: Edges): readonly Finding[] {
  const findings: Finding[] = [];
  for (const file of edges.keys()) {
    if (!federation.test(file)) continue;
    const path = wayTo(reader, file, edges, wayThrough);
    if (path) findings.push({ rule: readerRule, file, line: 0, text: `reaches ${path.join(' → ')}` });
  }
  return findings;
}

/** Law 8: each loop is told once, at the first of its files. */
function loops(edges: Edges): readonly Finding[] {
  const findings: Finding[] = [];
  const told = new Set<string>();
  for (const file of [...edges.keys()].sort()) {
    const path = told.has(file) ? undefined : wayTo(file, file, edges);
    if (!path) continue;
    for (const step of path) told.add(step);
    findings.push({ rule: loopRule, file, line: 0, text: `imports itself by ${path.join(' → ')}` });
  }
  return findings;
}

/** The shortest way along imports from `start` to `goal`, not on from `end`, told without `start`; undefined where there is none. */
function wayTo(goal: string, start: string, edges: Edges, end?: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const here of queue) {
    if (here === end) continue;
    for (const next of edges.get(here) ?? []) {
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, here);
      if (next === goal) return wayBack(goal, start, cameFrom);
      queue.push(next);
    }
  }
  return undefined;
}

function wayBack(goal: string, start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const path = [goal];
  for (let step = cameFrom.get(goal); step !== undefined && step !== start; step = cameFrom.get(step))
    path.unshift(step);
  return path;
}
