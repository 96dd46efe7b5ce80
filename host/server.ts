/** Listening: an explicit address, a port of our range where none is set, and a clear error where the port is taken. */

import type { FastifyInstance } from 'fastify';
import { MoimError } from '#protocol/errors.ts';
import { errno } from './home.ts';
import { freePort } from './ports.ts';

/** Gives the URL listened on. Port 0 takes a free one from the allocator. Throws MoimError `port-taken`. */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  const avoid = new Set<number>();
  for (;;) {
    const chosen = port === 0 ? await freePort({ random: Math.random, avoid }) : port;
    try {
      return await app.listen({ host, port: chosen });
    } catch (cause) {
      if (errno(cause) !== 'EADDRINUSE')
        throw new MoimError('cannot-listen', `${host}: ${errno(cause)}`, { cause });
      if (port !== 0) {
        throw new MoimError('port-taken', `port ${port} of ${host} is taken`, {
          cause,
          remedy:
            'Stop the program that listens there, or set another port (MOIM_PORT or the configuration file).',
        });
      }
      avoid.add(chosen);
    }
  }
}

/** Requests that are under way have this long to end. */
const graceMs = 2_000;

/**
 * Closes a server: what is under way ends first, for a moment. A connection that never asked anything (a probe, a client that was cut off)
 * would otherwise hold it open for ever, since nothing counts it as idle.
 */
export async function closeServer(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), graceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}
