/** Bare sockets to compare with: sends a text of the asked size to every client, and `ok` for whatever comes back. */

import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => socket.on('message', () => socket.send('ok')));
server.on('listening', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
process.on('message', (bytes: number) => {
  const text = 'y'.repeat(bytes);
  for (const socket of server.clients) socket.send(text);
});
