/** The hub's settings. Every one may be set in `hub.toml`, by `MOIM_*`, or by a file that `MOIM_*_FILE` names. */

import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { type Environment, readConfig, readSetting } from '#host/config.ts';
import { logLevels } from '#host/log.ts';
import { oneOf } from '#protocol/schema.ts';

export const HubConfig = Type.Object(
  {
    /** Address to listen on. Loopback unless an operator says otherwise, explicitly. */
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    logLevel: oneOf(logLevels),
    /** Days after which an envelope that was not delivered is given up. */
    expiryDays: Type.Integer({ minimum: 1, maximum: 365 }),
  },
  { additionalProperties: false },
);
export type HubConfig = Readonly<Static<typeof HubConfig>> & { readonly databaseUrl?: string };

const defaults = { host: '127.0.0.1', port: 0, logLevel: 'info', expiryDays: 14 } as const;

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
`;

export function readHubConfig(home: string, env: Environment): HubConfig {
  const config = readConfig(HubConfig, join(home, 'hub.toml'), env, defaults, {
    MOIM_HOST: 'host',
    MOIM_PORT: 'port',
    MOIM_LOG_LEVEL: 'logLevel',
    MOIM_EXPIRY_DAYS: 'expiryDays',
  });
  const databaseUrl = readSetting(env, 'MOIM_DATABASE_URL');
  return databaseUrl === undefined ? config : { ...config, databaseUrl };
}
