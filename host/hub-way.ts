/** The way to the hub from inside a hospital's network: through which proxy, trusting which authority, pinned to which TLS key. */

import { MoimError } from '#protocol/errors.ts';
import { type Environment, readSetting } from './config.ts';
import { readText } from './home.ts';

export interface HubWay {
  /** An HTTP proxy that takes CONNECT; may hold a name and a password, so it is never printed. */
  readonly proxy?: URL;
  /** Certificate authorities (PEM): where given, no other is trusted. */
  readonly ca?: string;
  /** SHA-256 of the hub's TLS public key (its SubjectPublicKeyInfo), base64. */
  readonly pin?: string;
}

export interface HubWaySettings {
  readonly hubProxy?: string | undefined;
  readonly hubCaFile?: string | undefined;
  readonly hubTlsPin?: string | undefined;
}

/** From the environment alone: a study lead has no configuration file. */
export function hubWayOf(env: Environment): HubWay {
  return hubWay({
    hubProxy: readSetting(env, 'MOIM_HUB_PROXY'),
    hubCaFile: readSetting(env, 'MOIM_HUB_CA_FILE'),
    hubTlsPin: readSetting(env, 'MOIM_HUB_TLS_PIN'),
  });
}

/** Throws MoimError `bad-config`, which names the setting and never its value. */
export function hubWay({ hubProxy, hubCaFile, hubTlsPin }: HubWaySettings): HubWay {
  return {
    ...(hubProxy === undefined ? {} : { proxy: proxyUrl(hubProxy) }),
    ...(hubCaFile === undefined ? {} : { ca: authorities(hubCaFile) }),
    ...(hubTlsPin === undefined ? {} : { pin: pinOf(hubTlsPin) }),
  };
}

function proxyUrl(text: string): URL {
  if (!URL.canParse(text)) throw new MoimError('bad-config', 'hubProxy is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new MoimError(
      'bad-config',
      'hubProxy takes an http or https URL: http://[name:password@]host:port',
    );
  return url;
}

function authorities(file: string): string {
  const pem = readText(file, 'hubCaFile');
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new MoimError('bad-config', 'hubCaFile holds no certificate in PEM form');
  return pem;
}

/** 32 bytes in base64: a slip would otherwise show only as a pin that never fits. */
function pinOf(text: string): string {
  const pin = text.replace(/^sha256\/\//, '');
  if (!/^[A-Za-z0-9+/]{43}=$/.test(pin))
    throw new MoimError('bad-config', 'hubTlsPin is not the base64 of a SHA-256');
  return pin;
}
