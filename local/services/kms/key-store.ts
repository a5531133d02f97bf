import { randomBytes } from 'node:crypto';
import { AwsError } from '../../door/wire.ts';
import type { Database } from '../../persistence/database.ts';
import type { KmsKey } from './kms-key.ts';

/** The keys of the template. Their material is stored, so that signatures and ciphertexts stay valid. */
export interface KeyStore {
  add(key: Omit<KmsKey, 'material'>): void;
  addAlias(name: string, key: KmsKey): void;
  /** Returns the key for a key id, an ARN or `alias/<name>`; throws NotFoundException. */
  find(keyId: string): KmsKey;
}

export function createKeyStore(database: Database): KeyStore {
  const keys = new Map<string, KmsKey>();
  const aliases = new Map<string, string>();
  const materials = database.collection<string>('kms-keys');
  return {
    add(key) {
      const material = materials.get(key.id) ?? randomBytes(32).toString('base64');
      materials.put(key.id, material);
      keys.set(key.id, { ...key, material: Buffer.from(material, 'base64') });
    },
    addAlias: (name, { id }) => void aliases.set(name, id),
    find(keyId) {
      const name = keyId.replace(/^arn:aws:kms:[^:]*:\d*:(?:key\/)?/, '');
      const key = keys.get(name.startsWith('alias/') ? (aliases.get(name) ?? name) : name);
      if (!key || (keyId.startsWith('arn:') && !name.startsWith('alias/') && key.arn !== keyId)) {
        throw new AwsError('NotFoundException', `Key '${keyId}' does not exist`);
      }
      return key;
    },
  };
}
