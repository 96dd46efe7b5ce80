/** Runs one of the installed tools with the Node that runs this, and keeps what it says. */

import { spawn } from 'node:child_process';

export interface ToolResult {
  readonly ok: boolean;
  /** stdout, then stderr, without trailing blank lines. */
  readonly output: string;
}

/** Runs `file` (a script of node_modules, relative to `root`) with arguments in `root`. Never throws: a tool that cannot start has failed. */
export function runTool(root: string, file: string, args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => {
      resolve({
        ok: code === 0,
        output: Buffer.concat([...out, ...err])
          .toString('utf8')
          .trimEnd(),
      });
    });
  });
}
