/**
 * `npm run check`: lint and format (Biome), types (TypeScript 7), the laws of the house (dependency-cruiser and syntax
 * trees by TypeScript 6) and what nobody uses (knip). Each says one line with its time; all run even if one fails.
 * Exit 0 where all hold, 1 where one does not.
 */

import { fileURLToPath } from 'node:url';
import { checkLaws, lawFaults } from './check/laws.ts';
import { runTool, type ToolResult } from './check/tool.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Step {
  readonly name: string;
  run(): Promise<ToolResult & { readonly note?: string }>;
}

const steps: readonly Step[] = [
  {
    name: 'types',
    run: () => runTool(root, 'node_modules/@typescript/native/bin/tsc', ['--noEmit', '--pretty', 'false']),
  },
  {
    name: 'lint',
    run: () =>
      runTool(root, 'node_modules/@biomejs/biome/bin/biome', [
        'check',
        '--error-on-warnings',
        '--max-diagnostics=30',
        '--colors=off',
      ]),
  },
  {
    name: 'unused',
    run: () => runTool(root, 'node_modules/knip/bin/knip.js', ['--no-progress', '--no-config-hints']),
  },
  { name: 'laws', run: laws },
];

// Two at a time, as the machine has two cores; lines appear as steps end.
const waiting = [...steps];
const failed: string[] = [];
await Promise.all([worker(), worker()]);
if (failed.length > 0) {
  process.stdout.write(`check: ${failed.join(', ')} failed\n`);
  process.exitCode = 1;
}

async function worker(): Promise<void> {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const begun = performance.now();
    const { ok, output, note } = await step.run().catch((error: unknown) => failure(error));
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    process.stdout.write(
      `${ok ? '✔' : '✖'} ${step.name.padEnd(7)}${seconds.padStart(5)} s${note ? `  ${note}` : ''}\n`,
    );
    if (ok) continue;
    failed.push(step.name);
    process.stdout.write(`${output.replace(/^/gm, '    ')}\n`);
  }
}

function failure(error: unknown): ToolResult & { readonly note?: string } {
  return { ok: false, output: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

async function laws(): Promise<ToolResult & { readonly note: string }> {
  const report = await checkLaws(root);
  const faults = lawFaults(report);
  const note = `${report.rules.length} rules over ${report.modules} modules`;
  return { ok: faults.length === 0, note, output: faults.join('\n') };
}
