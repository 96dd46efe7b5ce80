/**
 * Signatures: compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037), payload = canonical JSON. The protected header is
 * exactly {alg, kid, typ}: `typ` says what is signed, so that a signature for one purpose never serves another.
 */

import { CompactSign, compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { fromBase64url, fromUtf8, utf8 } from './bytes.ts';
import { canonical, type Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { type PrivateKey, type PublicKey, publicOf, thumbprint } from './keys.ts';

/** Everything that Moim signs. */
export type SignedType =
  | 'moim-study'
  | 'moim-envelope'
  | 'moim-result'
  | 'moim-reply'
  | 'moim-link-hub'
  | 'moim-link-node'
  | 'moim-enrol'
  | 'moim-order'
  | 'moim-head'
  | 'moim-receipt'
  | 'moim-roster'
  | 'moim-roster-head'
  | 'moim-rotation'
  | 'moim-carry'
  | 'moim-backup';

export async function sign(payload: Json, type: SignedType, key: PrivateKey): Promise<string> {
  return new CompactSign(utf8(canonical(payload)))
    .setProtectedHeader({ alg: 'EdDSA', kid: thumbprint(publicOf(key)), typ: `${type}+jws` })
    .sign(await imported(key));
}

/**
 * A key in the form the engine works with. Importing costs as much as verifying: it is kept as long as the key object itself, which is
 * one a link. (A weak map remembers nothing that its caller has forgotten.)
 */
function imported(key: PrivateKey | PublicKey): Promise<Awaited<ReturnType<typeof importJWK>>> {
  const known = engineKeys.get(key);
  if (known) return known;
  const made = importJWK({ ...key, alg: 'EdDSA' }, 'EdDSA');
  engineKeys.set(key, made);
  return made;
}
const engineKeys = new WeakMap<PrivateKey | PublicKey, Promise<Awaited<ReturnType<typeof importJWK>>>>();

/**
 * Gives the payload of a JWS made by `key` for this purpose. Throws MoimError `bad-signature`: wrong key, wrong type,
 * altered bytes, a header with more members, a payload that is not canonical.
 */
export async function verifySignature(jws: string, type: SignedType, key: PublicKey): Promise<unknown> {
  const header = readHeader(jws);
  if (header.typ !== `${type}+jws` || header.kid !== thumbprint(key)) {
    throw new MoimError('bad-signature', `not a ${type} signed by the expected key`);
  }
  try {
    // The signature covers the other two parts; its own text must have one form too, or a document would have several.
    fromBase64url(jws.slice(jws.lastIndexOf('.') + 1));
    const { payload } = await compactVerify(jws, await imported(key), {
      algorithms: ['EdDSA'],
    });
    return readCanonical(fromUtf8(payload), type);
  } catch (cause) {
    if (cause instanceof MoimError) throw cause;
    throw new MoimError('bad-signature', `the signature of a ${type} does not verify`, { cause });
  }
}

/** The `kid` a JWS claims. Nothing is verified here: it only says which key to try. */
export function claimedKey(jws: string): string {
  return readHeader(jws).kid;
}

/** The payload a JWS claims. Nothing is verified here: it only says whose key to look for. */
export function claimedPayload(jws: string): unknown {
  try {
    const part = jws.split('.')[1] ?? '';
    return JSON.parse(
      fromUtf8(Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))),
    );
  } catch (cause) {
    throw new MoimError('bad-signature', 'not a signed document', { cause });
  }
}

/** Whatever is wrong with the text (no JSON, a number out of range, too deep to walk), it is one refusal that quotes nothing. */
function readCanonical(text: string, type: SignedType): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (canonical(value as Json) === text) return value;
  } catch {
    // Refused below: the parser's own message would quote the text.
  }
  throw new MoimError('bad-signature', `a ${type} is not in canonical form`);
}

function readHeader(jws: string): { kid: string; typ: string } {
  let header: Record<string, unknown>;
  try {
    header = decodeProtectedHeader(jws) as Record<string, unknown>;
  } catch (cause) {
    throw new MoimError('bad-signature', 'not a signed document', { cause });
  }
  const { alg, kid, typ, ...more } = header;
  if (alg !== 'EdDSA' || typeof kid !== 'string' || typeof typ !== 'string' || Object.keys(more).length > 0) {
    throw new MoimError('bad-signature', 'the header of a signed document is not ours');
  }
  return { kid, typ };
}
