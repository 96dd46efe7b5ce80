/** Pins the hub that an enrolment showed, unless another one was pinned before. */

import { MoimError } from '#protocol/errors.ts';
import { fingerprint } from '#protocol/keys.ts';
import { type PinnedHub, pinHub, readPinnedHub } from '../../identity.ts';

/** Throws MoimError `fingerprint-differs`. */
export function pinChecked(home: string, hub: PinnedHub): void {
  const pinned = readPinnedHub(home);
  if (pinned && fingerprint(pinned.key) !== fingerprint(hub.key)) {
    throw new MoimError(
      'fingerprint-differs',
      `the hub shows ${fingerprint(hub.key)}; ${fingerprint(pinned.key)} was pinned before`,
    );
  }
  // The key is the pinned one: so are the ones it followed, and the numbers of the deliveries.
  pinHub(home, { ...(pinned?.earlier ? { earlier: pinned.earlier } : {}), ...hub });
}
