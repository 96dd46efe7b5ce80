/**
 * The link session on a real mailbox, with the other end in memory. Longer than 300 lines because the two ends it plays and
 * the breaks between them are one story.
 */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Kysely, PostgresDialect } from 'kysely';
import { type LinkSession, type SessionDeps, startSession } from '#host/link-session.ts';
import { type LogFields, silentLog } from '#host/log.ts';
import { enqueue, type Position, pending, position, take } from '#host/mailbox.ts';
import type { BatchDb } from '#host/mailbox-batch.ts';
import { MoimError } from '#protocol/errors.ts';
import { type Frame, readFrame } from '#protocol/frame.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { MailboxTables } from '#sql/tables/mailbox.ts';
import { testDatabase } from '#test/support/database.ts';

const { pool } = await testDatabase({ after }, { streams: ['hub', 'moim'] });
const open = (schema: string) =>
  new Kysely<MailboxTables>({ dialect: new PostgresDialect({ pool }) }).withSchema(schema);
const [hub, node] = [open('hub'), open('moim')];

const window = 32;
const now = '2026-01-15T09:30:00.000Z';
const start: Position = { epoch: 1n, seq: 0n };
/** What an envelope looks like to the link. */
const envelopeOf = (n: number): string => `h.${n}.s`;

async function fill(db: Kysely<MailboxTables>, peer: string, count: number, from = 1): Promise<string[]> {
  const envelopes = Array.from({ length: count }, (_, i) => envelopeOf(from + i));
  for (const envelope of envelopes) {
    await db
      .transaction()
      .execute((transaction) =>
        enqueue(transaction, peer, { message: uuidv7(Date.now()), envelope, expiresAt: now, now }),
      );
  }
  return envelopes;
}

/** Waits, turn by turn of the event loop, until something is so. */
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await new Promise((resolve) => setImmediate(resolve));
}

interface Ends {
  readonly sent: Frame[];
  readonly closed: () => number;
  readonly logged: { event: string; fields: LogFields | undefined }[];
}

/** One end whose peer is this test. */
function begin(
  db: BatchDb,
  peer: string,
  after: Position,
  more: Partial<SessionDeps> = {},
): Ends & { session: LinkSession } {
  const sent: Frame[] = [];
  const logged: Ends['logged'] = [];
  let closed = 0;
  const session = startSession(
    {
      db,
      peer,
      log: { ...silentLog, warn: (event, fields) => logged.push({ event, fields }) },
      now: () => Date.parse(now),
      store: async () => {},
      other: async () => {},
      send: (text) => sent.push(readFrame(text)),
      close: () => {
        closed += 1;
      },
      pause: () => {},
      resume: () => {},
      ...more,
    },
    after,
  );
  return { session, sent, logged, closed: () => closed };
}

const ack = (seq: number): Frame => ({ t: 'ack', epoch: 1, seq });
const deliver = (seq: number): Frame => ({ t: 'deliver', epoch: 1, seq, envelope: envelopeOf(seq) });

test('no more is in flight than the window, and each acknowledgement makes room for one', async () => {
  const envelopes = await fill(node, 'hub-1', 80);
  const { session, sent } = begin(node, 'hub-1', start);
  await session.settled();
  assert.equal(sent.length, window);
  for (let i = 0; i < 5; i += 1) session.kick();
  await session.settled();
  await fill(node, 'hub-1', 1, 81);
  session.kick();
  for (let acked = 1; acked <= 81; acked += 1) {
    session.receive(ack(acked));
    await until(() => sent.length >= Math.min(window + acked, 81));
    assert.equal(sent.length, Math.min(window + acked, 81));
  }
  assert.deepEqual(
    sent,
    [...envelopes, envelopeOf(81)].map((envelope, i) => ({ t: 'deliver', epoch: 1, seq: i + 1, envelope })),
  );
  await session.settled();
  assert.deepEqual(await pending(node, 'hub-1', start, 100), []);
  session.end();
});

test('goes on after what the peer holds, and counts that as acknowledged', async () => {
  await fill(node, 'hub-2', 6);
  const { session, sent } = begin(node, 'hub-2', { epoch: 1n, seq: 4n });
  await session.settled();
  assert.deepEqual(
    sent.map((frame) => (frame.t === 'deliver' ? frame.seq : 0)),
    [5, 6],
  );
  assert.deepEqual(
    (await pending(node, 'hub-2', start, 100)).map(({ seq }) => Number(seq)),
    [5, 6],
  );
  session.end();
});

