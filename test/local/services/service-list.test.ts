import { expect, test } from '@jest/globals';
import type { LocalService } from '../../../local/services/local-service.ts';
import { createServiceList } from '../../../local/services/service-list.ts';

const named = (name: string): LocalService & { readonly name: string } => ({ name, provisioners: {} });

test('services start in the order in which they were added', () => {
  const [first, second, third] = [named('first'), named('second'), named('third')];
  const { inOrder } = createServiceList()
    .add(() => ({ first }))
    .add(() => ({ second }))
    .add(() => ({ third }));
  expect(inOrder).toEqual([first, second, third]);
});

test('a service is made from those before it, and found by its name', () => {
  const { services } = createServiceList()
    .add(() => ({ logs: named('logs') }))
    .add(({ logs }) => ({ lambda: named(`lambda with ${logs.name}`) }));
  expect(services.lambda.name).toBe('lambda with logs');
});

test('a name is given once', () => {
  const list = createServiceList().add(() => ({ logs: named('logs') }));
  expect(() => list.add(() => ({ logs: named('others') }))).toThrow('the local cloud has a service "logs" already');
});
