/** What stands between a hospital and its hub, as far as tests need it: proxies, TLS terminators, and firewalls of several tempers. */

import { createServer, type IncomingMessage, request } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { freePort } from '#host/ports.ts';
import type { ServerCertificate } from '#test/support/certificate.ts';
import type { Ending } from '#test/support/database.ts';

export interface Relay {
  readonly url: string;
  readonly port: number;
  /** Connections it took so far. */
  taken(): number;
}

/** An HTTP proxy that knows CONNECT and nothing else; asks for `name:password` where `auth` is given, refuses where `status` is. */
export async function connectProxy(
  t: Ending,
  { auth, status }: { readonly auth?: string; readonly status?: number } = {},
): Promise<Relay> {
  let taken = 0;
  const server = createServer((_request, answer) => answer.writeHead(405).end());
  const sockets = tracked(server);
  server.on('connect', (asked: IncomingMessage, client: Socket): void => {
    client.on('error', () => {});
    const given = asked.headers['proxy-authorization'];
    if (auth !== undefined && given !== `Basic ${Buffer.from(auth).toString('base64')}`)
      return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    if (status !== undefined) return void client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    taken += 1;
    const { hostname, port } = new URL(`http://${asked.url}`);
    const to = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      join(client, to);
    });
    to.on('error', () => client.destroy());
    sockets.add(to);
  });
  return { ...(await listening(t, server, sockets)), taken: () => taken };
}

/** A TLS terminator before a hub. */
export async function tlsRelay(t: Ending, target: string, certificate: ServerCertificate): Promise<Relay> {
  let taken = 0;
  const sockets = new Set<Socket>();
  const server = createTlsServer(certificate, (client) => {
    taken += 1;
    forward(client, target, sockets);
  });
  const relay = await listening(t, server, sockets);
  return { ...relay, url: relay.url.replace('http:', 'https:'), taken: () => taken };
}

/**
 * Passes HTTP and blocks the WebSocket: answers the Upgrade with 403, cuts it, or lets the 101 through,
 * swallows every frame and cuts it soon.
 * `open()` ends the blocking.
 */
export async function blockingRelay(
  t: Ending,
  target: string,
  how: 'answer' | 'cut' | 'swallow',
): Promise<Relay & { open(): void }> {
  let blocked = 0;
  let open = false;
  const { hostname, port } = new URL(target);
  const server = createServer((asked, answer) => {
    const passed = request(
      { host: hostname, port, path: asked.url, method: asked.method, headers: asked.headers },
      (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  const sockets = tracked(server);
  server.on('upgrade', (asked: IncomingMessage, client: Socket, head: Buffer): void => {
    client.on('error', () => {});
    if (!open) {
      blocked += 1;
      if (how === 'cut') return void client.destroy();
      if (how === 'answer') return void client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    }
    const to = connect(Number(port), hostname, () => {
      const lines = asked.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
      to.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines}\r\n`);
      to.write(head);
      if (open) return join(client, to);
      to.once('data', (answer) => {
        client.write(answer);
        client.resume();
        setTimeout(() => client.destroy(), 300);
      });
      client.on('close', () => to.destroy());
    });
    to.on('error', () => client.destroy());
    sockets.add(to);
  });
  return {
    ...(await listening(t, server, sockets)),
    taken: () => blocked,
    open: () => {
      open = true;
    },
  };
}

/** Cuts every connection that was silent for `ms`. */
export async function idleCutter(t: Ending, target: string, ms: number): Promise<Relay> {
  let cut = 0;
  const sockets = new Set<Socket>();
  const server = createTcpServer((client) => {
    forward(client, target, sockets);
    client.setTimeout(ms, () => {
      cut += 1;
      client.destroy();
    });
  });
  return { ...(await listening(t, server, sockets)), taken: () => cut };
}

function forward(client: Socket, target: string, sockets: Set<Socket>): void {
  const { hostname, port } = new URL(target);
  const to = connect(Number(port), hostname);
  sockets.add(client).add(to);
  join(client, to);
}

function join(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => {});
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

function tracked(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  return sockets;
}

async function listening(t: Ending, server: Server, sockets: Set<Socket>) {
  const port = await freePort({ random: Math.random });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${port}`, port };
}
