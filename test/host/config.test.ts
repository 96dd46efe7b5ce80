import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Type from 'typebox';
import { readConfig, readSetting } from '#host/config.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

const home = temporaryHome({ after });
const Settings = Type.Object(
  {
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    quiet: Type.Boolean(),
    databaseUrl: Type.Optional(Type.String({ pattern: '^postgres' })),
  },
  { additionalProperties: false },
);
const defaults = { host: '127.0.0.1', port: 0, quiet: false };
const overrides = {
  MOIM_HOST: 'host',
  MOIM_PORT: 'port',
  MOIM_QUIET: 'quiet',
  MOIM_DATABASE_URL: 'databaseUrl',
} as const;
const marker = 'hunter2';

let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(home, `${files}.toml`);
  writeFileSync(path, text);
  return path;
}

const read = (text: string, env: Record<string, string> = {}) =>
  readConfig(Settings, file(text), env, defaults, overrides);

/** What a fault says; it is `bad-config` (or `code`), and holds no secret. */
function fault(work: () => unknown, code = 'bad-config'): string {
  try {
    work();
  } catch (cause) {
    assert.ok(cause instanceof Error && 'code' in cause);
    assert.equal(cause.code, code);
    assert.doesNotMatch(`${cause.message} ${cause.stack} ${String(cause.cause)}`, new RegExp(marker));
    return cause.message;
  }
  return assert.fail('the configuration was accepted');
}

test('an absent file, and an empty one, give the defaults', () => {
  assert.deepEqual(readConfig(Settings, join(home, 'absent.toml'), {}, defaults, overrides), defaults);
  assert.deepEqual(read('# nothing set\n'), defaults);
});

test('the file is over the defaults, the environment over the file', () => {
  const text = 'host = "10.0.0.1" # of the hospital\nport = 8080\n';
  assert.deepEqual(read(text), { ...defaults, host: '10.0.0.1', port: 8080 });
  assert.deepEqual(read(text, { MOIM_PORT: '9090', MOIM_QUIET: 'true' }), {
    host: '10.0.0.1',
    port: 9090,
    quiet: true,
  });
  assert.deepEqual(
    read(text, { MOIM_PORT: '' }),
    { ...defaults, host: '10.0.0.1', port: 8080 },
    'an empty variable is none',
  );
  assert.deepEqual(read('', { MOIM_OTHER: 'x', PATH: '/bin' }), defaults, 'what is not ours is not read');
});

test('what was read cannot be changed', () => {
  assert.ok(Object.isFrozen(read('')));
});

test('any setting may come from a file; one trailing line end is not part of it', () => {
  const secret = file(`postgres://u:${marker}@h/d\n`);
  assert.equal(read('', { MOIM_DATABASE_URL_FILE: secret }).databaseUrl, `postgres://u:${marker}@h/d`);
  assert.equal(readSetting({ X_FILE: file('a\r\n') }, 'X'), 'a');
  assert.equal(readSetting({ X_FILE: file('a\n\n') }, 'X'), 'a\n');
  assert.equal(readSetting({}, 'X'), undefined);
  assert.equal(read('', { MOIM_PORT_FILE: file('81\n') }).port, 81);
});

test('a variable and its file together are refused: nobody knows which was meant', () => {
  const both = { MOIM_DATABASE_URL: `postgres://${marker}`, MOIM_DATABASE_URL_FILE: file(marker) };
  assert.match(
    fault(() => read('', both)),
    /MOIM_DATABASE_URL and MOIM_DATABASE_URL_FILE are both set/,
  );
});

test('a file that a setting names and that is not there is named, with its variable', () => {
  assert.match(
    fault(() => read('', { MOIM_DATABASE_URL_FILE: join(home, 'nowhere') }), 'file-unreadable'),
    /MOIM_DATABASE_URL_FILE.*ENOENT/,
  );
});

test('unknown keys are refused by name, all of them, and their values are not shown', () => {
  const message = fault(() => read(`hots = "${marker}"\npasswort = "${marker}"\n[table]\nx = 1\n`));
  for (const name of ['/hots', '/passwort', '/table'])
    assert.ok(message.includes(`${name}: not a known member`), message);
});

test('a value that does not fit is named by its key, and not shown, from the file or the environment', () => {
  assert.match(
    fault(() => read(`port = "${marker}"\nhost = ""\ndatabaseUrl = "mysql://${marker}"`)),
    /\/port: .*\/databaseUrl: |\/databaseUrl: .*\/port: /,
  );
  for (const text of [marker, '80.5', '-1', '65536', '0x50', '8e1', ' 80', 'NaN']) {
    assert.match(
      fault(() => read('', { MOIM_PORT: text })),
      /\/port: /,
      text,
    );
  }
  for (const text of ['yes', '1', 'TRUE', marker])
    assert.match(
      fault(() => read('', { MOIM_QUIET: text })),
      /\/quiet: /,
    );
  assert.match(
    fault(() => read('', { MOIM_DATABASE_URL: marker })),
    /\/databaseUrl: /,
  );
});

test('a file that is not TOML is refused with its line, and nothing of it is shown', () => {
  assert.match(
    fault(() => read(`port = 80\npassword = ${marker} ${marker}\n`)),
    /not TOML at line 2$/,
  );
  assert.match(
    fault(() => read('port = 80\nport = 81\n')),
    /not TOML/,
  );
});
