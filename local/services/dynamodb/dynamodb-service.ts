import { parseProperties } from '../../assembly/properties.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { createOrUpdateTable } from './create-table.ts';
import { createDynamoDbOperations } from './dynamodb-operations.ts';
import { createEngine, type EngineProps } from './engine.ts';
import { TableKeys } from './table-keys.ts';
import { TableProperties } from './table-properties.ts';
import { TableSettings } from './table-settings.ts';

export interface DynamoDbService extends LocalService {
  /** Starts the engine now, in parallel with everything else, instead of when its first table is created. */
  prepare(): void;
}

/**
 * Makes DynamoDB: Amazon's own engine behind the door, which checks the permissions of each operation, and of
 * transactions item by item.
 */
export function createDynamoDbService(
  context: LocalContext,
  props: EngineProps,
  resolveKeyArn: (keyId: string) => string,
): DynamoDbService {
  const { accountId, region } = context;
  const arnPrefix = `arn:aws:dynamodb:${region}:${accountId}:`;
  const engine = createEngine(context, props, arnPrefix);
  const tableKeys = new TableKeys();
  const settings = new TableSettings();
  return {
    prepare: () => engine.start(),
    service: {
      signingName: 'dynamodb',
      protocol: createJsonProtocol({ targetPrefix: 'DynamoDB_20120810', version: '1.0' }),
      operations: createDynamoDbOperations({
        accountId,
        region,
        engine,
        tableKeys,
        settings,
        arnPrefix,
        resolveKeyArn,
      }),
    },
    provisioners: {
      async 'AWS::DynamoDB::Table'(resource) {
        const table = parseProperties(resource, TableProperties);
        const name = table.TableName ?? resource.generatedName;
        const keyId = table.SSESpecification?.KMSMasterKeyId;
        tableKeys.put(name, table, keyId === undefined ? undefined : resolveKeyArn(keyId));
        await createOrUpdateTable(engine.send, name, table);
        const arn = `${arnPrefix}table/${name}`;
        settings.setRecoverable(name, table.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled ?? false);
        settings.addTags(arn, table.Tags ?? []);
        return { ref: name, attributes: { Arn: arn } };
      },
    },
    stop: () => engine.stop(),
  };
}
