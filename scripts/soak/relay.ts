/** The way from a node to the hub, in our hands: a TCP relay that passes bytes on, or cuts, stalls, or forgets one side. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '#host/ports.ts';

export interface Relay {
  readonly url: string;
  /** `cut` resets both sides and takes nobody new; `stall` loses nothing and moves nothing. */
  set(way: 'open' | 'cut' | 'stall'): void;
  /** A middlebox that lost its table: the node's side is reset, the hub's side is told nothing. New connections pass. */
  forget(): void;
  /** Resets the hub's sides that were forgotten. */
  hangUp(): void;
  close(): void;
}

export async function openRelay(farPort: number, host = '127.0.0.1'): Promise<Relay> {
  const pairs = new Set<Pair>();
  const silent = new Set<Socket>();
  let way: Parameters<Relay['set']>[0] = 'open';
  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (way === 'cut') return void near.resetAndDestroy();
    const pair = new Pair(near, connect({ host: '127.0.0.1', port: farPort }), () => pairs.delete(pair));
    pairs.add(pair);
    if (way === 'open') pair.flow();
    else pair.hold();
  });
  const port = await listening(server, host);
  const hangUp = () => {
    for (const far of silent) far.resetAndDestroy();
    silent.clear();
  };
  return {
    url: `http://${host}:${port}`,
    hangUp,
    set(next) {
      way = next;
      for (const pair of pairs) {
        if (next === 'open') pair.flow();
        else if (next === 'stall') pair.hold();
        else pair.reset();
      }
    },
    forget() {
      for (const pair of pairs) silent.add(pair.forget());
    },
    close() {
      server.close();
      for (const pair of pairs) pair.reset();
      hangUp();
    },
  };
}

class Pair {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #gone: () => void;
  #held = false;
  #forgotten = false;

  constructor(near: Socket, far: Socket, gone: () => void) {
    this.#near = near;
    this.#far = far;
    this.#gone = gone;
    this.#pass(near, far);
    this.#pass(far, near);
  }

  flow(): void {
    this.#held = false;
    this.#near.resume();
    this.#far.resume();
  }

  hold(): void {
    this.#held = true;
    this.#near.pause();
    this.#far.pause();
  }

  reset(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }

  /** Gives the hub's side, which stays open and says nothing. */
  forget(): Socket {
    this.#forgotten = true;
    this.hold();
    this.#near.resetAndDestroy();
    this.#gone();
    return this.#far;
  }

  #pass(from: Socket, to: Socket): void {
    from.setNoDelay(true);
    from.on('data', (data) => {
      if (!to.destroyed && !to.write(data)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#held) from.resume();
    });
    from.on('end', () => void to.end());
    from.on('error', () => {});
    from.on('close', () => {
      if (this.#forgotten) return;
      to.destroy();
      this.#gone();
    });
  }
}

async function listening(server: Server, host: string): Promise<number> {
  for (;;) {
    const port = await freePort({ random: Math.random });
    const bound = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ host, port, exclusive: true }, () => resolve(true));
    });
    if (bound) return port;
  }
}
