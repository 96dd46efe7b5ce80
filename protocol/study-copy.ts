/**
 * A site's own copy of a study: the same document, signed by the same lead, that names this site alone. What goes to a hospital is then as
 * short for a thousand sites as for two, and no hospital is told which others were asked. A copy follows from the study byte by byte; only the
 * lead's signature over it is new, so that is all that a signed study carries beside itself.
 */

import { toBase64url, utf8 } from './bytes.ts';
import { canonical, canonicalHash, type Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import type { PrivateKey } from './keys.ts';
import { sign } from './sign.ts';
import type { SignedStudy, Study } from './study.ts';

/** The copy of one site of `signed`. */
export function copyFor({ study, hash }: SignedStudy, site: Study['sites'][number]): Study {
  return { ...study, sites: [site], copyOf: { hash, sites: study.sites.length } };
}

/** The hash that this site's answer refers to, where it was sent its copy. */
export function copyHash(signed: SignedStudy, site: Study['sites'][number]): string {
  return canonicalHash(copyFor(signed, site) as unknown as Json);
}

/** The lead's signatures over the copies, in the order of the study's sites: the last part of each compact JWS. */
export async function signCopies(signed: SignedStudy, key: PrivateKey): Promise<string[]> {
  return Promise.all(
    signed.study.sites.map(async (site) => {
      const jws = await sign(copyFor(signed, site) as unknown as Json, 'moim-study', key);
      return jws.slice(jws.lastIndexOf('.') + 1);
    }),
  );
}

/** Characters of one site's copy as a compact JWS: the copies of a study are about as long as one another. */
export function copyLength(signed: SignedStudy, site: Study['sites'][number]): number {
  return Math.ceil((utf8(canonical(copyFor(signed, site) as unknown as Json)).length * 4) / 3) + 400;
}

/** Copies that are assembled in one go. */
const together = 32;

/**
 * The copies as compact JWS, in the order of the study's sites, some at a time. Nothing is verified: whoever opens a copy does. Throws
 * MoimError `bad-input` where there is not one signature a site.
 */
export function* assembleCopies(
  signed: SignedStudy,
  signatures: readonly string[],
): Generator<readonly string[]> {
  const { sites } = signed.study;
  if (signatures.length !== sites.length || signatures.some((each) => !/^[A-Za-z0-9_-]{86}$/.test(each)))
    throw new MoimError('bad-input', 'the study does not come with one signature a site');
  const header = signed.jws.slice(0, signed.jws.indexOf('.'));
  for (let from = 0; from < sites.length; from += together) {
    yield sites.slice(from, from + together).map((site, i) => {
      const payload = toBase64url(utf8(canonical(copyFor(signed, site) as unknown as Json)));
      return `${header}.${payload}.${signatures[from + i]}`;
    });
  }
}
