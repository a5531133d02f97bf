import * as z from 'zod';
import type { Caller } from '../door/wire.ts';
import type { LocalContext } from '../services/local-context.ts';
import type { RegisteredEnvironment } from './target-accounts.ts';
import type { DnsEnvironment } from './target-dns.ts';

/** The table's form of a record: one JSON text. */
const Item = z.object({ data: z.object({ S: z.string() }) });
const GetItemOutput = z.object({ Item: Item.optional() });
const QueryOutput = z.object({ Items: z.array(Item) });
const EnvironmentRecord = z.object({
  name: z.string(),
  accountId: z.string(),
  region: z.string(),
  type: z.enum(['regular', 'ephemeral']),
  externalId: z.string(),
  stateBucket: z.string().optional(),
  backendConfigFile: z.string().optional(),
  lockTable: z.string().optional(),
  roles: z.object({ plan: z.string(), apply: z.string(), state: z.string(), dns: z.string() }).partial().optional(),
  dns: z
    .object({ zone: z.object({ id: z.string().optional(), roleArn: z.string().optional() }).optional() })
    .optional(),
});
const ApplicationRecord = z.object({ name: z.string(), configRepository: z.object({ url: z.string() }) });

/** The DNS part of the answer of `GET …/environments/{env}`. */
const EnvironmentAnswer = z.object({
  dns: z.object({ hostname: z.string(), certificateNames: z.array(z.string()).min(1) }),
});

interface EnvironmentLookup {
  find(application: string, name: string): Promise<RegisteredEnvironment | undefined>;
  /** Returns the environments whose certificate or zone is managed with this role. */
  byDnsRole(roleArn: string): Promise<DnsEnvironment[]>;
  /** Returns the addresses of the repositories that applications are deployed from, each once. */
  repositories(): Promise<string[]>;
}

/** Finds environments in the table and the API of the control plane, as a person with access to both would. */
export function createEnvironmentLookup(
  { door, accountId }: Pick<LocalContext, 'door' | 'accountId'>,
  {
    installation,
    tableName,
    apiUrl,
  }: { readonly installation: () => string; readonly tableName: () => string; readonly apiUrl: () => string },
): EnvironmentLookup {
  const caller: Caller = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId };
  const query = async (input: object): Promise<unknown[]> => {
    const output = await door.call(caller, 'dynamodb', 'Query', { TableName: tableName(), ...input });
    return QueryOutput.parse(output).Items.map(({ data }) => JSON.parse(data.S));
  };
  const listApplications = async (): Promise<z.infer<typeof ApplicationRecord>[]> => {
    const records = await query({
      IndexName: 'gsi1',
      KeyConditionExpression: 'gsi1pk = :applications',
      ExpressionAttributeValues: { ':applications': { S: 'APPLICATIONS' } },
    });
    return records.map((record) => ApplicationRecord.parse(record));
  };
  const listEnvironments = async (application: string): Promise<z.infer<typeof EnvironmentRecord>[]> => {
    const records = await query({
      KeyConditionExpression: 'pk = :application AND begins_with(sk, :environments)',
      ExpressionAttributeValues: {
        ':application': { S: `APP#${application}` },
        ':environments': { S: 'ENVIRONMENT#' },
      },
    });
    return records.map((record) => EnvironmentRecord.parse(record));
  };

  return {
    async find(application, name) {
      const output = await door.call(caller, 'dynamodb', 'GetItem', {
        TableName: tableName(),
        Key: { pk: { S: `APP#${application}` }, sk: { S: `ENVIRONMENT#${name}` } },
        ConsistentRead: true,
      });
      const { Item: item } = GetItemOutput.parse(output);
      return item && EnvironmentRecord.parse(JSON.parse(item.data.S));
    },
    async repositories() {
      return [...new Set((await listApplications()).map(({ configRepository }) => configRepository.url))];
    },
    async byDnsRole(roleArn) {
      const found: DnsEnvironment[] = [];
      for (const { name: application } of await listApplications())
        for (const { name, roles, dns, ...environment } of await listEnvironments(application)) {
          const conventional = `arn:aws:iam::${environment.accountId}:role/${installation()}-${application}-${name}-dns`;
          const certificateRoleArn = roles?.dns ?? conventional;
          const zone = dns?.zone ?? {};
          if (roleArn !== certificateRoleArn && roleArn !== zone.roleArn) continue;
          const answer = await fetch(`${apiUrl()}/applications/${application}/environments/${name}`);
          const shown = EnvironmentAnswer.parse(await answer.json()).dns;
          found.push({ ...environment, ...shown, application, name, zone, certificateRoleArn });
        }
      return found;
    },
  };
}
