/**
 * Sealing: what only the named recipients can open. One content key encrypts the bytes (XChaCha20-Poly1305, IETF); for each
 * recipient the content key is wrapped under BLAKE2b-256 of (X25519 shared secret, ephemeral public key, recipient's public key,
 * hash of the context). The context — job, study, schema, policy and recipient hashes — is associated data of both
 * layers: a reply cut out of one job opens in no other. (`crypto_box_seal` has no associated data, hence this construction.)
 */

import sodium from 'libsodium-wrappers';
import Type, { type Static } from 'typebox';
import { fromBase64url, toBase64url, utf8 } from './bytes.ts';
import { canonical, canonicalHash, type Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { type Random, secureRandom } from './ids.ts';
import { SealingKey, type SealingPair } from './keys.ts';

const Base64url = Type.String({ pattern: '^[A-Za-z0-9_-]+$' });

export const Sealed = Type.Object(
  {
    v: Type.Literal(1),
    nonce: Base64url,
    ciphertext: Base64url,
    recipients: Type.Array(
      Type.Object(
        { key: SealingKey, ephemeral: SealingKey, nonce: Base64url, wrapped: Base64url },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 16 },
    ),
  },
  { additionalProperties: false },
);
export type Sealed = Static<typeof Sealed>;

/**
 * Seals bytes to X25519 public keys (base64url) under a context. `random` is an argument for golden vectors only. Throws MoimError
 * `bad-input` where a recipient's key is none (not 32 bytes, or a point of small order).
 */
export async function seal(
  plaintext: Uint8Array,
  recipients: readonly string[],
  context: Json,
  random: Random = secureRandom,
): Promise<Sealed> {
  await sodium.ready;
  const associated = utf8(canonical(context));
  const contentKey = random(32);
  const nonce = random(24);
  const wraps = recipients.map((key) => {
    const secret = random(32);
    const ephemeral = sodium.crypto_scalarmult_base(secret);
    const wrapNonce = random(24);
    const wrapKey = agreeWith(key, secret, ephemeral, context);
    const wrapped = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
      contentKey,
      associated,
      null,
      wrapNonce,
      wrapKey,
    );
    sodium.memzero(secret);
    return {
      key,
      ephemeral: toBase64url(ephemeral),
      nonce: toBase64url(wrapNonce),
      wrapped: toBase64url(wrapped),
    };
  });
  const ciphertext = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    plaintext,
    associated,
    null,
    nonce,
    contentKey,
  );
  sodium.memzero(contentKey);
  return { v: 1, nonce: toBase64url(nonce), ciphertext: toBase64url(ciphertext), recipients: wraps };
}

/**
 * Opens what was sealed to `pair` under the same context. Throws MoimError `cannot-open` where the key is not among the
 * recipients, the context differs or a byte was changed; it does not say which.
 */
export async function open(sealed: Sealed, pair: SealingPair, context: Json): Promise<Uint8Array> {
  await sodium.ready;
  const wrap = sealed.recipients.find((recipient) => recipient.key === pair.public);
  if (!wrap) throw new MoimError('cannot-open');
  try {
    const associated = utf8(canonical(context));
    const ephemeral = fromBase64url(wrap.ephemeral);
    const wrapKey = agree(
      fromBase64url(pair.secret),
      ephemeral,
      ephemeral,
      fromBase64url(pair.public),
      context,
    );
    const contentKey = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      fromBase64url(wrap.wrapped),
      associated,
      fromBase64url(wrap.nonce),
      wrapKey,
    );
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      fromBase64url(sealed.ciphertext),
      associated,
      fromBase64url(sealed.nonce),
      contentKey,
    );
  } catch (cause) {
    throw new MoimError('cannot-open', undefined, { cause });
  }
}

function agreeWith(recipient: string, secret: Uint8Array, ephemeral: Uint8Array, context: Json): Uint8Array {
  try {
    return agree(secret, fromBase64url(recipient), ephemeral, fromBase64url(recipient), context);
  } catch (cause) {
    if (cause instanceof MoimError) throw cause;
    throw new MoimError('bad-input', 'a recipient’s sealing key is not a usable X25519 key', { cause });
  }
}

/** BLAKE2b-256 over (shared secret, both public keys, context hash); crypto_scalarmult refuses points of small order. */
function agree(
  secret: Uint8Array,
  theirs: Uint8Array,
  ephemeral: Uint8Array,
  recipient: Uint8Array,
  context: Json,
): Uint8Array {
  const shared = sodium.crypto_scalarmult(secret, theirs);
  const input = new Uint8Array([
    ...utf8('moim-seal-1'),
    ...ephemeral,
    ...recipient,
    ...utf8(canonicalHash(context)),
  ]);
  const key = sodium.crypto_generichash(32, input, shared);
  sodium.memzero(shared);
  return key;
}