test('sends nothing under numbers that the peer holds already: this side was set back', async () => {
  for (const after of [
    { epoch: 1n, seq: 3n },
    { epoch: 2n, seq: 0n },
  ]) {
    const peer = `set-back-${after.epoch}-${after.seq}`;
    await fill(node, peer, 2);
    const { session, sent, closed, logged } = begin(node, peer, after);
    await session.settled();
    session.kick();
    assert.deepEqual(sent, []);
    assert.equal(closed(), 1);
    assert.equal(logged[0]?.fields?.code, 'set-back');
    assert.equal((await pending(node, peer, start, 100)).length, 2, 'nothing counts as acknowledged');
  }
});

test('makes the peer wait while much is unhandled, and lets it go on', async () => {
  const told: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { session } = begin(node, 'hub-pressed', start, {
    store: () => held,
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
  });
  await session.settled();
  for (let seq = 1; seq <= 80; seq += 1) {
    session.receive({ t: 'deliver', epoch: 1, seq, envelope: envelopeOf(seq) });
  }
  assert.deepEqual(told, ['pause']);
  release();
  await session.settled();
  assert.deepEqual(told, ['pause', 'resume']);
  session.end();
});

test('an envelope queued later is sent on a kick, once however many kicks', async () => {
  const { session, sent } = begin(node, 'hub-3', start);
  await session.settled();
  assert.equal(sent.length, 0);
  await fill(node, 'hub-3', 3);
  for (let i = 0; i < 4; i += 1) session.kick();
  await until(() => sent.length >= 3);
  await session.settled();
  assert.equal(sent.length, 3);
  session.end();
});

test('deliveries are stored one at a time, in order, and acknowledged after they are durable', async () => {
  const trace: string[] = [];
  const { session } = begin(node, 'hub-4', start, {
    store: async (envelope) => {
      trace.push(`store ${envelope}`);
      await new Promise((resolve) => setImmediate(resolve));
      trace.push(`stored ${envelope}`);
    },
    send: (text) => trace.push(text),
  });
  for (const seq of [1, 2]) session.receive(deliver(seq));
  await session.settled();
  const line = (seq: number) => JSON.stringify({ t: 'ack', epoch: 1, seq });
  assert.deepEqual(trace, ['store h.1.s', 'stored h.1.s', line(1), 'store h.2.s', 'stored h.2.s', line(2)]);
  session.end();
});

test('a store that throws closes the link, and nothing is acknowledged then or after', async () => {
  const stored: string[] = [];
  const { session, sent, closed, logged } = begin(node, 'hub-5', start, {
    store: async (envelope) => {
      if (envelope === envelopeOf(2)) throw new Error('KIM-MINSU: disk full');
      stored.push(envelope);
    },
  });
  for (const seq of [1, 2, 3]) session.receive(deliver(seq));
  await session.settled();
  assert.deepEqual(sent, [ack(1)]);
  assert.deepEqual(stored, [envelopeOf(1)]);
  assert.equal(closed(), 1);
  assert.deepEqual(logged, [{ event: 'link-broken', fields: { site: 'hub-5', code: 'internal' } }]);
  await fill(node, 'hub-5', 1);
  session.kick();
  session.receive(deliver(3));
  await session.settled();
  assert.equal(sent.length, 1, 'a link that broke sends nothing more');
});

test('a gap closes the link under its code', async () => {
  const { session, sent, closed, logged } = begin(node, 'hub-6', start, {
    store: async (_, at) =>
      void (await node.transaction().execute((transaction) => take(transaction, 'hub-6', at))),
  });
  session.receive(deliver(2));
  await session.settled();
  assert.deepEqual([sent.length, closed(), logged[0]?.fields?.code], [0, 1, 'out-of-order']);
  assert.deepEqual(await position(node, 'hub-6', 'in'), start);
});

test('a frame that the end has no use for closes the link; one that it has goes to it in order', async () => {
  const seen: string[] = [];
  const other = async (frame: Frame) => {
    seen.push(frame.t);
    if (frame.t === 'hello') throw new MoimError('bad-input');
  };
  const { session, closed } = begin(node, 'hub-7', start, {
    other,
    store: async () => void seen.push('deliver'),
  });
  session.receive({ t: 'state', job: uuidv7(0), state: 'running' });
  session.receive(deliver(1));
  await session.settled();
  assert.deepEqual([seen, closed()], [['state', 'deliver'], 0]);
  session.receive({
    t: 'hello',
    versions: [1],
    site: 'ab',
    key: 'A'.repeat(43),
    nonce: 'A'.repeat(43),
    capabilities: [],
  });
  session.receive(deliver(2));
  await session.settled();
  assert.deepEqual([seen, closed()], [['state', 'deliver', 'hello'], 1]);
});

