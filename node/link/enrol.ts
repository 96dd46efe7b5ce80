/** Enrolment at a hub: the node shows its key, proves that it holds it, and learns its name and the hub's key. */

import Type from 'typebox';
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

/** Throws MoimError `token-refused`, `hub-unreachable`, `hub-refused`. */
export async function enrolAtHub(url: string, token: string, identity: NodeIdentity) {
  const proof = await sign({ token: hash(token) }, 'moim-enrol', identity.key);
  let response: Response;
  try {
    response = await fetch(`${url}/api/v1/enrolment`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ key: identity.public, proof }),
      signal: AbortSignal.timeout(15_000),
    });
  } catch (cause) {
    throw new MoimError('hub-unreachable', `no answer from ${new URL(url).origin}`, { cause });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return Answer.parse(body, 'enrolment');
  if (response.status === 401) throw new MoimError('token-refused');
  throw new MoimError('hub-refused', `the hub answered ${response.status}`);
}
