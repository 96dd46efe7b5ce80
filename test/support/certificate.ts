/** TLS certificates made at test time by the `openssl` program: an authority and servers it vouches for. */

import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Authority {
  /** The file a hospital would name in hubCaFile. */
  readonly file: string;
  server(name: string): ServerCertificate;
}

export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
  /** What a hospital would set as hubTlsPin. */
  readonly pin: string;
}

/** The reason why no certificate can be made here, if there is one. */
export function noOpenssl(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no openssl program is installed: certificates cannot be made';
  }
}

export function makeAuthority(folder: string): Authority {
  const at = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-subj',
    '/CN=Test authority',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  return {
    file: at('ca.pem'),
    server(name) {
      writeFileSync(
        at(`${name}.ext`),
        'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n',
      );
      openssl(
        ...['req', '-new', ...key.slice(0, 5), '-subj', `/CN=${name}`],
        ...['-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)],
      );
      openssl(
        ...['x509', '-req', '-in', at(`${name}.csr`), '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
        ...['-CAcreateserial', '-days', '2', '-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`)],
      );
      const cert = readFileSync(at(`${name}.pem`), 'utf8');
      const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
      return {
        key: readFileSync(at(`${name}.key`), 'utf8'),
        cert,
        pin: createHash('sha256').update(spki).digest('base64'),
      };
    },
  };
}

const openssl = (...words: readonly string[]) => execFileSync('openssl', words, { stdio: 'ignore' });
