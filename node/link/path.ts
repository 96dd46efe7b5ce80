/**
 * Which way the link takes: the WebSocket where it can, long-poll where a network lets none through. What worked is kept; the better way
 * is tried again now and then.
 */

export const linkModes = ['auto', 'websocket', 'poll', 'none'] as const;
export type LinkMode = (typeof linkModes)[number];
export type Path = Exclude<LinkMode, 'auto' | 'none'>;

export interface PathChoice {
  /** The way to try next. */
  next(): Path;
  /** `blocked`: this way was shut, while plain HTTP to the hub works. */
  failed(path: Path, blocked: boolean): void;
  worked(path: Path): void;
  /** A better way was found open. */
  prefer(path: Path): void;
}

/** One blocked attempt may be a hub that was just starting. */
const strikesToPoll = 2;

export function choosePath(mode: LinkMode): PathChoice {
  let path: Path = mode === 'poll' ? 'poll' : 'websocket';
  let strikes = 0;
  return {
    next: () => path,
    failed(tried, blocked) {
      if (mode !== 'auto') return;
      if (tried === 'poll') {
        // It worked when it was chosen: perhaps it is the WebSocket's turn. One more strike brings long-poll back.
        path = 'websocket';
        strikes = strikesToPoll - 1;
      } else if (blocked) {
        strikes += 1;
        if (strikes >= strikesToPoll) path = 'poll';
      } else strikes = 0;
    },
    worked(tried) {
      if (mode !== 'auto') return;
      path = tried;
      if (tried === 'websocket') strikes = 0;
    },
    prefer(better) {
      path = better;
      strikes = 0;
    },
  };
}
