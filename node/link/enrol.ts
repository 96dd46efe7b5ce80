/** Enrolment at a hub: the node shows its key, proves that it holds it, and learns its name and the hub's key. */

import Type from 'typebox';
import type { HubHttp } from '#host/hub-http.ts';
import { hash } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { SiteSlug } from '#protocol/ids.ts';
import { PublicKey } from '#protocol/keys.ts';
import { oneOf, parser } from '#protocol/schema.ts';
import { sign } from '#protocol/sign.ts';
import type { NodeIdentity } from '../identity.ts';

const Answer = parser(
  Type.Object(
    { site: SiteSlug, state: oneOf(['pending', 'approved', 'revoked']), hub: PublicKey },
    { additionalProperties: false },
  ),
);

/** Throws MoimError `token-refused`, `hub-refused`, and what `HubHttp` throws. */
export async function enrolAtHub(http: HubHttp, token: string, identity: NodeIdentity) {
  const proof = await proofOf(token, identity);
  const response = await http.call('/api/v1/enrolment', {
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ key: identity.public, proof }),
    timeoutMs: 15_000,
    limit: 65_536,
  });
  if (response.status === 200) return Answer.parse(response.json(), 'enrolment');
  if (response.status === 401) throw new MoimError('token-refused');
  throw new MoimError('hub-refused', `the hub answered ${response.status}`);
}

/** That this node holds the key it shows, for this token alone. */
export const proofOf = (token: string, identity: NodeIdentity): Promise<string> =>
  sign({ token: hash(token) }, 'moim-enrol', identity.key);
