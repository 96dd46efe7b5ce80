/** The hub's settings. Every one may be set in `hub.toml`, by `MOIM_*`, or by a file that `MOIM_*_FILE` names. */

import { isIP } from 'node:net';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { type Environment, readConfig, readSetting } from '#host/config.ts';
import { logLevels } from '#host/log.ts';
import { MoimError } from '#protocol/errors.ts';
import { oneOf } from '#protocol/schema.ts';

export const HubConfig = Type.Object(
  {
    /** Address to listen on. Loopback unless an operator says otherwise, explicitly. */
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    logLevel: oneOf(logLevels),
    /** Days after which an envelope that was not delivered is given up. */
    expiryDays: Type.Integer({ minimum: 1, maximum: 365 }),
    /** Whether programs on this machine read /metrics without a token. */
    metricsOpen: Type.Boolean(),
    /** Addresses (or `loopback`, `uniquelocal`) of the proxies whose X-Forwarded-For is believed. */
    trustedProxy: Type.String({ minLength: 1, maxLength: 1000 }),
  },
  { additionalProperties: false },
);
export type HubConfig = Readonly<Static<typeof HubConfig>> & { readonly databaseUrl?: string };

const defaults = {
  host: '127.0.0.1',
  port: 0,
  logLevel: 'info',
  expiryDays: 14,
  metricsOpen: false,
  trustedProxy: 'loopback',
} as const;

/** The commented file that `hub init` writes. */
export const hubConfigFile = (
  port: number,
): string => `# Moim hub. Every setting may also be set by MOIM_<NAME> or MOIM_<NAME>_FILE.

# The address and port that nodes and leads reach. Loopback by default: put a TLS-terminating proxy in front.
host = "127.0.0.1"
port = ${port}

# debug, info, warn, error or silent. Logs are JSON lines on stderr: ids, counts and codes only.
logLevel = "info"

# Days after which an envelope that was not delivered is given up.
expiryDays = 14

# Whether programs on this machine read /metrics without a token (MOIM_METRICS_OPEN). What a proxy passes on never counts as local.
metricsOpen = false

# The proxy that may say for whom it speaks (X-Forwarded-For), so that rate limits count callers and not the proxy: loopback, or its
# address or network, several with commas (MOIM_TRUSTED_PROXY).
trustedProxy = "loopback"
`;

export function readHubConfig(home: string, env: Environment): HubConfig {
  const config = readConfig(HubConfig, join(home, 'hub.toml'), env, defaults, {
    MOIM_HOST: 'host',
    MOIM_PORT: 'port',
    MOIM_LOG_LEVEL: 'logLevel',
    MOIM_EXPIRY_DAYS: 'expiryDays',
    MOIM_METRICS_OPEN: 'metricsOpen',
    MOIM_TRUSTED_PROXY: 'trustedProxy',
  });
  checkProxies(config.trustedProxy);
  const databaseUrl = readSetting(env, 'MOIM_DATABASE_URL');
  return databaseUrl === undefined ? config : { ...config, databaseUrl };
}

/** Names of networks that Fastify knows, addresses, and networks as address/bits. */
function checkProxies(list: string): void {
  for (const proxy of list.split(',').map((each) => each.trim())) {
    if (['loopback', 'linklocal', 'uniquelocal'].includes(proxy)) continue;
    const [address = '', bits, more] = proxy.split('/');
    const most = { 4: 32, 6: 128 }[isIP(address)];
    const whole = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (most ?? 0));
    if (most === undefined || !whole || more !== undefined)
      throw new MoimError(
        'bad-config',
        'trustedProxy (MOIM_TRUSTED_PROXY) takes loopback, linklocal, uniquelocal, addresses or networks, with commas',
      );
  }
}
