import type { BackendConfigFile } from './config-file.ts';
import type { BackendSetting, DeclaredBackend } from './declared-backend.ts';

/** The engine treats a setting without a value like one that is not there. */
const isGiven = ({ literal, expression }: BackendSetting): boolean => literal !== '' && expression.trim() !== 'null';

/**
 * Returns the settings that the directory gives its backend: those of its `s3` block, and over them those of the file
 * that completes it, in the order in which the engine applies them. Blocks of other types are replaced.
 */
export function effectiveSettings(
  declared: DeclaredBackend | undefined,
  file: BackendConfigFile | undefined,
): ReadonlyMap<string, BackendSetting> {
  const own = declared?.type === 's3' ? declared.attributes : [];
  const all = new Map([...own, ...(file?.settings ?? [])].map((setting) => [setting.name, setting]));
  return new Map([...all].filter(([, setting]) => isGiven(setting)));
}
