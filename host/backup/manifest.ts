/**
 * What a backup says of itself: whose it is, when it was taken, at which head of the audit log and in which epoch, by which migrations its tables
 * were made, and the SHA-256 of every part. The manifest is signed with the key of the home it was taken of.
 */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Type, { type Static } from 'typebox';
import { hash } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { Fingerprint, Instant, Sha256 } from '#protocol/ids.ts';
import { fingerprint, type PrivateKey } from '#protocol/keys.ts';
import { oneOf, parseJson, parser } from '#protocol/schema.ts';
import { sign, verifySignature } from '#protocol/sign.ts';
import { readText } from '../home.ts';
import { readPublicKey } from '../key-file.ts';

const closed = { additionalProperties: false } as const;
const Name = Type.String({ pattern: '^[a-z][a-z0-9_]{0,62}$' });
const Count = Type.Integer({ minimum: 0 });
/** Below the backup's folder, and nowhere else. */
const Path = Type.String({ pattern: '^(home|tables)(/[A-Za-z0-9_-][A-Za-z0-9._-]*){1,3}$' });

const Part = Type.Object(
  {
    path: Path,
    bytes: Count,
    sha256: Sha256,
    /** Where the part is a table's rows, as COPY writes them. */
    table: Type.Optional(
      Type.Object({ schema: Name, name: Name, columns: Type.Array(Name), rows: Count }, closed),
    ),
  },
  closed,
);
export type Part = Static<typeof Part>;

export const Manifest = Type.Object(
  {
    format: Type.Literal('moim-backup/1'),
    party: oneOf(['node', 'hub']),
    fingerprint: Fingerprint,
    madeAt: Instant,
    audit: Type.Object({ n: Count, hash: Sha256 }, closed),
    epoch: Type.Integer({ minimum: 1 }),
    migrations: Type.Array(
      Type.Object(
        {
          schema: Name,
          stream: oneOf(['moim', 'results', 'hub']),
          number: Type.Integer({ minimum: 1 }),
          name: Type.String({ pattern: '^[0-9]{4}-[a-z0-9-]+$' }),
          sha256: Sha256,
        },
        closed,
      ),
    ),
    sequences: Type.Array(
      Type.Object(
        { schema: Name, name: Name, value: Type.String({ pattern: '^-?[0-9]+$' }), called: Type.Boolean() },
        closed,
      ),
    ),
    parts: Type.Array(Part),
  },
  closed,
);
export type Manifest = Static<typeof Manifest>;
export type Party = Manifest['party'];

/** The file that tells whose home it is. */
export const keyFileOf: Readonly<Record<Party, string>> = { node: 'keys/site.json', hub: 'keys/hub.json' };

const manifests = parser(Manifest);
const manifestFile = 'manifest.json';
const signatureFile = 'manifest.jws';

/** The two texts that go into the backup's folder last. */
export async function sealManifest(
  manifest: Manifest,
  key: PrivateKey,
): Promise<Readonly<Record<string, string>>> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  return { [manifestFile]: text, [signatureFile]: await sign({ manifest: hash(text) }, 'moim-backup', key) };
}

/**
 * Reads a backup's manifest and verifies it and every part. Throws MoimError `backup-spoilt` where a part is missing, altered or not as signed.
 * That a backup is whole says nothing of whose it is: that is its fingerprint's to say.
 */
export async function openBackup(folder: string): Promise<Manifest> {
  if (!existsSync(join(folder, manifestFile)))
    throw new MoimError(
      'backup-spoilt',
      `${folder} holds no ${manifestFile}: it is no backup, or not a whole one`,
    );
  const text = readText(join(folder, manifestFile), 'manifest');
  const manifest = manifests.parse(parseJson(text, manifestFile), manifestFile);
  const paths = new Set(manifest.parts.map(({ path }) => path));
  if (paths.size !== manifest.parts.length) throw new MoimError('backup-spoilt', 'a part stands twice');
  await Promise.all(
    manifest.parts.map(async ({ path, sha256, bytes }) => {
      const found = await digest(join(folder, path));
      if (found?.sha256 !== sha256 || found.bytes !== bytes)
        throw new MoimError('backup-spoilt', `${path} is not what the manifest says`);
    }),
  );
  const keyPath = `home/${keyFileOf[manifest.party]}`;
  if (!paths.has(keyPath)) throw new MoimError('backup-spoilt', `${keyPath} is not in the backup`);
  const key = readPublicKey(join(folder, keyPath));
  if (fingerprint(key) !== manifest.fingerprint)
    throw new MoimError('backup-spoilt', 'the key in the backup is not the one the manifest names');
  const signed = await verifySignature(
    readText(join(folder, signatureFile), 'signature').trim(),
    'moim-backup',
    key,
  ).catch((cause: unknown) => {
    throw new MoimError('backup-spoilt', 'the manifest is not as it was signed', { cause });
  });
  if ((signed as { manifest?: unknown }).manifest !== hash(text))
    throw new MoimError('backup-spoilt', 'the manifest is not as it was signed');
  return manifest;
}

async function digest(path: string): Promise<{ sha256: string; bytes: number } | undefined> {
  const sum = createHash('sha256');
  let bytes = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sum.update(chunk);
      bytes += chunk.length;
      done();
    },
  });
  try {
    await pipeline(createReadStream(path), sink);
  } catch {
    return undefined;
  }
  return { sha256: sum.digest('hex'), bytes };
}
