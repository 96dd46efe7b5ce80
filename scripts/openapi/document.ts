/** The document that a hub serves at `/api/v1/openapi.json`: a hub is put together without a database, and asked. */

import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { createHubApp } from '#hub/app.ts';
import { createSigningKey, fingerprint, publicOf } from '#protocol/keys.ts';
import type { HubTables } from '#sql/tables/hub.ts';

/** JSON text, two spaces, a newline at the end. */
export async function openApiText(): Promise<string> {
  const key = await createSigningKey();
  const { app } = await createHubApp({
    db: new Kysely<HubTables>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    }),
    identity: { key, public: publicOf(key), fingerprint: fingerprint(publicOf(key)) },
    log: silentLog,
    now: Date.now,
    expiryDays: 14,
    counters: createCounters(),
  });
  try {
    const document: unknown = (await app.inject({ url: '/api/v1/openapi.json' })).json();
    return `${JSON.stringify(document, null, 2)}\n`;
  } finally {
    await app.close();
  }
}
