/**
 * SIGINT and SIGTERM as one abort signal. The first asks to stop in order, for at most `graceMs`; a second ends the process at once. The
 * same Ctrl-C often arrives twice (from the terminal and passed on by a parent): what comes within half a second is one.
 *
 * A front door that was killed asks to stop as well: who starts it again would otherwise find the home served for ever by a process that
 * nobody watches. So does a reader of the answer that has gone.
 */

const echoMs = 500;

/** Listens for the life of the process. */
export function abortOnSignals(graceMs = 10_000): AbortSignal {
  const abort = new AbortController();
  let first = 0;
  const stop = () => {
    if (!abort.signal.aborted) {
      first = performance.now();
      abort.abort();
      setTimeout(() => process.exit(70), graceMs).unref();
    } else if (performance.now() - first > echoMs) process.exit(130);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // Nobody reads the answer any more (`| head`): said once, and no fault.
  process.stdout.once('error', stop).on('error', () => {});
  if (process.channel) {
    process.once('disconnect', stop);
    // It must not keep a command alive that is done.
    process.channel.unref();
  }
  return abort.signal;
}
