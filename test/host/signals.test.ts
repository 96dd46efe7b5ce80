import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProcess } from '#test/support/process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A process that stops in order, or (`deaf`) never does; the grace is short so that the test need not wait. */
const program = (grace: number, deaf: boolean) => `
  import { abortOnSignals } from '#host/signals.ts';
  const signal = abortOnSignals(${grace});
  const alive = setInterval(() => {}, 1000);
  signal.addEventListener('abort', () => {
    console.log('asked');
    ${deaf ? '' : 'clearInterval(alive); process.exitCode = 5;'}
  });
  console.log('ready');
`;

const start = (t: Parameters<typeof startProcess>[0], grace: number, deaf: boolean) =>
  startProcess(t, process.execPath, ['--input-type=module', '-e', program(grace, deaf)], { cwd: root });

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  test(`${name} asks to stop in order, and the process ends as it likes`, async (t) => {
    const running = start(t, 60_000, false);
    await running.line(/^ready$/);
    running.kill(name);
    assert.deepEqual(await running.ended, { code: 5, signal: null });
  });
}

test('a process that does not stop in its grace ends with 70', async (t) => {
  const running = start(t, 50, true);
  await running.line(/^ready$/);
  running.kill('SIGTERM');
  assert.deepEqual(await running.ended, { code: 70, signal: null });
});

test('a second signal ends it at once; an echo of the first does not', async (t) => {
  const running = start(t, 60_000, true);
  await running.line(/^ready$/);
  running.kill('SIGINT');
  await running.line(/^asked$/);
  running.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 700));
  running.kill('SIGTERM');
  assert.deepEqual(await running.ended, { code: 130, signal: null });
});

test('a process whose front door was killed ends in order by itself', async (t) => {
  const front = `
    import { spawn } from 'node:child_process';
    spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(program(60_000, false))}], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  `;
  const running = startProcess(t, process.execPath, ['--input-type=module', '-e', front], { cwd: root });
  await running.line(/^ready$/);
  running.kill('SIGKILL');
  // Its output is complete only when the other has ended too.
  assert.deepEqual(await running.ended, { code: null, signal: 'SIGKILL' });
  assert.match(running.stdout(), /^asked$/m);
});

test('a process whose answer nobody reads any more is asked to stop', async () => {
  const chatty = `${program(60_000, false)} setInterval(() => console.log('line'), 10).unref();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', chatty], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  assert.deepEqual(await once(child, 'exit'), [5, null]);
});
