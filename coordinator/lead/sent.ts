/** A study that this home sent: its hub, reached with the token the home remembers, and how it stands there. */

import type { CommandContext } from '#host/command.ts';
import { errno, readText } from '#host/home.ts';
import { hubWayOf } from '#host/hub-way.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import type { PublicKey } from '#protocol/keys.ts';
import { fingerprint } from '#protocol/keys.ts';
import { claimedOrder, claimedOrderLead, openOrder, type StudyOrder } from '#protocol/order.ts';
import { claimedLead, type SignedStudy } from '#protocol/study.ts';
import { type HubApi, type HubStudy, hubApi } from './hub-api.ts';
import { refuseSecond, type StudyRecord, withSent, writeStudyRecord } from './study-record.ts';

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
  const shown = standing && (await shownOrder(record, standing, own));
  return shown && shown.n > (kept?.n ?? 0) ? shown : kept;
}

async function shownOrder(
  { study }: StudyRecord,
  { order }: HubStudy,
  own: readonly PublicKey[],
): Promise<StudyOrder | undefined> {
  const shown = order === null ? undefined : await ownOrder(order, own);
  return shown?.study === study ? shown : undefined;
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

/**
 * What the hub does not show of what this home sent there: it may keep it back from the sites too. Only an order under the key that signed the
 * home's own, or under one of `own`, counts: whoever may number freely could hide any.
 */
export async function keptBack(
  record: StudyRecord,
  standing: HubStudy,
  own: readonly PublicKey[] = [],
): Promise<string[]> {
  if (record.order === undefined || standing.order === record.order) return [];
  const order = claimedOrder(record.order);
  const trusted = [
    ...own,
    claimedLead(record.jws),
    ...(record.older ?? []).map(({ jws }) => claimedLead(jws)),
  ];
  const shown = await shownOrder(record, standing, trusted);
  return order.n > (shown?.n ?? 0)
    ? [`the hub does not show your last order (${order.order}, number ${order.n}): ask its operator`]
    : [];
}

/**
 * Sends a version that is on record as sent before it goes: its number is never signed again, whatever the hub says of it. Only one that did
 * not leave this machine, or that the hub refused, is no longer on record after.
 */
export async function sendKept(
  home: string,
  record: StudyRecord,
  signed: SignedStudy,
  send: () => Promise<unknown>,
): Promise<void> {
  refuseSecond(record, signed.study.version, signed.hash);
  const known = record.sent?.some(({ hash }) => hash === signed.hash) === true;
  writeStudyRecord(home, withSent(record, signed));
  try {
    await send();
  } catch (cause) {
    if (!known && cause instanceof MoimError && !mayHaveCome(cause)) writeStudyRecord(home, record);
    throw cause;
  }
}

/** The hub's own refusals, and ways to it that never opened. */
const refused: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad-input',
  'hub-refused',
  'not-found',
  'token-refused',
  'too-many-requests',
  'certificate-untrusted',
  'pin-differs',
  'proxy-refused',
]);
const neverLeft = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** An answer that did not come, or made no sense, is none. */
const mayHaveCome = ({ code, cause }: MoimError): boolean =>
  !refused.has(code) && !(code === 'hub-unreachable' && neverLeft.test(errno(cause)));
