/** HTTP to the hub by the way that was set: the one place from which nodes and leads call it. */

import type { Agent } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { MoimError } from '#protocol/errors.ts';
import { errno } from './home.ts';
import { hubAgent } from './hub-agent.ts';
import type { HubWay } from './hub-way.ts';

export interface HubCall {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless `headers` names another type. */
  readonly body?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Bytes of an answer that are read at most: 1 MiB where nothing is said. */
  readonly limit?: number;
}

export interface HubAnswer {
  readonly status: number;
  readonly text: string;
  /** The Date header. */
  readonly date: string | null;
  /** The answer as JSON; undefined where it is none. */
  json(): unknown;
}

export interface HubHttp {
  readonly url: string;
  readonly agent: Agent;
  /**
   * Throws MoimError `hub-unreachable`, `proxy-refused`, `certificate-untrusted`, `pin-differs`, `too-large`; `interrupted` where the
   * caller's signal ended it.
   */
  call(path: string, call?: HubCall): Promise<HubAnswer>;
}

/** `keepAlive` where many calls follow one another. */
export function hubHttp(url: string, way: HubWay = {}, keepAlive = false): HubHttp {
  const base = url.replace(/\/+$/, '');
  const agent = hubAgent(base, way, keepAlive);
  return { url: base, agent, call: (path, call = {}) => send(`${base}${path}`, agent, call) };
}

const send = (url: string, agent: Agent, call: HubCall): Promise<HubAnswer> =>
  new Promise((resolve, reject) => {
    const { method = call.body === undefined ? 'GET' : 'POST', body, limit = 1024 * 1024 } = call;
    const timeout = AbortSignal.timeout(call.timeoutMs ?? 60_000);
    const failed = (cause: unknown) =>
      reject(call.signal?.aborted ? new MoimError('interrupted') : hubFault(url, cause));
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
      method,
      agent,
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
      headers: {
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
        ...call.headers,
      },
    });
    request.once('error', failed);
    request.once('response', (answer) => {
      const parts: Buffer[] = [];
      let size = 0;
      answer.on('data', (part: Buffer) => {
        size += part.length;
        if (size > limit) answer.destroy(new MoimError('too-large', 'the hub answered more than was asked'));
        else parts.push(part);
      });
      answer.once('error', failed);
      answer.once('end', () => {
        const text = Buffer.concat(parts).toString();
        const { statusCode: status = 0, headers } = answer;
        resolve({ status, text, date: headers.date ?? null, json: () => read(text) });
      });
    });
    request.end(body);
  });

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a failed connection means, in words for whoever runs this machine. */
export function hubFault(url: string, cause: unknown): MoimError {
  if (cause instanceof MoimError) return cause;
  const { host, hostname, origin } = new URL(url);
  const code = errno(cause) ?? '';
  if (untrusted.test(code))
    return new MoimError('certificate-untrusted', `the certificate of ${host} is not trusted (${code})`, {
      cause,
    });
  const [says, remedy] = reasons[code] ?? [];
  return new MoimError('hub-unreachable', `no answer from ${origin}${says ? `: ${says}` : ''}`, {
    cause,
    ...(remedy === undefined ? {} : { remedy: remedy.replace('HOST', hostname) }),
  });
}

const untrusted =
  /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|INVALID_CA|PATH_LENGTH|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME)/;

const dns = [
  'the name is not known (DNS)',
  'Check the name HOST in the hub URL and the DNS of this machine.',
] as const;
const reasons: Readonly<Record<string, readonly [string, string]>> = {
  ENOTFOUND: dns,
  EAI_AGAIN: dns,
  ECONNREFUSED: ['the connection was refused', 'Check the URL and that the hub runs, then run again.'],
  ETIMEDOUT: [
    'no answer',
    'A firewall drops it, perhaps: allow outbound connections to the hub, or set MOIM_HUB_PROXY.',
  ],
  EHOSTUNREACH: ['no route there', 'Check the network of this machine, or set MOIM_HUB_PROXY.'],
  ENETUNREACH: ['no route there', 'Check the network of this machine, or set MOIM_HUB_PROXY.'],
  ECONNRESET: [
    'the connection was cut',
    'A firewall or a TLS mismatch on the way: compare http or https and the port with the hub operator.',
  ],
};
