/** The node's settings. Every one may be set in `node.toml`, by `MOIM_*`, or by a file that `MOIM_*_FILE` names. */

import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { type Environment, readConfig, readSetting } from '#host/config.ts';
import { logLevels } from '#host/log.ts';
import { oneOf } from '#protocol/schema.ts';
import { linkModes } from './link/path.ts';

export const NodeConfig = Type.Object(
  {
    /** Address of the node's own health page. The federation needs no inbound port. */
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    logLevel: oneOf(logLevels),
    /** Schema of the OMOP CDM. */
    cdmSchema: Type.String({ pattern: '^[a-z_][a-z0-9_]{0,62}$' }),
    /** Seconds that one cohort of a study may take. */
    queryTimeoutSeconds: Type.Number({ exclusiveMinimum: 0, maximum: 86_400 }),
    /** Seconds that disclosure control of one cohort may take; a short limit on queries must not keep back an answer. */
    disclosureTimeoutSeconds: Type.Number({ exclusiveMinimum: 0, maximum: 86_400 }),
    /** How the link may go: WebSocket where it can and long-poll where not, or one of them alone. */
    link: oneOf(linkModes),
    /** PEM of the authorities that may vouch for the hub's TLS certificate; no other is trusted then. */
    hubCaFile: Type.Optional(Type.String({ minLength: 1 })),
    /** Base64 SHA-256 of the hub's TLS public key. */
    hubTlsPin: Type.Optional(Type.String({ minLength: 1 })),
    /** An HTTP proxy that takes CONNECT; may hold a name and a password. */
    hubProxy: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
);
export type NodeConfig = Readonly<Static<typeof NodeConfig>> & {
  /** A given server for the node's own state (and the CDM, unless attached). */
  readonly databaseUrl?: string;
  /** A hospital's own CDM, attached: SELECT only. */
  readonly cdmUrl?: string;
};

const defaults = {
  host: '127.0.0.1',
  port: 0,
  logLevel: 'info',
  cdmSchema: 'cdm',
  queryTimeoutSeconds: 600,
  disclosureTimeoutSeconds: 600,
  link: 'auto',
} as const;

/** The commented file that `node init` writes. */
export const nodeConfigFile = `# Moim node. docs/settings.md names the variable that sets each of these too (or the file it is in: …_FILE).
# MOIM_DATABASE_URL names a PostgreSQL server of your own in place of the embedded one; MOIM_CDM_URL attaches your own OMOP
# CDM, read only (\`moim node init --grants\` prints the grants). Both are secrets and have no place in this file.

# The node's health page. The node dials out; nobody needs to reach it.
host = "127.0.0.1"
port = 0

# debug, info, warn, error or silent. Logs are JSON lines on stderr: ids, counts and codes only.
logLevel = "info"

# The schema that holds the OMOP CDM.
cdmSchema = "cdm"

# Seconds that one cohort of a study may take before it is stopped and reported as failed (MOIM_QUERY_TIMEOUT).
queryTimeoutSeconds = 600

# Seconds that disclosure control of one cohort may take before nothing of it leaves (MOIM_DISCLOSURE_TIMEOUT).
disclosureTimeoutSeconds = 600

# How the link to the hub goes: auto (a WebSocket, and long-poll where the network lets none through), websocket, poll, or
# none (everything is carried by hand: moim node carry-out and carry-in).
link = "auto"

# The way to the hub, where it is not direct. A proxy that asks for a name and a password is set by MOIM_HUB_PROXY or
# MOIM_HUB_PROXY_FILE instead (http://name:password@host:port): this file is no place for a secret.
# hubProxy = "http://proxy.hospital.example:3128"
# hubCaFile = "/etc/moim/authority.pem"    # trust this authority, and no other, for the hub's TLS certificate
# hubTlsPin = "…"                          # base64 of the SHA-256 of the hub's TLS public key
`;

export function readNodeConfig(home: string, env: Environment): NodeConfig {
  const config = readConfig(NodeConfig, join(home, 'node.toml'), env, defaults, {
    MOIM_HOST: 'host',
    MOIM_PORT: 'port',
    MOIM_LOG_LEVEL: 'logLevel',
    MOIM_CDM_SCHEMA: 'cdmSchema',
    MOIM_QUERY_TIMEOUT: 'queryTimeoutSeconds',
    MOIM_DISCLOSURE_TIMEOUT: 'disclosureTimeoutSeconds',
    MOIM_LINK: 'link',
    MOIM_HUB_PROXY: 'hubProxy',
    MOIM_HUB_CA_FILE: 'hubCaFile',
    MOIM_HUB_TLS_PIN: 'hubTlsPin',
  });
  const databaseUrl = readSetting(env, 'MOIM_DATABASE_URL');
  const cdmUrl = readSetting(env, 'MOIM_CDM_URL');
  return {
    ...config,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(cdmUrl === undefined ? {} : { cdmUrl }),
  };
}
