/**
 * Connections to the hub, for HTTP and for the WebSocket alike: direct, or by CONNECT through a proxy (for http hubs too, so that the
 * link can be upgraded); the hub's certificate checked against the authority and the pin that the hospital set.
 */

import { createHash, X509Certificate } from 'node:crypto';
import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect as connectPlain } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls';
import { MoimError } from '#protocol/errors.ts';
import type { HubWay } from './hub-way.ts';

/** A proxy or a TLS handshake that takes longer is no way to the hub. */
const connectMs = 10_000;

type Done = (fault: Error | null, stream?: Duplex) => void;

/**
 * An agent that connects to `hubUrl` by `way`. `keepAlive` where many requests follow one another. Throws MoimError `bad-config`
 * where a pin is set and the hub has no TLS.
 */
export function hubAgent(hubUrl: string, way: HubWay, keepAlive = false): HttpAgent {
  const { protocol, hostname, port } = new URL(hubUrl);
  const secure = protocol === 'https:';
  if (!secure && way.pin !== undefined)
    throw new MoimError('bad-config', 'hubTlsPin is set and the hub is reached without TLS');
  const host = hostname.replace(/^\[|\]$/g, '');
  const target = { host, port: Number(port || (secure ? 443 : 80)) };
  const agent = secure ? new HttpsAgent({ keepAlive }) : new HttpAgent({ keepAlive });
  const open = (_options: ClientRequestArgs, done?: Done): undefined => {
    connect(target, secure, way).then(
      (stream) => done?.(null, stream),
      (fault: Error) => done?.(fault),
    );
  };
  // Node's agents ask this for a stream and take it by the callback; the types of the two agents differ in the stream's.
  agent.createConnection = open as typeof agent.createConnection;
  return agent;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

async function connect(target: Target, secure: boolean, way: HubWay): Promise<Duplex> {
  const plain = way.proxy ? await tunnel(target, way.proxy) : undefined;
  const stream = secure
    ? connectTls({
        ...(plain ? { socket: plain } : target),
        ...(/^[\d.]+$|:/.test(target.host) ? {} : { servername: target.host }),
        ...(way.ca === undefined ? {} : { ca: way.ca }),
        ALPNProtocols: ['http/1.1'],
        checkServerIdentity: (_host, certificate) => identityFault(target.host, certificate, way),
      })
    : (plain ?? connectPlain(target));
  if (stream === plain) return plain;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => stream.destroy(timedOut(target)), connectMs);
    const settle = (work: () => void) => {
      clearTimeout(timer);
      work();
    };
    stream.once(secure ? 'secureConnect' : 'connect', () => settle(() => resolve(stream)));
    stream.once('error', (fault) => settle(() => reject(fault)));
    if (plain) stream.once('close', () => plain.destroy());
  });
}

function identityFault(host: string, certificate: PeerCertificate, { pin }: HubWay): Error | undefined {
  const fault = checkServerIdentity(host, certificate);
  if (fault || pin === undefined) return fault;
  const spki = new X509Certificate(certificate.raw).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64') === pin
    ? undefined
    : new MoimError('pin-differs');
}

/** CONNECT (RFC 9110, section 9.3.6): a stream to `target` through the proxy. */
function tunnel(target: Target, proxy: URL): Promise<Duplex> {
  const to = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const name = decodeURIComponent(proxy.username);
  const secret = decodeURIComponent(proxy.password);
  const credentials = Buffer.from(`${name}:${secret}`).toString('base64');
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: to,
      agent: false,
      headers: {
        host: to,
        ...(name === '' ? {} : { 'proxy-authorization': `Basic ${credentials}` }),
      },
    });
    request.once('connect', (answer, stream, head) => {
      clearTimeout(timer);
      // From here on the request does not listen to it, and under TLS nobody does: what breaks it shows above.
      stream.on('error', () => stream.destroy());
      if (answer.statusCode !== 200) {
        stream.destroy();
        return reject(proxyRefusal(answer.statusCode ?? 0));
      }
      if (head.length > 0) stream.unshift(head);
      resolve(stream);
    });
    request.once('response', (answer) => {
      answer.destroy();
      reject(proxyRefusal(answer.statusCode ?? 0));
    });
    const timer = setTimeout(() => request.destroy(new Error('timeout')), connectMs);
    request.once('close', () => clearTimeout(timer));
    request.once('error', (cause) =>
      reject(
        new MoimError('proxy-refused', `the proxy ${proxy.host} cannot be reached`, {
          cause,
          remedy: 'Check the address in MOIM_HUB_PROXY, and that this machine may reach the proxy.',
        }),
      ),
    );
    request.end();
  });
}

const proxyRefusal = (status: number): MoimError =>
  status === 407
    ? new MoimError('proxy-refused', 'the proxy says 407: it asks for a name and a password', {
        remedy: 'Put them into the URL in MOIM_HUB_PROXY (http://name:password@host:port).',
      })
    : new MoimError('proxy-refused', `the proxy answered CONNECT with ${status}`);

const timedOut = ({ host, port }: Target): Error =>
  Object.assign(new Error(`no connection to ${host}:${port}`), { code: 'ETIMEDOUT' });
