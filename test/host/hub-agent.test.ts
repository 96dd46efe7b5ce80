/** A proxy that breaks the way to the hub at any moment is a fault of the call, and never the end of the process. */

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { hubHttp } from '#host/hub-http.ts';
import { freePort } from '#host/ports.ts';

const port = await freePort({ random: Math.random });
const established = 'HTTP/1.1 200 Connection established\r\n\r\n';
let then: (client: Socket) => void = () => {};
const proxy = createServer((client) => {
  client.on('error', () => {});
  client.once('data', () => then(client));
});
await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
after(() => proxy.close());

const breaks: Readonly<Record<string, (client: Socket) => void>> = {
  'with its answer': (client) => void client.write(established, () => client.resetAndDestroy()),
  'in the TLS handshake': (client) => {
    client.once('data', () => client.resetAndDestroy());
    client.write(established);
  },
  'after words that are no TLS': (client) =>
    void client.write(`${established}no tls at all`, () => client.resetAndDestroy()),
  'as it refuses': (client) => void client.write('HTTP/1.1 403 No\r\n\r\n', () => client.resetAndDestroy()),
};
for (const scheme of ['https', 'http']) {
  for (const [when, how] of Object.entries(breaks)) {
    test(`a proxy that cuts the way to an ${scheme} hub ${when}`, async () => {
      then = how;
      const http = hubHttp(`${scheme}://hub.example.org`, { proxy: new URL(`http://127.0.0.1:${port}`) });
      await assert.rejects(http.call('/api/v1/hub', { timeoutMs: 5_000 }), /./);
    });
  }
}