test('a socket that cannot be written, or a database that is gone, closes the link once', async () => {
  await fill(node, 'hub-8', 3);
  const broken = begin(node, 'hub-8', start, {
    send: () => {
      throw new Error('not open');
    },
  });
  await broken.session.settled();
  broken.session.kick();
  assert.equal(broken.closed(), 1);
  assert.equal((await pending(node, 'hub-8', start, 9)).length, 3);
  const gone = begin(open('no_such_schema'), 'hub-8', start);
  await gone.session.settled();
  assert.equal(gone.closed(), 1);
  assert.doesNotMatch(JSON.stringify(gone.logged), /no_such_schema/);
});

test('an ended session is silent, and acknowledges nothing that it was still storing', async () => {
  let finish = () => {};
  let storing = false;
  const stored = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { session, sent, closed } = begin(node, 'hub-9', start, {
    store: () => {
      storing = true;
      return stored;
    },
  });
  session.receive(deliver(1));
  await until(() => storing);
  session.end();
  finish();
  await session.settled();
  assert.deepEqual([sent.length, closed()], [0, 0]);
});

/** Two real ends, joined by a wire that is cut after so many frames; then again, until all has arrived. */
async function exchange(
  site: string,
  cuts: readonly number[],
): Promise<{ atHub: string[]; atNode: string[]; links: number }> {
  const arrived = { atHub: [] as string[], atNode: [] as string[] };
  const storeAt =
    (db: Kysely<MailboxTables>, peer: string, list: string[]) => async (envelope: string, at: Position) => {
      const taken = await db.transaction().execute((transaction) => take(transaction, peer, at));
      if (taken) list.push(envelope);
    };
  const allAcknowledged = async () =>
    (await pending(node, `${site}-hub`, start, 1)).length === 0 &&
    (await pending(hub, site, start, 1)).length === 0;
  let links = 0;
  while (!(await allAcknowledged())) {
    let left = cuts[links] ?? Number.POSITIVE_INFINITY;
    links += 1;
    const ends: { hub?: LinkSession; node?: LinkSession } = {};
    let cut = false;
    const carry = (to: 'hub' | 'node') => (text: string) => {
      if (cut) throw new MoimError('link-closed');
      left -= 1;
      if (left < 0) {
        // What was written into a broken wire is lost without a word.
        cut = true;
        return;
      }
      setImmediate(() => ends[to]?.receive(readFrame(text)));
    };
    const common = {
      log: silentLog,
      now: () => Date.parse(now),
      other: async () => {},
      close: () => {},
      pause: () => {},
      resume: () => {},
    };
    const [holdsNode, holdsHub] = [
      await position(node, `${site}-hub`, 'in'),
      await position(hub, site, 'in'),
    ];
    ends.hub = startSession(
      { ...common, db: hub, peer: site, send: carry('node'), store: storeAt(hub, site, arrived.atHub) },
      holdsNode,
    );
    ends.node = startSession(
      {
        ...common,
        db: node,
        peer: `${site}-hub`,
        send: carry('hub'),
        store: storeAt(node, `${site}-hub`, arrived.atNode),
      },
      holdsHub,
    );
    await until(async () => cut || (await allAcknowledged()));
    ends.hub.end();
    ends.node.end();
    await Promise.all([ends.hub.settled(), ends.node.settled()]);
  }
  return { ...arrived, links };
}

test('whenever the link breaks, nothing is lost and nothing is doubled, in either direction', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }),
      fc.integer({ min: 0, max: 45 }),
      fc.integer({ min: 0, max: 10 }),
      async (cuts, down, up) => {
        run += 1;
        const site = `site-${run}`;
        const [toNode, toHub] = [await fill(hub, site, down), await fill(node, `${site}-hub`, up)];
        const { atHub, atNode } = await exchange(site, cuts);
        assert.deepEqual(atNode, toNode);
        assert.deepEqual(atHub, toHub);
      },
    ),
    { numRuns: 6 },
  );
});

test('a wire that is cut at the first frame again and again costs links, never envelopes', async () => {
  const toNode = await fill(hub, 'cut', 5);
  const { atNode, links } = await exchange('cut', [0, 0, 1, 1, 2, 3]);
  assert.deepEqual(atNode, toNode);
  assert.ok(links >= 5);
});
