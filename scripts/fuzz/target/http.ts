/** The hub's HTTP, on a real database: every route, with good tokens of every role and with bad ones. */

import type { InjectOptions } from 'fastify';
import { createCounters } from '#host/counters.ts';
import { makeHome } from '#host/home.ts';
import { createLog } from '#host/log.ts';
import { createHubApp } from '#hub/app.ts';
import { openHubDatabase } from '#hub/database.ts';
import { makeHubIdentity } from '#hub/identity.ts';
import { createToken, tokenRoles } from '#hub/sites/token.ts';
import { errors } from '#protocol/errors.ts';
import type { Draw } from '../random.ts';
import type { Target } from '../target.ts';

export interface HttpTarget {
  readonly target: Target;
  close(): Promise<void>;
}

interface Answer {
  readonly error?: { readonly code?: unknown };
}

export async function openHttp(home: string, url: string | undefined, weight: number): Promise<HttpTarget> {
  makeHome(home);
  const identity = await makeHubIdentity(home);
  const database = await openHubDatabase(home, url);
  const lines: string[] = [];
  const { app } = await createHubApp({
    db: database.db,
    identity,
    log: createLog('hub', 'debug', (line) => void lines.push(line)),
    now: Date.now,
    expiryDays: 14,
    counters: createCounters(),
  });
  const tokens = new Map<string, string>();
  for (const role of tokenRoles) {
    const needs = { role, ttlMs: 86_400_000, ...(role === 'site' ? { site: 'seoul' } : {}) };
    tokens.set(role, (await createToken(database.db, identity, Date.now(), needs)).secret);
  }
  await app.ready();
  return {
    target: {
      kind: 'http',
      weight,
      form: 'json',
      async run(input, draw) {
        lines.length = 0;
        const request = requestOf(input, tokens, draw);
        if (!request || !URL.canParse(String(request.url), 'http://hub')) return [];
        const { method } = request;
        const response = await app.inject(request);
        const { statusCode, body } = response;
        if (statusCode >= 500 && statusCode !== 503) throw new Error(`answered ${statusCode}`);
        if (statusCode >= 400 && method !== 'HEAD') checkRefusal(body);
        return [body, ...lines, JSON.stringify(response.headers)];
      },
    },
    async close() {
      await app.close();
      await database.close();
    },
  };
}

function checkRefusal(body: string): void {
  const code = (JSON.parse(body) as Answer).error?.code;
  if (typeof code !== 'string' || !Object.hasOwn(errors, code))
    throw new Error('refused without a code of the table');
}

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const;

/** The changed description of a request, made into one that the server can be sent; what cannot be sent is left out. */
function requestOf(
  input: Buffer,
  tokens: ReadonlyMap<string, string>,
  draw: Draw,
): InjectOptions | undefined {
  const wish = wishOf(input);
  const url = typeof wish.url === 'string' && wish.url !== '' ? wish.url : '/';
  const headers: Record<string, string> = {};
  if (typeof wish.headers === 'object' && wish.headers !== null)
    for (const [name, value] of Object.entries(wish.headers)) {
      if (/^[a-z0-9-]{1,60}$/i.test(name) && typeof value === 'string' && /^[\x20-\x7e]*$/.test(value))
        headers[name] = value.replace(/\{\{([a-z]+)\}\}/, (_, role: string) => tokens.get(role) ?? 'none');
    }
  delete headers['content-length'];
  delete headers.upgrade;
  const body =
    wish.body === undefined ? undefined : typeof wish.body === 'string' ? wish.body : written(wish.body);
  if (body === null) return undefined;
  return {
    method: methods.find((method) => method === wish.method) ?? 'GET',
    // Waiting is what these two are for.
    url: (draw.chance(0.9) ? encodeURI : asWritten)(
      `/${url.replace(/^\/+/, '')}`.slice(0, 4_000).toWellFormed(),
    )
      .replaceAll(/([?&]wait)=\d+/g, '$1=0')
      .replace(/poll\/down/g, 'poll/dawn'),
    headers,
    ...(body === undefined ? {} : { payload: body }),
    // Limits are kept by address; the next caller is another one.
    remoteAddress: `10.${draw.below(64)}.${draw.below(256)}.${draw.below(256)}`,
  };
}

/** Null where it is too deep to be written, and so to be sent. */
function written(body: unknown): string | null {
  try {
    return JSON.stringify(body) ?? null;
  } catch {
    return null;
  }
}

/** Bad escapes too, which `encodeURI` would escape. */
const asWritten = (url: string): string => url.replace(/[^\x21-\x7e]/g, '%zz');

function wishOf(input: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(input.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not a description any more: the bytes are sent as a body.
  }
  return {
    method: 'POST',
    url: '/api/v1/studies',
    headers: { authorization: 'Bearer {{lead}}', 'content-type': 'application/json' },
    body: input.toString('latin1'),
  };
}
