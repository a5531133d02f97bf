import { createHash } from 'node:crypto';
import type { ModuleIdentities } from '../../contract/module-identities.ts';

/**
 * Returns the SHA-256 (hex) of the files that are applied with a plan, together with the identity of every module that
 * they call: two plans mean the same only if both are equal. Returns `content` alone where no identities are known, and
 * for a configuration without modules.
 */
export function contentWithModules(
  content: string | undefined,
  identities: ModuleIdentities | undefined,
): string | undefined {
  if (!identities || !('modules' in identities) || identities.modules.length === 0) return content;
  const lines = identities.modules.map(({ call, identity }) => `${identity} ${JSON.stringify(call)}`).sort();
  return createHash('sha256')
    .update([content ?? '', ...lines].join('\n'))
    .digest('hex');
}
