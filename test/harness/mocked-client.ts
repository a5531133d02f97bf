import { afterAll } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';

const mocks: { restore(): void }[] = [];
afterAll(() => {
  for (const mock of mocks) mock.restore();
});

/** Mocks a client, or all clients of a class, until the suite ends: the next suite has the same class (`kept-modules.mjs`). */
export const mockedClient: typeof mockClient = (client) => {
  const mock = mockClient(client);
  mocks.push(mock);
  return mock;
};
