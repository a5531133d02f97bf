import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Connections } from '../../../cli/board/door/connections.ts';

/** A board that ends waits for nobody who has asked nothing. No time goes by here, so whatever ends does not wait for it. */

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const closeOf = (client: Socket) => new Promise((resolve) => client.once('close', resolve));

async function opened(answer: (end: () => void) => void) {
  const connections = new Connections();
  const server = createServer((request, response) => {
    connections.answering(request.socket, response);
    answer(() => response.end('answered'));
  });
  server.keepAliveTimeout = 0;
  server.on('connection', (socket: Socket) => connections.opened(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  // A connection that is cut off can say so with an error.
  client.on('error', () => {});
  let received = '';
  client.on('data', (chunk) => {
    received += chunk;
  });
  return { connections, server, client, received: () => received };
}

test('a connection without a question, and one with half a question, are closed at once', async () => {
  for (const text of ['', 'GET / HTTP/1.1\r\nHo']) {
    const { connections, server, client } = await opened(() => {});
    if (text !== '') client.write(text);
    // The server knows of the connection once it has seen it.
    while (
      server.listening &&
      (await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))) === 0
    );
    const closed = closeOf(client);
    await connections.end(server);
    await closed;
  }
});

test('what is being answered is answered, and its connection closed then', async () => {
  const asked = Promise.withResolvers<() => void>();
  const { connections, server, client, received } = await opened(asked.resolve);
  client.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  const answer = await asked.promise;
  const closed = closeOf(client);
  const ended = connections.end(server);
  answer();
  await ended;
  await closed;
  expect(received()).toContain('answered');
});

test('what is not answered is given up after ten seconds', async () => {
  const asked = Promise.withResolvers<() => void>();
  const { connections, server, client } = await opened(asked.resolve);
  client.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await asked.promise;
  const closed = closeOf(client);
  const ended = connections.end(server);
  jest.advanceTimersByTime(10_000);
  await ended;
  await closed;
});
