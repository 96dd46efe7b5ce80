/** A study that this home sent: its hub, reached with the token the home remembers, and how it stands there. */

import type { CommandContext } from '#host/command.ts';
import { readText } from '#host/home.ts';
import { hubWayOf } from '#host/hub-way.ts';
import { MoimError } from '#protocol/errors.ts';
import type { PublicKey } from '#protocol/keys.ts';
import { fingerprint } from '#protocol/keys.ts';
import { claimedOrder, claimedOrderLead, openOrder, type StudyOrder } from '#protocol/order.ts';
import { type HubApi, type HubStudy, hubApi } from './hub-api.ts';
import type { StudyRecord } from './study-record.ts';

export const readToken = (file: string): string => readText(file, '--token-file').trim();

/** Throws MoimError `study-unknown` where the study was not sent. */
export function apiOf(record: StudyRecord, context: CommandContext): HubApi {
  if (record.hub === undefined || record.tokenFile === undefined) {
    throw new MoimError('study-unknown', 'this study was signed but not sent', {
      remedy: 'Run `moim study send`.',
    });
  }
  return hubApi(record.hub, readToken(record.tokenFile), context.signal, hubWayOf(context.env));
}

/** The last order of a study that this lead signed: the home's own, or a newer one that the hub holds (given from another home). */
export async function lastOrder(
  record: StudyRecord,
  standing: HubStudy | undefined,
  own: readonly PublicKey[],
): Promise<StudyOrder | undefined> {
  const kept = record.order === undefined ? undefined : claimedOrder(record.order);
  const shown = standing?.order ? await ownOrder(standing.order, own) : undefined;
  const right = shown?.study === record.study ? shown : undefined;
  return right && right.n > (kept?.n ?? 0) ? right : kept;
}

/** Undefined where it is no order of this lead: a hub may show anything. */
async function ownOrder(jws: string, own: readonly PublicKey[]): Promise<StudyOrder | undefined> {
  try {
    const lead = claimedOrderLead(jws);
    const key = own.find((each) => fingerprint(each) === lead);
    return key && (await openOrder(jws, key));
  } catch (cause) {
    if (cause instanceof MoimError) return undefined;
    throw cause;
  }
}

/** What the hub does not show of what this home sent there: it may keep it back from the sites too. */
export function keptBack(record: StudyRecord, standing: HubStudy): string[] {
  const told: string[] = [];
  const order = record.order === undefined ? undefined : claimedOrder(record.order);
  const shown = standing.order === null ? undefined : readable(standing.order);
  if (order && order.n > (shown?.n ?? 0))
    told.push(`the hub does not show your last order (${order.order}, number ${order.n}): ask its operator`);
  return told;
}

function readable(jws: string): StudyOrder | undefined {
  try {
    return claimedOrder(jws);
  } catch {
    return undefined;
  }
}
