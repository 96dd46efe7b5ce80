/** What the node does with the hub's welcome and with the hub's frames that are no delivery. */

import type { FrameHandlers } from '#host/frame-handlers.ts';
import { keepReceipt, meetHub } from '../audit/witness.ts';
import { keepNotice } from '../trust/notice.ts';
import { keepRosterHead } from '../trust/roster.ts';
import type { LinkClientDeps } from './client.ts';
import type { Welcome } from './handshake.ts';

/** Before anything is sent: what the hub's welcome says beside the position. */
export async function meetWelcome(deps: LinkClientDeps, welcome: Welcome): Promise<void> {
  const { receipt, ...said } = welcome;
  await meetHub(deps, { ...said, receipts: receipt === undefined ? [] : [receipt] });
  if (welcome.roster !== undefined) await keepRosterHead(deps, welcome.roster);
  // What waited for the hub's word may go on.
  deps.received();
}

export const hubFrames = (deps: LinkClientDeps): FrameHandlers => ({
  witness: ({ receipt }) => keepReceipt(deps, receipt),
  roster: ({ head }) => keepRosterHead(deps, head),
  notice: ({ code }) => keepNotice(deps, code),
});
