import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { errors } from '#protocol/errors.ts';
import {
  commonVersion,
  type Frame,
  protocolVersions,
  readFrame,
  transcript,
  writeFrame,
} from '#protocol/frame.ts';
import { vectorFile } from '#test/vectors/make-v1.ts';

/** One frame of each kind. */
const frames = (JSON.parse(readFileSync(vectorFile('frames'), 'utf8')) as { frame: Frame }[]).map(
  ({ frame }) => frame,
);
const control = frames.filter(({ t }) => t !== 'deliver');
const refused = { code: 'bad-input', message: 'a frame is not of the known forms' };

const read = (value: unknown): Frame => readFrame(JSON.stringify(value));
const accepted = (value: unknown): boolean => {
  try {
    read(value);
    return true;
  } catch (cause) {
    assert.ok(cause instanceof Error && 'code' in cause && cause.code === 'bad-input');
    return false;
  }
};

/** The paths of a value, into lists and objects, the value itself ([]) included. */
function pathsOf(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  const inside = Object.entries(value).flatMap(([key, item]) =>
    pathsOf(item).map((path) => [Array.isArray(value) ? Number(key) : key, ...path]),
  );
  return [[], ...inside];
}

function put(value: unknown, [key, ...rest]: readonly (string | number)[], item: unknown): unknown {
  if (key === undefined) return item;
  if (Array.isArray(value)) return value.map((each, i) => (i === key ? put(each, rest, item) : each));
  const members = value as Record<string, unknown>;
  return { ...members, [key]: put(members[key], rest, item) };
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((held, key) => (held as Record<string | number, unknown>)[key], value);
}

test('there is a frame of every kind here', () => {
  const kinds = ['ack', 'challenge', 'deliver', 'hello', 'proof', 'refuse', 'resume', 'state', 'welcome'];
  assert.deepEqual([...new Set(frames.map(({ t }) => t))].sort(), kinds);
});

test('each frame is read as it was written', () => {
  for (const frame of frames) assert.deepEqual(readFrame(writeFrame(frame)), frame);
});

test('a frame with a member more is refused, whatever it is called and holds', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...frames),
      fc.string({ minLength: 1 }),
      fc.jsonValue(),
      (frame, name, value) => {
        fc.pre(!(name in frame) && name !== '__proto__' && !(frame.t === 'state' && name === 'code'));
        assert.throws(() => read({ ...frame, [name]: value }), refused);
      },
    ),
  );
  assert.throws(() => readFrame('{"t":"ack","epoch":1,"seq":1,"__proto__":{"note":"x"}}'), refused);
});

test('a frame with a member less is refused', () => {
  for (const frame of frames) {
    for (const name of Object.keys(frame)) {
      const { [name]: _, ...less } = frame as Record<string, unknown>;
      if (!(frame.t === 'state' && name === 'code'))
        assert.throws(() => read(less), refused, `${frame.t} without ${name}`);
    }
  }
});

test('a frame of an unknown kind, and what is no frame, is refused', () => {
  for (const t of ['query', 'sql', 'Hello', 'deliver ', '', 1, null])
    assert.throws(() => read({ ...frames[0], t }), refused);
  for (const value of [null, 1, 'hello', [], [frames[0]], {}]) assert.throws(() => read(value), refused);
  for (const text of ['', 'hello', '{', '{"t":"ack"', '\u0000'])
    assert.throws(() => readFrame(text), { code: 'bad-input' });
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(accepted(value), false)));
});

/** What a text of a control frame may be, by the name it stands under; nothing else may pass. */
const wireCodes = Object.entries(errors).flatMap(([code, row]) => (row.wire ? code : []));
const forms: Readonly<Record<string, RegExp>> = {
  site: /^[a-z0-9-]{2,32}$/,
  key: /^[\w-]{43}$/,
  nonce: /^[\w-]{43}$/,
  signature: /^[\w-]+\.[\w-]+\.[\w-]+$/,
  job: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  capabilities: /^(analysis:count|cohort:circe)$/,
  state: /^(waiting|awaiting-approval|running|answered|refused|failed|expired)$/,
  code: new RegExp(`^(${wireCodes.join('|')})$`),
  t: /^$/,
};

