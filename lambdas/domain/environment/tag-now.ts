import type { Environment } from '../model/environment.ts';
import { environmentTag, type SettingsTag } from '../model/request/settings-tag.ts';
import type { Reader } from '../ports.ts';

/** Returns the tag of an environment's settings as they are now. */
export async function tagNow(reader: Reader, environment: Environment): Promise<SettingsTag> {
  const where = { application: environment.application, environment: environment.name };
  return environmentTag(environment, (await reader.get('environmentState', where))?.hold);
}
