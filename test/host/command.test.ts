import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Command,
  type CommandContext,
  needArg,
  needFlag,
  numberFlag,
  parseFlags,
  textFlag,
} from '#host/command.ts';

const command: Command = {
  summary: 'Counts.',
  usage: 'FILE [--sites N] [--as TEXT] [--dry]',
  options: {
    sites: { type: 'string' },
    as: { type: 'string' },
    dry: { type: 'boolean' },
    site: { type: 'string', multiple: true },
  },
  run: async () => 0,
};

function context(...words: string[]): CommandContext {
  const { flags, args } = parseFlags(command, words);
  const still = {
    home: '/',
    json: false,
    quiet: false,
    env: {},
    terminal: false,
    signal: new AbortController().signal,
  };
  return { ...still, flags, args, out() {}, note() {} };
}

const usage = (message: RegExp) => ({ code: 'usage', message });

test('flags and arguments may stand in any order; the flags of every command are known', () => {
  const { flags, args } = parseFlags(command, [
    'a.json',
    '--sites',
    '3',
    '--dry',
    'b.json',
    '--as=x y',
    '-q',
    '--json',
    '--home',
    '/h',
  ]);
  assert.deepEqual(args, ['a.json', 'b.json']);
  assert.deepEqual({ ...flags }, { sites: '3', dry: true, as: 'x y', quiet: true, json: true, home: '/h' });
  assert.deepEqual(context('--site', 'a', '--site', 'b').flags.site, ['a', 'b']);
  assert.deepEqual(context('--', '--dry').args, ['--dry']);
});

test('an unknown flag, a flag without its value, and a value where none belongs are refused by name', () => {
  assert.throws(() => parseFlags(command, ['--site-count', '3']), usage(/--site-count/));
  assert.throws(() => parseFlags(command, ['-x']), usage(/-x/));
  assert.throws(() => parseFlags(command, ['--sites']), usage(/--sites/));
  assert.throws(() => parseFlags(command, ['--sites', '--dry']), usage(/--sites/));
  assert.throws(() => parseFlags(command, ['--dry=yes']), usage(/--dry/));
});

test('an argument or flag that is needed is named when it is missing', () => {
  assert.equal(needArg(context('a'), 0, 'FILE'), 'a');
  assert.throws(() => needArg(context('a'), 1, 'KEYFILE'), usage(/^KEYFILE is missing$/));
  assert.equal(needFlag(context('--as', 'x'), 'as'), 'x');
  assert.throws(() => needFlag(context(), 'as'), usage(/^--as is missing$/));
  assert.equal(textFlag(context(), 'as'), undefined);
  assert.equal(textFlag(context('--dry'), 'dry'), undefined);
});

test('a number is a whole number from its least to its most, and nothing that merely looks like one', () => {
  assert.equal(numberFlag(context(), 'sites', 1, 7), 7);
  assert.equal(numberFlag(context('--sites', '1'), 'sites', 1, 7), 1);
  for (const text of [
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    ' 2',
    '2 ',
    '',
    'two',
    '９',
    '9007199254740993',
    '1'.repeat(400),
  ]) {
    assert.throws(
      () => numberFlag(context(`--sites=${text}`), 'sites', 1, 7),
      usage(/^--sites takes a whole number from 1$/),
      text,
    );
  }
  assert.equal(numberFlag(context('--sites', '9'), 'sites', 1, 7, 9), 9);
  assert.throws(
    () => numberFlag(context('--sites', '10'), 'sites', 1, 7, 9),
    usage(/^--sites takes a whole number from 1 to 9$/),
  );
  fc.assert(
    fc.property(fc.maxSafeNat(), (n) => assert.equal(numberFlag(context(`--sites=${n}`), 'sites', 0, 7), n)),
  );
});
