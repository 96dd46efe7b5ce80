import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import Type from 'typebox';
import { oneOf, parseJson, parser } from '#protocol/schema.ts';

const closed = { additionalProperties: false } as const;
const Thing = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z]+$' }),
    colour: oneOf(['red', 'blue']),
    parts: Type.Array(Type.Object({ n: Type.Integer({ minimum: 1 }) }, closed)),
  },
  closed,
);
const things = parser(Thing);

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (cause) {
    assert.ok(cause instanceof Error);
    return cause.message;
  }
  return assert.fail('nothing was thrown');
};

test('gives what fits, as it is', () => {
  const good = { name: 'a', colour: 'red', parts: [{ n: 1 }] };
  assert.equal(things.parse(good, 'thing'), good);
});

test('collects every fault with its path', () => {
  const message = messageOf(() =>
    things.parse({ name: 'A', colour: 'green', parts: [{ n: 0 }, { n: 1.5, m: 1 }], more: 1 }, 'thing'),
  );
  assert.match(message, /^thing: /);
  for (const path of [
    '/name:',
    '/colour:',
    '/parts/0/n:',
    '/parts/1/n:',
    '/parts/1/m: not a known member',
    '/more: not a known member',
  ]) {
    assert.ok(message.includes(path), `${path} in ${message}`);
  }
});

test('collects more than eight faults, and stops at twenty', () => {
  const parts = (count: number) =>
    messageOf(() => things.parse({ name: 'a', colour: 'red', parts: Array(count).fill({ n: 0 }) }, 'thing'));
  assert.equal(parts(15).split('; ').length, 15);
  assert.equal(parts(500).split('; ').length, 20);
});

test('never quotes the value it found', () => {
  const marker = 'KIM-MINSU-19800101';
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const planted = { name: marker, colour: marker, parts: [{ n: marker }, marker, value], more: marker };
      assert.ok(!messageOf(() => things.parse(planted, 'thing')).includes(marker));
    }),
  );
});

test('says that a member is unknown only where no form of a union knows it', () => {
  const rules = parser(
    Type.Union([
      Type.Object({ kind: Type.Literal('all') }, closed),
      Type.Object({ kind: Type.Literal('some'), n: Type.Integer({ minimum: 1 }) }, closed),
    ]),
  );
  const message = messageOf(() => rules.parse({ kind: 'some', n: 0, odd: 1 }, 'rule'));
  assert.match(message, /\/n: must be >= 1/);
  assert.match(message, /\/odd: not a known member/);
  assert.doesNotMatch(message, /\/n: not a known member/);
});

test('says where a text stops being JSON, and quotes nothing of it', () => {
  for (const text of ['{"name": SECRET}', 'SECRET', '', '{"a":"SECRET"', '[1,]SECRET']) {
    const message = messageOf(() => parseJson(text, 'study.json'));
    assert.match(message, /^study\.json: not JSON/);
    assert.doesNotMatch(message, /SECRET/);
  }
  assert.throws(() => parseJson('{', 'x'), { code: 'bad-input' });
});
