/**
 * Health: `/healthz` says that the process is alive (restart it when not), `/readyz` whether it can do its work, and with a code why
 * not (restarting does not help; a person or the network does).
 */

import type { ErrorCode } from '#protocol/errors.ts';

/** `restored`: from a backup, and no person has confirmed yet what it put back. */
export type Readiness = { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode | 'restored' };

export interface ReadinessDeps {
  /** Throws where the database does not answer; gives the code under which this party stands still, or nothing. */
  readonly halted: () => Promise<'set-back' | 'restored' | undefined>;
  /** A hub has no link of its own. */
  readonly linkUp?: () => boolean;
}

/** Database first, then a standstill, then the link: the first that is wrong is the one to mend. Never throws. */
export async function readiness({ halted, linkUp }: ReadinessDeps): Promise<Readiness> {
  try {
    const code = await halted();
    if (code !== undefined) return { ok: false, code };
  } catch {
    return { ok: false, code: 'database-unavailable' };
  }
  return linkUp && !linkUp() ? { ok: false, code: 'link-closed' } : { ok: true };
}
