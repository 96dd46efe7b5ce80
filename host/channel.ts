/**
 * What the link runs over: text frames in order between two peers. A WebSocket is one way; coordinator/hub/link/poll-channel.ts and
 * node/link/poll-channel.ts are the two ends of another, for networks that let no WebSocket through.
 */

import type { RawData, WebSocket } from 'ws';
import type { ErrorCode } from '#protocol/errors.ts';

export interface Channel {
  readonly kind: 'websocket' | 'poll';
  readonly open: boolean;
  send(text: string): void;
  /** Ends it in good order: what was sent still arrives. `why` where the peer broke the rules. */
  close(why?: ErrorCode): void;
  /** Ends it at once. */
  terminate(): void;
  /** Back-pressure: stop and go on reading from the peer. */
  pause(): void;
  resume(): void;
  /** The peer has proved its key: it gets the room of the link from here on. */
  admit(): void;
  /** Watches from here on whether the peer is there, and ends the channel where it is not. */
  keepAlive(): void;
  /** Messages in the order they came. One that is not text comes as no bytes at all, which is no frame. */
  onMessage(take: (message: Buffer) => void): void;
  /** Called once. `why` where this end gave up for a fault of the peer, such as a message over the limit. */
  onClose(done: (why?: ErrorCode) => void): void;
}

/** A peer that has not answered a ping for this long is gone. */
const heartbeatMs = 15_000;

/** RFC 6455, section 7.4.1. */
const normal = 1000;
const broken = 1002;

/** A WebSocket as a channel: one that is open already, or is being opened by its owner. */
export function webSocketChannel(socket: WebSocket): Channel {
  let why: ErrorCode | undefined;
  let closed = false;
  const done: ((why?: ErrorCode) => void)[] = [];
  socket.on('error', (cause) => {
    if ('code' in cause && cause.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') why = 'too-large';
    socket.terminate();
  });
  socket.on('close', () => {
    closed = true;
    for (const tell of done.splice(0)) tell(why);
  });
  return {
    kind: 'websocket',
    get open() {
      return socket.readyState === socket.OPEN;
    },
    send: (text) => socket.send(text),
    close: (fault) => socket.close(fault === undefined ? normal : broken),
    terminate: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    admit() {},
    // Not one that closed meanwhile: nothing would ever end its timer.
    keepAlive: () => (closed ? undefined : beat(socket)),
    onMessage: (take) =>
      void socket.on('message', (data, isBinary) => take(isBinary ? Buffer.alloc(0) : bytesOf(data))),
    onClose: (tell) => (closed ? tell(why) : void done.push(tell)),
  };
}

const bytesOf = (data: RawData): Buffer => {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
};

/** Pings until the socket closes, and ends a socket whose peer does not answer. */
function beat(socket: WebSocket): void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, heartbeatMs);
  socket.on('close', () => clearInterval(timer));
}
