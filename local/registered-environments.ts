import * as z from 'zod';
import type { LocalContext } from './assembly/provision.ts';
import type { Caller } from './door/wire.ts';
import type { RegisteredEnvironment } from './target-accounts.ts';

/** An environment as the table keeps it: the record is one JSON text. */
const EnvironmentItem = z.object({ Item: z.object({ data: z.object({ S: z.string() }) }).optional() });
const EnvironmentRecord = z.object({
  accountId: z.string(),
  region: z.string(),
  type: z.enum(['regular', 'ephemeral']),
  externalId: z.string(),
  stateBucket: z.string().optional(),
  roles: z.object({ plan: z.string().optional(), apply: z.string().optional() }).optional(),
});

/** Looks environments up in the table of the control plane, as a person with access to it would. */
export function createEnvironmentLookup(
  { door, accountId }: Pick<LocalContext, 'door' | 'accountId'>,
  tableName: () => string,
): (application: string, name: string) => Promise<RegisteredEnvironment | undefined> {
  const caller: Caller = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId };
  return async (application, name) => {
    const output = await door.call(caller, 'dynamodb', 'GetItem', {
      TableName: tableName(),
      Key: { pk: { S: `APP#${application}` }, sk: { S: `ENVIRONMENT#${name}` } },
      ConsistentRead: true,
    });
    const { Item: item } = EnvironmentItem.parse(output);
    return item && EnvironmentRecord.parse(JSON.parse(item.data.S));
  };
}
