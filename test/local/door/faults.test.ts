import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import * as z from 'zod';
import { roleSession } from '../../../local/door/callers.ts';
import { createDoor, type LocalDoor } from '../../../local/door/door.ts';
import { type DoorServer, startDoorServer } from '../../../local/door/door-server.ts';
import { type Fault, THROTTLING } from '../../../local/door/faults.ts';
import { createJsonProtocol } from '../../../local/door/json-protocol.ts';

const ROLE = 'arn:aws:iam::000000000000:role/worker';
const FAULT = { service: 'kms', operation: 'DescribeKey' } as const;
const Input = z.object({ KeyId: z.string() });

describe('faults at the door', () => {
  let door: LocalDoor;
  let server: DoorServer;
  let client: KMSClient;
  let performed: string[];
  /** The event that the function of the caller is invoked with. */
  let event: string | undefined;

  beforeEach(async () => {
    performed = [];
    event = undefined;
    door = createDoor({ accountId: '000000000000', region: 'eu-west-1', log: () => undefined });
    door.register({
      signingName: 'kms',
      protocol: createJsonProtocol({ targetPrefix: 'TrentService', version: '1.1' }),
      operations: {
        DescribeKey: {
          permissions: () => [],
          async perform(input) {
            const { KeyId } = Input.parse(input);
            performed.push(KeyId);
            return { KeyMetadata: { KeyId, Description: 'd'.repeat(1000) } };
          },
        },
      },
    });
    server = await startDoorServer(door, () => undefined);
    const credentials = door.issueCredentials({ ...roleSession(ROLE, 'shop-dev1-1'), event: () => event });
    client = new KMSClient({ endpoint: server.url, region: 'eu-west-1', credentials, maxAttempts: 1 });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    client.destroy();
    await server.close();
  });

  const outcome = (KeyId = 'mine') =>
    client.send(new DescribeKeyCommand({ KeyId })).then(
      ({ KeyMetadata }) => KeyMetadata?.KeyId,
      (error: Error & { code?: string }) => error.code ?? error.name,
    );

  test('cut a connection before anything is answered', async () => {
    door.faults.add({ ...FAULT, times: 1, isCut: true });
    const cut = await outcome('first');
    expect([cut === 'first', await outcome('second'), performed]).toEqual([false, 'second', ['second']]);
  });

  test('cut a connection in the middle of the answer to a call that was performed', async () => {
    door.faults.add({ ...FAULT, times: 1, isCut: true, when: 'after' });
    const cut = await outcome('first');
    expect([cut === 'first', performed]).toEqual([false, ['first']]);
    expect(await outcome('second')).toBe('second');
    expect(door.calls.list().map((call) => call.outcome)).toEqual(['ConnectionCut', 'ok']);
  });

  test('cut calls inside the process as an error of the SDK that AWS itself uses', async () => {
    door.faults.add({ ...FAULT, times: 1, isCut: true });
    const call = door.call(roleSession(ROLE, 'x'), 'kms', 'DescribeKey', { KeyId: 'mine' });
    await expect(call).rejects.toMatchObject({ code: 'SdkClientException' });
  });

  test('last for a time that begins with the first call', async () => {
    const fault = door.faults.add({ ...FAULT, lastsMs: 600_000, error: THROTTLING });
    const codes = [await outcome(), await outcome()];
    const later = performance.now() + 600_000;
    jest.spyOn(performance, 'now').mockReturnValue(later);
    codes.push(await outcome());
    expect([...codes, fault.hits()]).toEqual([THROTTLING.code, THROTTLING.code, 'mine', 2]);
  });

  test('end when a test says so', async () => {
    const fault = door.faults.add({ ...FAULT, lastsMs: 600_000, error: THROTTLING });
    expect(await outcome()).toBe(THROTTLING.code);
    fault.end();
    expect(await outcome()).toBe('mine');
  });

  test.each<{ what: string; about: string; given?: string; id?: string }>([
    { what: 'in the input', about: 'mine' },
    {
      what: 'in base64 in the input',
      about: 'release 7',
      id: Buffer.from('a token of release 7 of shop').toString('base64url'),
    },
    { what: 'in the name of the caller', about: 'shop-dev1' },
    { what: 'in the event of the invocation', about: 'release 7', given: '{"detail":"release 7"}' },
  ])('concern calls with a text $what', async ({ about, given, id = 'mine' }) => {
    event = given;
    const fault: Fault = { ...FAULT, times: 1, error: THROTTLING };
    door.faults.add({ ...fault, about: 'something else' });
    door.faults.add({ ...fault, about });
    expect([await outcome(id), await outcome(id)]).toEqual([THROTTLING.code, id]);
  });

  test('concern callers whose name matches', async () => {
    door.faults.add({ ...FAULT, caller: /role\/other\//, times: 1, error: THROTTLING });
    door.faults.add({ ...FAULT, caller: /role\/worker\/shop/, times: 1, error: THROTTLING });
    expect([await outcome(), await outcome()]).toEqual([THROTTLING.code, 'mine']);
  });

  test('show every call before it is performed', async () => {
    const seen: [string, number][] = [];
    const end = door.faults.watch(({ operation }) => void seen.push([operation, performed.length]));
    await outcome();
    end();
    await outcome();
    expect(seen).toEqual([['DescribeKey', 0]]);
  });
});
