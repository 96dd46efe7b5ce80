/** A bar on the terminal's stderr; nothing where there is no terminal, or under --quiet or --json. */

import type { CommandContext } from '#host/command.ts';

export interface Progress {
  /** `share` from 0 to 1 of the work, and what is being worked on. */
  show(share: number, what: string): void;
  clear(): void;
}

const width = 30;

export function openProgress(context: CommandContext): Progress {
  if (!context.terminal || context.quiet || context.json) return { show() {}, clear() {} };
  let shown = '';
  const draw = (text: string) => {
    if (text === shown) return;
    process.stderr.write(`\r\u001b[2K${text}`);
    shown = text;
  };
  return {
    show(share, what) {
      const full = Math.round(Math.min(1, share) * width);
      draw(`[${'#'.repeat(full)}${' '.repeat(width - full)}] ${what}`);
    },
    clear: () => draw(''),
  };
}
