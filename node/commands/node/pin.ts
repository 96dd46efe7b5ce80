/** Pins the hub that an enrolment showed, unless another one was pinned before. The first pin is on record. */

import { record } from '#host/audit-log.ts';
import type { CommandContext } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint } from '#protocol/keys.ts';
import { type PinnedHub, pinHub, readPinnedHub } from '../../identity.ts';
import { actingPerson } from '../../person/acting.ts';
import { instant, withDatabase } from './with-database.ts';

/** Who pins a hub for the first time; undefined where one is pinned. Throws what `actingPerson` throws. */
export const pinningPerson = async (context: CommandContext): Promise<string | undefined> =>
  readPinnedHub(context.home) ? undefined : withDatabase(context, (db) => actingPerson(context, db, 'trust'));

/** Throws MoimError `fingerprint-differs`. */
export async function pinChecked(
  context: CommandContext,
  hub: PinnedHub,
  person: string | undefined,
): Promise<void> {
  const { home } = context;
  const pinned = readPinnedHub(home);
  if (pinned && fingerprint(pinned.key) !== fingerprint(hub.key)) {
    throw new MoimError(
      'fingerprint-differs',
      `the hub shows ${fingerprint(hub.key)}; ${fingerprint(pinned.key)} was pinned before`,
    );
  }
  if (!pinned)
    return withDatabase(context, (db) =>
      db.transaction().execute(async (transaction) => {
        const body = { hub: fingerprint(hub.key), site: hub.site, person: person ?? null };
        await record(transaction, instant(), 'hub-pinned', body);
        pinHub(home, hub);
      }),
    );
  // The key is the pinned one: so are the ones it followed, and the numbers of the deliveries.
  pinHub(home, { ...(pinned.earlier ? { earlier: pinned.earlier } : {}), ...hub });
}
