import { createHash } from 'node:crypto';
import * as z from 'zod';
import { BooleanProperty, NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { createKeyStore } from './key-store.ts';
import { createKmsOperations } from './kms-operations.ts';

export interface KmsService extends LocalService {
  /** Returns the ARN of the key for a key id, an ARN or `alias/<name>`; throws NotFoundException. */
  resolveKeyArn(keyId: string): string;
}

const KeyProperties = z.strictObject({
  KeyPolicy: z.unknown(),
  KeySpec: z.enum(['SYMMETRIC_DEFAULT', 'HMAC_256']).default('SYMMETRIC_DEFAULT'),
  KeyUsage: z.enum(['ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC']).default('ENCRYPT_DECRYPT'),
  Description: z.string().default(''),
  Enabled: BooleanProperty.pipe(z.literal(true)).optional(),
  EnableKeyRotation: BooleanProperty.optional(),
  MultiRegion: BooleanProperty.pipe(z.literal(false)).optional(),
  PendingWindowInDays: NumberProperty.optional(),
  RotationPeriodInDays: NumberProperty.optional(),
  Tags: TagsProperty,
});
const AliasProperties = z.strictObject({ AliasName: z.string().startsWith('alias/'), TargetKeyId: z.string() });

/**
 * Makes KMS with symmetric and HMAC keys. Their material is stored in the database, so that signatures and ciphertexts
 * stay valid.
 */
export function createKmsService(
  context: Pick<LocalContext, 'accountId' | 'region' | 'database' | 'door'>,
): KmsService {
  const { accountId, region, database, door } = context;
  const keys = createKeyStore(database);
  return {
    resolveKeyArn: (keyId) => keys.find(keyId).arn,
    service: {
      signingName: 'kms',
      protocol: createJsonProtocol({ targetPrefix: 'TrentService', version: '1.1' }),
      operations: createKmsOperations(keys, accountId),
    },
    provisioners: {
      'AWS::KMS::Key'(resource) {
        const properties = parseProperties(resource, KeyProperties);
        const usage = properties.KeySpec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT';
        if (properties.KeyUsage !== usage) {
          throw new Error(`KeyUsage ${properties.KeyUsage} does not fit KeySpec ${properties.KeySpec}`);
        }
        const id = stableUuid(`${accountId}/${region}/${resource.generatedName}`);
        const arn = `arn:aws:kms:${region}:${accountId}:key/${id}`;
        keys.add({ id, arn, spec: properties.KeySpec, description: properties.Description });
        door.setResourcePolicy(arn, properties.KeyPolicy);
        return { ref: id, attributes: { Arn: arn, KeyId: id } };
      },
      'AWS::KMS::Alias'(resource) {
        const { AliasName, TargetKeyId } = parseProperties(resource, AliasProperties);
        keys.addAlias(AliasName, keys.find(TargetKeyId));
        return { ref: AliasName, attributes: {} };
      },
    },
  };
}

/** Returns the same id at every start, so that ARNs which the application has stored stay right. */
function stableUuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