const texts = fc.oneof(
  fc.string({ unit: 'binary-ascii' }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 50 }),
  fc.stringMatching(/^[a-z-]{1,40}$/),
  fc.stringMatching(/^[\w-]{43}$/),
  fc.constantFrom(
    'Kim Min-su',
    'kim-minsu',
    '1980-01-02',
    'patient-died-of-cancer',
    'select 1',
    '010-1234-5678',
  ),
);

test('free text finds no place in a control frame: at every text of every frame, only the field’s own form passes', () => {
  const places = control.flatMap((frame) =>
    pathsOf(frame)
      .filter((path) => typeof at(frame, path) === 'string')
      .map((path) => ({ frame, path })),
  );
  assert.ok(places.length >= 15);
  fc.assert(
    fc.property(fc.constantFrom(...places), texts, ({ frame, path }, text) => {
      if (text === at(frame, path) || !accepted(put(frame, path, text))) return;
      const form = forms[String(path[0])];
      assert.ok(form?.test(text), `${frame.t}/${path.join('/')} took ${JSON.stringify(text)}`);
    }),
    { numRuns: 3000 },
  );
});

test('a text, list or object where a number belongs is refused, and the other way round', () => {
  for (const frame of frames) {
    for (const path of pathsOf(frame)) {
      const held = at(frame, path);
      for (const other of ['1', 1, 1.5, -1, true, null, {}, { note: 'x' }, ['x'], [['x']]]) {
        if (typeof other === typeof held && other === Math.abs(Number(other))) continue;
        assert.equal(
          accepted(put(frame, path, other)),
          false,
          `${frame.t}/${path.join('/')} took ${JSON.stringify(other)}`,
        );
      }
    }
  }
});

test('a state or a refusal names a code that may leave, and no other word', () => {
  assert.ok(wireCodes.length > 0 && wireCodes.length <= 20);
  for (const code of wireCodes) assert.ok(accepted({ t: 'refuse', code }), code);
  for (const code of ['database-failed', 'key-locked', 'patient-has-cancer', 'Internal', '', 'internal ']) {
    assert.equal(accepted({ t: 'refuse', code }), false, code);
    assert.equal(accepted({ ...control.find(({ t }) => t === 'state'), code }), false, code);
  }
});

test('numbers that would not arrive as they were sent are refused', () => {
  for (const seq of [2 ** 53, 1e300, -1, 0.5]) {
    for (const t of ['ack', 'welcome', 'resume']) assert.equal(accepted({ t, epoch: 1, seq }), false);
    for (const t of ['ack', 'welcome', 'resume']) assert.equal(accepted({ t, epoch: seq, seq: 1 }), false);
  }
  assert.ok(accepted({ t: 'ack', epoch: 0, seq: Number.MAX_SAFE_INTEGER }));
});

test('lists and names have an end', () => {
  const hello = frames.find((frame) => frame.t === 'hello');
  assert.ok(hello);
  assert.ok(accepted({ ...hello, versions: Array(20).fill(1) }));
  const oversized: readonly object[] = [
    { versions: Array(21).fill(1) },
    { versions: [] },
    { versions: [0] },
    { versions: [1001] },
    { capabilities: Array(51).fill('analysis:count') },
    { capabilities: ['analysis:count', 'free text'] },
    { site: 'a'.repeat(33) },
    { site: 'a' },
    { nonce: 'A'.repeat(44) },
    { nonce: 'A'.repeat(42) },
    { key: `${'A'.repeat(42)}B` },
  ];
  for (const change of oversized)
    assert.equal(accepted({ ...hello, ...change }), false, JSON.stringify(change));
});

test('the newest common version is taken, or none', () => {
  assert.equal(commonVersion([...protocolVersions]), protocolVersions[0]);
  assert.equal(commonVersion([999, 1]), 1);
  assert.equal(commonVersion([2, 999]), undefined);
  assert.equal(commonVersion([]), undefined);
});

test('the transcript covers the whole hello, the version, the hub’s nonce and key', () => {
  const hello = frames.find((frame) => frame.t === 'hello');
  assert.ok(hello);
  const said = transcript(hello, 1, 'n', 'k');
  assert.deepEqual(said, { hello, version: 1, hubNonce: 'n', hubKey: 'k' });
  assert.notEqual(said.hello, hello);
});
