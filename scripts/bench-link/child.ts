/** A child process of the bench that answers messages in turn. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly pid: number;
  send(message: unknown): void;
  next<T>(): Promise<T>;
  end(): void;
}

export function startChild(file: string): Child {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const came: unknown[] = [];
  const waiting: { resolve: (message: unknown) => void; reject: (cause: Error) => void }[] = [];
  child.on('message', (message) => {
    const first = waiting.shift();
    if (first) first.resolve(message);
    else came.push(message);
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${file} ended with ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message as object),
    next: <T>() =>
      came.length > 0
        ? Promise.resolve(came.shift() as T)
        : new Promise<T>((resolve, reject) =>
            waiting.push({ resolve: resolve as (message: unknown) => void, reject }),
          ),
    end: () => void child.kill('SIGTERM'),
  };
}
