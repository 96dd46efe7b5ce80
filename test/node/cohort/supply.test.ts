/** How definitions are handed to the connections that work on them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientBase } from 'pg';
import type { DefinitionFile, ReadFile } from '#node/cohort/definitions.ts';
import type { EarlierRuns } from '#node/cohort/record.ts';
import { type Supplied, supplyOf } from '#node/cohort/supply.ts';

const client = {} as ClientBase;
const earlier: EarlierRuns = { answers: new Map(), names: new Set(), ids: [] };

function supply(count: number, connections: number, characters = 1) {
  const files = Array.from({ length: count }, (_, at) => ({ name: `${at}` }) as DefinitionFile);
  const asked: number[] = [];
  const gates: (() => void)[] = [];
  let held = false;
  const given = supplyOf(files, {
    connections,
    read: (file) => ({ name: file.name, characters }) as ReadFile,
    async ready(_client, some) {
      asked.push(some.length);
      if (held) await new Promise<void>((resolve) => gates.push(resolve));
      return earlier;
    },
  });
  const hold = () => {
    held = true;
  };
  return { given, asked, hold, release: () => gates.shift()?.() };
}

const places = (some: readonly Supplied[]) => some.map(({ place }) => place);

test('every definition is handed out once, in order, however many connections ask', async () => {
  for (const connections of [1, 2, 5]) {
    const { given } = supply(400, connections);
    const seen: number[] = [];
    const names: string[] = [];
    await Promise.all(
      Array.from({ length: connections }, async () => {
        for (let some = await given.next(client, 12); some.length > 0; some = await given.next(client, 12)) {
          seen.push(...places(some));
          names.push(...some.map(({ file }) => file.name));
        }
      }),
    );
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      Array.from({ length: 400 }, (_, at) => at),
    );
    assert.deepEqual(names, seen.map(String));
  }
});

test('one connection finds those that remain while another has the next made ready', async () => {
  const { given, hold, release, asked } = supply(200, 2);
  hold();
  const first = given.next(client, 12);
  release();
  assert.deepEqual(places(await first), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual(asked, [60]);
  // 48 are left: who comes now makes the next ready, and the other goes on without waiting for it.
  const filling = given.next(client, 12);
  assert.deepEqual(places(await given.next(client, 12)), [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  assert.deepEqual(asked, [60, 140]);
  release();
  assert.equal((await filling)[0]?.place, 24);
});

test('groups become smaller towards the end, so that no connection is left with the last of them', async () => {
  const { given } = supply(30, 2);
  const sizes: number[] = [];
  for (let some = await given.next(client, 12); some.length > 0; some = await given.next(client, 12))
    sizes.push(some.length);
  assert.deepEqual(sizes, [8, 6, 4, 3, 3, 2, 1, 1, 1, 1]);
});

test('long definitions are made ready a few at a time', async () => {
  const { given, asked } = supply(5, 1, 4_000_000);
  while ((await given.next(client, 12)).length > 0);
  assert.deepEqual(asked, [2, 2, 1]);
});

test('a fault of what is asked for many is thrown where it was asked, and nothing is handed out after a stop', async () => {
  const fault = new Error('gone');
  const files = [{ name: 'a' }, { name: 'b' }] as DefinitionFile[];
  const read = (file: DefinitionFile) => ({ name: file.name, characters: 1 }) as ReadFile;
  const failing = supplyOf(files, { connections: 2, read, ready: () => Promise.reject(fault) });
  await assert.rejects(failing.next(client, 1), fault);
  const { given } = supply(20, 2);
  assert.equal((await given.next(client, 1)).length, 1);
  given.stop();
  assert.equal(given.stopped, true);
  assert.deepEqual(await given.next(client, 1), []);
});

test('however many connections ask, no more is read than fits, and who asked has what there is', async () => {
  for (const connections of [1, 2, 16]) {
    const { given, asked } = supply(600, connections, 4_000_000);
    await given.next(client, 12);
    assert.deepEqual(asked, [2]);
  }
});

test('a file that makes reading throw ends the run, and nobody waits for it', async () => {
  const fault = new Error('read');
  const files = Array.from({ length: 100 }, (_, at) => ({ name: `${at}` }) as DefinitionFile);
  const read = (file: DefinitionFile) => {
    if (file.name === '80') throw fault;
    return { name: file.name, characters: 1 } as ReadFile;
  };
  const given = supplyOf(files, { connections: 2, read, ready: () => Promise.resolve(earlier) });
  const out = async () => {
    let count = 0;
    for (let some = await given.next(client, 12); some.length > 0; some = await given.next(client, 12))
      count += some.length;
    return count;
  };
  await assert.rejects(out(), fault);
  assert.ok((await out()) < 100);
});
