/**
 * Loopback ports for servers that we start ourselves: 20000-32767, below the range from which the system hands out the
 * far ends of outgoing connections, so that a busy machine does not take ours by accident.
 */

import { createServer } from 'node:net';
import { MoimError } from '#protocol/errors.ts';

const firstPort = 20_000;
const lastPort = 32_767;

/**
 * Gives a port of 127.0.0.1 that could be bound just now: `preferred` where it is free, else the first free one from a
 * random start. Another process may still take it before the caller binds it, so a caller whose start fails because
 * the port is taken asks again, with that port in `avoid`. Throws MoimError `port-taken` when all are in use.
 */
export async function freePort(options: {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly preferred?: number | undefined;
  readonly avoid?: ReadonlySet<number>;
  readonly from?: number;
  readonly to?: number;
}): Promise<number> {
  const from = options.from ?? firstPort;
  const count = (options.to ?? lastPort) - from + 1;
  const usable = async (port: number) => !options.avoid?.has(port) && (await canBind(port));
  const { preferred } = options;
  if (preferred !== undefined && preferred >= from && preferred < from + count && (await usable(preferred))) {
    return preferred;
  }
  const start = Math.floor(options.random() * count);
  for (let step = 0; step < count; step += 1) {
    const port = from + ((start + step) % count);
    if (await usable(port)) return port;
  }
  throw new MoimError('port-taken', `no free port of 127.0.0.1 between ${from} and ${from + count - 1}`);
}

/** Whether a listener can be bound to this port of 127.0.0.1 now. The probe listener is closed again. */
export function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
