import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLog, type LogFields } from '#host/log.ts';

function collect(level: Parameters<typeof createLog>[1] = 'debug') {
  const lines: string[] = [];
  return {
    log: createLog('node', level, (line) => lines.push(line)),
    lines,
    last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown>,
  };
}

const own = ['level', 'time', 'pid', 'name', 'msg'];
const fieldNames =
  'site study job message state code sqlstate count ms epoch seq version attempt fingerprint port pid route status'.split(
    ' ',
  );
/** Fields as a careless caller would give them. */
const careless = (fields: object): LogFields => fields as LogFields;

test('a line is JSON: an event, an instant, and the fields of the list', () => {
  const { log, last } = collect();
  log.info('job-received', { job: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', count: 3, state: 'waiting' });
  const { time, ...line } = last();
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(line, {
    level: 30,
    pid: process.pid,
    name: 'node',
    msg: 'job-received',
    job: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
    count: 3,
    state: 'waiting',
  });
});

test('a field that is not on the list is not written, whatever it is called and holds', () => {
  const { log, lines, last } = collect();
  log.warn(
    'x',
    careless({
      patient: 'MARKER',
      person_id: 4711,
      detail: 'MARKER',
      err: new Error('MARKER'),
      rows: [{ name: 'MARKER' }],
      __proto__: { site: 'MARKER' },
    }),
  );
  assert.deepEqual(Object.keys(last()).sort(), [...own].sort());
  assert.doesNotMatch(lines.join(), /MARKER|4711/);
  fc.assert(
    fc.property(fc.string(), fc.anything(), (name, value) => {
      log.info('x', careless({ [name]: value }));
      for (const key of Object.keys(last())) assert.ok(own.includes(key) || fieldNames.includes(key), key);
    }),
  );
});

test('a text of a field that is not plain is withheld: names, sentences, line ends, anything long', () => {
  const { log, lines, last } = collect();
  const markers = [
    'MARKER Min-su',
    '김민수',
    'MARKER\n{"level":30}',
    'MARKER@host',
    "select 'MARKER'",
    'M'.repeat(81),
    '<MARKER>',
    '\u001b[31mMARKER',
  ];
  for (const marker of markers) {
    for (const name of fieldNames) {
      log.error('x', careless({ [name]: marker }));
      assert.equal(last()[name], '[withheld]');
    }
  }
  assert.doesNotMatch(lines.join(''), /MARKER|김|MMM/);
});

test('an object, list or function in a field of the list is not written', () => {
  const { log, lines, last } = collect();
  for (const value of [
    { name: 'MARKER' },
    ['MARKER'],
    () => 'MARKER',
    { toJSON: () => 'MARKER' },
    new Error('MARKER'),
    12n,
    true,
    null,
    undefined,
  ]) {
    log.info('x', careless({ site: value }));
    assert.ok(!('site' in last()));
  }
  assert.doesNotMatch(lines.join(), /MARKER/);
});

test('an event that is no plain name is withheld too', () => {
  const { log, lines, last } = collect();
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    log[level]('patient MARKER was seen');
    assert.equal(last().msg, '[withheld]');
  }
  assert.doesNotMatch(lines.join(), /MARKER/);
});

test('whatever text is given, a line is one line, and holds nothing but plain texts', () => {
  const { log, lines } = collect();
  fc.assert(
    fc.property(fc.constantFrom(...fieldNames), fc.string({ unit: 'binary-ascii' }), (name, text) => {
      log.info('x', careless({ [name]: text }));
      const line = lines.pop() ?? '';
      assert.equal(line.trimEnd().split('\n').length, 1);
      const value = (JSON.parse(line) as Record<string, unknown>)[name];
      assert.ok(value === '[withheld]' || (value === text && /^[\w:/.-]{0,80}$/.test(text)));
    }),
  );
});

test('writes from its level on, and nothing when silent', () => {
  const quiet = collect('warn');
  quiet.log.debug('a');
  quiet.log.info('b');
  quiet.log.warn('c');
  quiet.log.error('d');
  assert.deepEqual(
    quiet.lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['c', 'd'],
  );
  const silent = collect('silent');
  silent.log.error('e');
  assert.equal(silent.lines.length, 0);
});
